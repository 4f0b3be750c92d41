"""Papermill in a terminal: an output path where none is given, one line where it stops.

Papermill insists on an output path when it writes to a terminal, and ends a failed notebook with
a screen of its own traceback. It loads the ``papermill.io`` entry points of installed packages
before it reads its arguments; this module is one, and its import is all it does.
"""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path

import yaml

from lib.settings import Settings


class _NoSuchScheme:
    """Papermill asks for a reader and writer of files; we have none to offer."""


PLUGIN = _NoSuchScheme()


def default_output(arguments: list[str]) -> Path | None:
    """Return where the executed notebook goes when the command line does not say.

    Parameters
    ----------
    arguments : list of str
        What follows ``papermill`` on the command line.

    Returns
    -------
    Path or None
        ``results/<corpus>/notebooks/<name>.ipynb``; None when the line names an output, or only
        asks for help.
    """
    asks = {"--help-notebook", "--help", "-h", "--version", "-"}
    notebooks = [word for word in arguments if word.endswith(".ipynb")]
    if len(notebooks) != 1 or asks & set(arguments):
        return None
    given = {"corpus": "demo", "results_dir": ""}
    for flag, name, value in zip(arguments, arguments[1:], [*arguments[2:], ""], strict=False):
        if flag in ("-p", "--parameters", "-r", "--parameters_raw"):
            passed = {name: value}
        elif flag in ("-y", "--parameters_yaml"):
            passed = yaml.safe_load(name)
        elif flag in ("-f", "--parameters_file"):
            passed = yaml.safe_load(Path(name).read_text(encoding="utf-8"))
        else:
            passed = {}
        given |= {key: str(passed[key]) for key in given if key in (passed or {})}
    return Settings.results_folder(**given).resolve() / "notebooks" / Path(notebooks[0]).name


def _install(arguments: list[str]) -> None:
    output = default_output(arguments[1:])
    if output is None:
        return
    # A run that is cut short must not pass for a finished one, so the name comes last.
    running = output.with_suffix(".running.ipynb")
    output.parent.mkdir(parents=True, exist_ok=True)
    for leftover in (running, output.with_suffix(".failed.ipynb")):
        leftover.unlink(missing_ok=True)
    notebook = next(i for i, word in enumerate(arguments) if word.endswith(".ipynb"))
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
