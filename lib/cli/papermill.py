"""Papermill in a terminal: an output path where none is given, one line where it stops.

Papermill insists on an output path when it writes to a terminal, and ends a failed notebook with
a screen of its own traceback. It loads the ``papermill.io`` entry points of installed packages
before it reads its arguments; this module is one, and its import is all it does.
"""

from __future__ import annotations

import atexit
import base64
import os
import sys
from pathlib import Path

import yaml

from lib.errors import UserError
from lib.settings import Settings


class _NoSuchScheme:
    """Papermill asks for a reader and writer of files; we have none to offer."""


PLUGIN = _NoSuchScheme()

# How parameters can be passed, in the order in which papermill lets a later way win.
_WAYS = ("parameters_base64", "parameters_file", "parameters_yaml", "parameters", "parameters_raw")
_FLAGS = {flag: way for way, short in zip(_WAYS, "bfypr", strict=True)
          for flag in (f"-{short}", f"--{way}")}  # fmt: skip


def default_output(arguments: list[str]) -> Path | None:
    """Return ``results/<corpus>/notebooks/<name>.ipynb`` where the command line names no output.

    None where it names one, or only asks for help; `UserError` for parameters without values.
    """
    asks = {"--help-notebook", "--help", "-h", "--version", "-"}
    notebooks = [word for word in arguments if word.endswith(".ipynb")]
    if len(notebooks) != 1 or asks & set(arguments):
        return None
    words = [part for word in arguments
             for part in (word.split("=", 1) if word.startswith("--") else [word])]  # fmt: skip
    found = [
        (_WAYS.index(_FLAGS[flag]), _passed(_FLAGS[flag], name, value))
        for flag, name, value in zip(words, words[1:], [*words[2:], ""], strict=False)
        if flag in _FLAGS
    ]
    given = {"corpus": "demo", "results_dir": ""}
    for _, passed in sorted(found, key=lambda pair: pair[0]):
        given |= {key: str(passed[key]) for key in given if key in passed}
    return Settings.results_folder(**given).resolve() / "notebooks" / Path(notebooks[0]).name


def _passed(way: str, name: str, value: str) -> dict:
    """Return the parameters that one flag of the command line passes."""
    if way in ("parameters", "parameters_raw"):
        return {name: value}
    if way == "parameters_file":
        text = Path(name).read_text(encoding="utf-8")
    else:
        text = base64.b64decode(name) if way == "parameters_base64" else name
    passed = yaml.safe_load(text) or {}
    if not isinstance(passed, dict):
        raise UserError(f"{name!r} holds no parameters: they are written as `name: value`")
    return passed


def _install(arguments: list[str]) -> None:
    try:
        output = default_output(arguments[1:])
        if output is None:
            return
        notebook = next(i for i, word in enumerate(arguments) if word.endswith(".ipynb"))
        if "://" not in arguments[notebook] and not os.path.isfile(arguments[notebook]):
            raise UserError(f"there is no notebook {arguments[notebook]}")
        # A run that is cut short must not pass for a finished one, so the name comes last.
        running = output.with_suffix(".running.ipynb")
        output.parent.mkdir(parents=True, exist_ok=True)
        for leftover in (running, output.with_suffix(".failed.ipynb")):
            leftover.unlink(missing_ok=True)
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")
    except (ValueError, RuntimeError, yaml.YAMLError) as error:
        sys.exit(" ".join(str(error).split()))
    arguments.insert(notebook + 1, str(running))
    failed = []

    def report(kind: type[BaseException], error: BaseException, trace: object) -> None:
        failed.append(kind)
        name = getattr(error, "ename", kind.__name__)
        if name == "UserError":
            print(f"\n{error.evalue}", file=sys.stderr)
        else:
            sys.__excepthook__(kind, error, trace)

    def finish() -> None:
        if not running.exists():
            return
        if failed:
            stopped = running.replace(output.with_suffix(".failed.ipynb"))
            print(f"the notebook as far as it came: {stopped}", file=sys.stderr)
        else:
            print(f"the executed notebook: {running.replace(output)}", file=sys.stderr)

    sys.excepthook = report
    atexit.register(finish)


if os.path.basename(sys.argv[0]) == "papermill":
    _install(sys.argv)
