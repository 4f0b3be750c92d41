"""What was found of a track: one JSON file each, which is there once the track is finished.

A run that is killed loses the track it was at and no other, so the next one goes on from there.
Earlier versions wrote one file of lines, ``genius.jsonl`` or ``whisper.jsonl``; what it holds is
read where a track has no file of its own.
"""

from __future__ import annotations

import json
import warnings
from contextlib import AbstractContextManager, suppress
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout

from lib.errors import UserError
from lib.files import whole_file


def read(folder: Path, track_id: str) -> dict | None:
    """Return the record of a finished track, or None."""
    path = folder / f"{track_id}.json"
    try:
        record = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        earlier = {"transcript": "whisper"}.get(folder.name, folder.name)
        return _lines(folder.with_name(f"{earlier}.jsonl")).get(track_id)
    except (OSError, ValueError):
        record = None
    if not isinstance(record, dict):
        warnings.warn(f"{path} is damaged and is left out", stacklevel=2)
        return None
    return record


@cache
def _lines(path: Path) -> dict[str, dict]:
    found = {}
    for line in path.read_bytes().split(b"\n") if path.is_file() else ():
        with suppress(ValueError, TypeError, KeyError):  # the line that a killed run was writing
            entry = json.loads(line)
            found[entry["track_id"]] = entry
    return found


def alone(folder: Path) -> AbstractContextManager:
    """Lock a folder for one run, until the ``with`` block ends; others are refused."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(folder.with_name(f".{folder.name}.lock"), timeout=0).acquire()
    except Timeout:
        raise UserError(f"another run is writing to {folder}: wait for it to end") from None
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}") from error


def write(folder: Path, track_id: str, record: dict) -> None:
    """Store the record of a track that is finished now."""
    with whole_file(folder / f"{track_id}.json") as half:
        half.write_text(json.dumps(record, ensure_ascii=False), "utf-8")
