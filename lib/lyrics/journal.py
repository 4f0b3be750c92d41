"""A journal of finished tracks: one line of JSON each, appended as soon as the track is done.

A run that is killed loses the line that it was writing and no other, so the next one goes on where
it stopped. A later line for the same track replaces the earlier one.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from lib.errors import UserError


def read(path: Path) -> dict[str, dict]:
    """Read what is finished.

    Parameters
    ----------
    path : Path
        The journal; it need not be there.

    Returns
    -------
    dict of str to dict
        The last line of each ``track_id``. A broken line is left out, and named in a warning
        unless it is the last: that one a killed run left behind.

    Raises
    ------
    UserError
        When the file cannot be read.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    finished = {}
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line) if line.strip() else None
        except ValueError:
            entry = line
        if isinstance(entry, dict) and isinstance(entry.get("track_id"), str):
            finished[entry["track_id"]] = entry
        elif entry is not None and number < len(lines):
            warnings.warn(f"{path}, line {number} is damaged and is left out", stacklevel=2)
    return finished


@contextmanager
def writing(path: Path) -> Iterator[Callable[[dict], None]]:
    """Open the journal for one run; others must wait.

    Parameters
    ----------
    path : Path
        The journal; it and its folder are made if need be.

    Yields
    ------
    callable
        Takes an entry with a ``track_id`` and puts it on the disk before it returns.

    Raises
    ------
    UserError
        When another run has it open, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            filelock.FileLock(path.with_name(f".{path.name}.lock"), timeout=0),
            path.open("a+b") as file,
        ):
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # the line of a killed run
                    file.write(b"\n")

            def append(entry: dict) -> None:
                file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())

            yield append
    except filelock.Timeout:
        raise UserError(f"another run is writing {path}: wait for it to end") from None
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from None
