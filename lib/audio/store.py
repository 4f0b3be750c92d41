"""The feature store: what was extracted once is found again, whatever happened in between.

A store is a folder that all who compute can write to:

    files/<shard>.parquet      path, size, time of change -> digest of the content
    <name>/<shard>.parquet     digest of the content -> vector, or the reason why there is none
    <name>/<shard>.npz         the images of the same rows

``name`` holds the parameters of the features, and a shard's name is a digest of what it is about,
so a shard never changes. It is written under another name and then renamed: it is there as a whole
or not at all, and two runs that do the same work replace a file by an equal one. A run that goes on
after another was killed may cut the rest into other shards; what is gathered from them is the same,
byte for byte. There is no lock and no list of shards that could be left behind in a wrong state.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow

from lib.audio.mfcc import IMAGE_FRAMES
from lib.errors import UserError
from lib.files import UNFINISHED, whole_file

_ABANDONED = 24 * 3600  # seconds after which an unfinished file is taken for a killed run's


class Row(NamedTuple):
    """What is known of one content.

    Attributes
    ----------
    reason : str
        Why there are no features; empty where there are.
    digest : str
        Of the content; empty where that could not be read.
    vector, image : ndarray or None
        The features, where they are at hand.
    """

    reason: str = ""
    digest: str = ""
    vector: np.ndarray | None = None
    image: np.ndarray | None = None


class Place(NamedTuple):
    """Where a row lies: its shard, and its number there. The reason is that of the row."""

    shard: str
    number: int
    reason: str


class FileKey(NamedTuple):
    """By which a file is taken for the same without being read."""

    path: bytes
    size: int
    mtime_ns: int


def file_key(path: str | os.PathLike) -> FileKey:
    """Return a file's key; raises OSError where there is no file."""
    status = os.stat(path)
    return FileKey(os.fsencode(path), status.st_size, status.st_mtime_ns)


