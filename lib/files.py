"""Files that are written whole or not at all, and folders as people keep them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd

from lib.errors import UserError

UNFINISHED = ".unfinished-"
"""How the name of a file begins that is still being written, or whose writer was killed."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield another name to write to, and give the file its own name when all is written.

    It has the same folder, which is made if need be, and the same suffix. A disk that is full, or
    a folder that cannot be written to, is a UserError.
    """
    half = path.with_name(f"{UNFINISHED}{uuid.uuid4().hex}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield half
        with half.open("r+b") as file:
            os.fsync(file.fileno())  # else a power cut may leave an empty file of this name
        half.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(
            f"{path} cannot be written ({reason}): make room or get permission"
        ) from error
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table without its index, numbers with six digits."""
    with whole_file(path) as half:
        table.to_csv(half, index=False, float_format="%.6g", lineterminator="\n")


def walk(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder that are not hidden, in no order.

    Links are followed, never in circles; a file that two links lead to comes under two names.
    """
    for place, folders, names in os.walk(folder, followlinks=True):
        here = Path(place)
        folders[:] = [n for n in folders if not n.startswith(".") and not _returns(here / n)]
        yield from (here / name for name in names if not name.startswith("."))


def _returns(path: Path) -> bool:
    """Whether a folder is a link to one that the way to it came through, or above that."""
    if not path.is_symlink():
        return False
    target = path.resolve()
    return any(step.resolve().is_relative_to(target) for step in path.parents)
