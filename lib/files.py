"""Folders as people keep them: with links to where their music lies, and hidden files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def files(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder that are not hidden; links are followed, never in circles.

    Parameters
    ----------
    folder : Path
        Where to look, at whatever depth.

    Yields
    ------
    Path
        In no order. What two links lead to comes under two names.
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