def content_digest(path: str | os.PathLike) -> str:
    """Return the digest of a file's content, 128 bits of SHA-256; raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


class Store:
    """Vectors and images of tracks, found by the content of their files.

    Parameters
    ----------
    folder : str or Path
        Where the store lies; made where it is not there.
    name : str
        The features and their parameters.
    columns : sequence of str
        Names of a vector's numbers.

    Raises
    ------
    UserError
        The folder cannot be written to.
    """

    def __init__(self, folder: str | Path, name: str, columns: Sequence[str]) -> None:
        """Make the folders, and see that they can be written to."""
        self.folder = Path(folder).absolute()
        self.columns = list(columns)
        self._rows, self._files = self.folder / name, self.folder / "files"
        with self._writing():
            for sub in (self._rows, self._files):
                sub.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=sub) as probe:
                    probe.write(b"writable")
        for leftover in self.folder.glob(f"*/{UNFINISHED}*"):
            with contextlib.suppress(OSError):
                if time.time() - leftover.stat().st_mtime > _ABANDONED:
                    leftover.unlink()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(
                f"the feature store {self.folder} cannot be written ({error.strerror}): "
                "make room or get permission, or choose another folder"
            ) from None

    def known_files(self) -> dict[FileKey, str]:
        """Return the digests of the files seen before."""
        known = {}
        for _, table in _tables(self._files, [*FileKey._fields, "digest"]):
            keys = zip(*(table[field] for field in FileKey._fields), strict=True)
            known.update(zip(map(FileKey._make, keys), table["digest"], strict=True))
        return known

    def remember_files(self, files: dict[FileKey, str]) -> None:
        """Write down the digests of files; raises UserError where that is impossible."""
        if files:
            table = pd.DataFrame(list(files), columns=FileKey._fields)
            table["digest"] = list(files.values())
            self._write_table(self._files, _name(map(repr, files.items())), table)

    def index(self) -> dict[str, Place]:
        """Return where the row of each content is."""
        found = {}
        for path, table in _tables(self._rows, ["digest", "reason"]):
            if _is_whole(path.with_suffix(".npz")):
                rows = zip(table["digest"], table["reason"], strict=True)
                for number, (digest, reason) in enumerate(rows):
                    found[digest] = Place(path.stem, number, reason)
            else:
                _discard(path)
        return found

    def write(self, rows: Sequence[Row], n_mfcc: int) -> None:
        """Write a shard.

        Parameters
        ----------
        rows : sequence of Row
            With a digest each, and features or a reason.
        n_mfcc : int
            Height of the images.

        Raises
        ------
        UserError
            The disk is full or read-only.
        """
        if not rows:
            return
        no_vector = np.full(len(self.columns), np.nan)
        vectors = np.array([no_vector if row.reason else row.vector for row in rows])
        no_image = np.zeros((n_mfcc, IMAGE_FRAMES), np.float32)
        images = np.array([no_image if row.reason else row.image for row in rows])
        table = pd.DataFrame(vectors, columns=self.columns)
        table.insert(0, "digest", [row.digest for row in rows])
        table.insert(1, "reason", [row.reason for row in rows])
        shard = _name(row.digest for row in rows)
        # The table comes last: it is what makes the shard count.
        with whole_file(self._rows / f"{shard}.npz") as half:
            np.savez(half, images=images)
        self._write_table(self._rows, shard, table)

    def collect(self, rows: Sequence[Row]) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Gather features from the shards.

        Parameters
        ----------
        rows : sequence of Row, length n
            With the digest of a content that is stored, or a reason.

        Returns
        -------
        reasons : list of str, length n
            Why a row has no features; empty for the m that have.
        vectors : ndarray of float64, shape (m, columns)
            Of those, in the same order.
        images : ndarray of float32, shape (m, n_mfcc, 128)
            Mapped from a file without a name, so that they need not fit in memory.

        Raises
        ------
        UserError
            Something is not there, or is damaged, or there is no room for the images.
        """
        reasons, targets = self._locate(rows)
        n_good = reasons.count("")
        # As pandas lays tables out, which then need not copy it.
        vectors = np.empty((n_good, len(self.columns)), order="F")
        images = np.empty((0, 0, IMAGE_FRAMES), np.float32)
        with self._writing(), tempfile.TemporaryFile(dir=self._rows) as file:
            for shard, places in targets.items():
                table, images = self._read(shard)
                values = table[self.columns].to_numpy()
                for target, number in places:
                    vectors[target] = values[number]
                    # Written, not mapped: a full disk is an error here, but a crash there.
                    file.seek(target * images[number].nbytes)
                    file.write(images[number].tobytes())
            file.flush()
            if n_good:
                shape = (n_good, *images.shape[1:])
                images = np.asarray(np.memmap(file, np.float32, mode="c", shape=shape))
        return reasons, vectors, images

    def _locate(self, rows: Sequence[Row]) -> tuple[list[str], dict[str, list[tuple[int, int]]]]:
        """Return the reason of each row, and for each shard which good row is which of its own."""
        index = self.index()
        missing = [row.digest for row in rows if row.digest and row.digest not in index]
        if missing:
            raise UserError(
                f"the feature store {self.folder} lacks what was just computed: it must lie on a "
                "disk that all workers share, and nobody may delete from it meanwhile"
            )
        reasons = [index[row.digest].reason if row.digest else row.reason for row in rows]
        targets: dict[str, list[tuple[int, int]]] = {}
        good = (row.digest for row, reason in zip(rows, reasons, strict=True) if not reason)
        for target, digest in enumerate(good):
            place = index[digest]
            targets.setdefault(place.shard, []).append((target, place.number))
        return reasons, targets

    def _read(self, shard: str) -> tuple[pd.DataFrame, np.ndarray]:
        path = self._rows / f"{shard}.parquet"
        try:
            with np.load(path.with_suffix(".npz"), allow_pickle=False) as arrays:
                images = arrays["images"]
            table = pd.read_parquet(path)
            if len(table) != len(images):
                raise ValueError("as many images as rows are expected")
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, pyarrow.ArrowException):
            _discard(path)
            raise UserError(
                f"{path} was damaged and has been removed: run again to compute it anew"
            ) from None
        return table, images

    def _write_table(self, folder: Path, name: str, table: pd.DataFrame) -> None:
        with whole_file(folder / f"{name}.parquet") as half:
            table.to_parquet(half, index=False)


def _name(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _tables(folder: Path, columns: list[str]) -> Iterator[tuple[Path, pd.DataFrame]]:
    """Read some columns of all shards; one that is damaged is removed, to be computed anew."""
    for path in sorted(folder.glob("[!.]*.parquet")):
        try:
            yield path, pd.read_parquet(path, columns=columns)
        except (OSError, ValueError, KeyError, pyarrow.ArrowException):
            _discard(path)


def _is_whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path):
            return True
    except (OSError, zipfile.BadZipFile):
        return False


def _discard(path: Path) -> None:
    warnings.warn(f"{path} is damaged, and is removed", stacklevel=2)
    with contextlib.suppress(OSError):
        path.unlink()
