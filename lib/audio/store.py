"""The feature store: what was extracted once is found again, whatever happened in between.

A store is a folder that all who compute can write to:

    files/<shard>.npz     path, size, time of change -> digest of the content
    <name>/<shard>.npz    digest of the content -> vector and perhaps image, or why there are none

``name`` holds the parameters of the features, and a shard's name is a digest of what it is about,
so a shard never changes. It is written whole or not at all, and two runs that do the same work
replace a file by an equal one. A run that goes on after another was killed may cut the rest into
other shards; what is gathered from them is the same, byte for byte. There is no lock and no list of
shards that could be left behind in a wrong state.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib.audio.mfcc import IMAGE_FRAMES, N_MFCC
from lib.errors import UserError
from lib.files import UNFINISHED, whole_file

_ABANDONED = 24 * 3600  # seconds after which an unfinished file is taken for a killed run's
_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


class Row(NamedTuple):
    """What is known of one content: why there are no features, or the features if at hand."""

    reason: str = ""
    digest: str = ""  # empty where the content could not be read
    vector: np.ndarray | None = None
    image: np.ndarray | None = None


class Place(NamedTuple):
    """Where a row lies: its shard, and its number there. The reason is that of the row."""

    shard: Path
    number: int
    reason: str


class FileKey(NamedTuple):
    """By which a file is taken for the same without being read."""

    path: bytes
    size: int
    mtime_ns: int


def file_key(path: str | os.PathLike) -> FileKey:
    """The key of a file; raises OSError."""
    status = os.stat(path)
    return FileKey(os.fsencode(path), status.st_size, status.st_mtime_ns)


def content_digest(path: str | os.PathLike) -> str:
    """128 bits of the SHA-256 of a file; raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


class Store:
    """Vectors of tracks, and images if it holds any, found by the content of their files.

    ``name`` stands for the features and their parameters, and vectors have ``n_columns`` numbers.
    """

    def __init__(self, folder: str | Path, name: str, n_columns: int, images: bool = True) -> None:
        self.folder, self.n_columns, self.images = Path(folder).absolute(), n_columns, images
        self._rows, self._files = self.folder / name, self.folder / "files"
        try:
            for sub in (self._rows, self._files):
                sub.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=sub) as probe:
                    probe.write(b"writable")
        except OSError as error:
            raise UserError(
                f"the feature store {self.folder} cannot be written ({error.strerror}): "
                "make room or get permission, or choose another folder"
            ) from None
        for leftover in self.folder.glob(f"*/{UNFINISHED}*"):
            with contextlib.suppress(OSError):
                if time.time() - leftover.stat().st_mtime > _ABANDONED:
                    leftover.unlink()

    def known_files(self) -> dict[FileKey, str]:
        """Digests of the files seen before."""
        known = {}
        for _, columns in _shards(self._files, [*FileKey._fields, "digest"]):
            *keys, digests = (column.tolist() for column in columns)
            known.update(zip(map(FileKey, *keys), digests, strict=True))
        return known

    def remember_files(self, files: dict[FileKey, str]) -> None:
        """Write down the digests of files."""
        if files:
            keys = dict(zip(FileKey._fields, map(np.array, zip(*files, strict=True)), strict=True))
            digests = np.array(list(files.values()))
            _write(self._files, map(repr, files.items()), digest=digests, **keys)

    def index(self) -> dict[str, Place]:
        """Where the row of each content is."""
        found = {}
        for path, (digests, reasons) in _shards(self._rows, ["digest", "reason"]):
            for number, digest in enumerate(digests.tolist()):
                found[digest] = Place(path, number, str(reasons[number]))
        return found

    def write(self, rows: Sequence[Row]) -> None:
        """Write a shard of rows, each with its digest, and with features or a reason."""
        if rows:
            no_vector = np.full(self.n_columns, np.nan)
            no_image = np.zeros((N_MFCC, IMAGE_FRAMES), np.float32)
            images = [no_image if row.reason else row.image for row in rows if self.images]
            _write(
                self._rows,
                (row.digest for row in rows),
                digest=np.array([row.digest for row in rows]),
                reason=np.array([row.reason for row in rows]),
                vectors=np.array([no_vector if row.reason else row.vector for row in rows]),
                **({"images": np.array(images)} if self.images else {}),
            )

    def fill(self, rows: Sequence[Row]) -> tuple[list[str], np.ndarray, np.ndarray | None]:
        """The reason of each row; vectors and images of those without, read shard by shard."""
        index, reasons, n_good = self.index(), [], 0
        shards: dict[Path, list[tuple[int, int]]] = {}
        for row in rows:
            if row.digest and row.digest not in index:
                raise UserError(
                    f"the feature store {self.folder} lacks what was just computed: it must lie on "
                    "a disk that all workers share, and nobody may delete from it meanwhile"
                )
            place = index[row.digest] if row.digest else Place(self.folder, 0, row.reason)
            reasons.append(place.reason)
            if not place.reason:
                shards.setdefault(place.shard, []).append((n_good, place.number))
                n_good += 1
        vectors = np.empty((n_good, self.n_columns), order="F")
        images = np.empty((n_good, N_MFCC, IMAGE_FRAMES), np.float32) if self.images else None
        for path, places in shards.items():
            to, numbers = np.transpose(places)
            try:
                with np.load(path, allow_pickle=False) as arrays:
                    vectors[to] = arrays["vectors"][numbers]
                    if images is not None:
                        images[to] = arrays["images"][numbers]
            except _DAMAGED:
                _discard(path)
                raise UserError(
                    f"{path} was damaged and has been removed: run again to compute it anew"
                ) from None
        return reasons, vectors, images


def _write(folder: Path, parts: Iterable[str], **arrays: np.ndarray) -> None:
    """Write a shard, named by a digest of what it is about; raises UserError."""
    name = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    with whole_file(folder / f"{name}.npz") as half:
        np.savez(half, **arrays)


def _shards(folder: Path, names: list[str]) -> Iterator[tuple[Path, list[np.ndarray]]]:
    """Read some arrays of all shards; one that is damaged is removed, to be computed anew."""
    for path in sorted(folder.glob("[!.]*.npz")):
        try:
            with np.load(path, allow_pickle=False) as arrays:
                columns = [arrays[name] for name in names]
        except _DAMAGED:
            _discard(path)
        else:
            yield path, columns


def _discard(path: Path) -> None:
    warnings.warn(f"{path} is damaged, and is removed", stacklevel=2)
    with contextlib.suppress(OSError):
        path.unlink()
