"""What was found of a track: one JSON file each, which is there once the track is finished.

A run that is killed loses the track it was at and no other, so the next one goes on from there.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

from lib.files import whole_file


def read(folder: Path, track_id: str) -> dict | None:
    """Return the record of a finished track, or None."""
    path = folder / f"{track_id}.json"
    try:
        record = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        record = None
    if not isinstance(record, dict):
        warnings.warn(f"{path} is damaged and is left out", stacklevel=2)
        return None
    return record


def write(folder: Path, track_id: str, record: dict) -> None:
    """Store the record of a track that is finished now."""
    with whole_file(folder / f"{track_id}.json") as half:
        half.write_text(json.dumps(record, ensure_ascii=False), "utf-8")
