"""Features of many tracks: in parallel, resumable, and a bad track costs that track alone."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd
from tqdm import tqdm

from lib.audio import workers
from lib.audio.decoding import AudioError, check_file
from lib.audio.descriptors import wide_columns, wide_features
from lib.audio.mfcc import IMAGE_FRAMES, N_MFCC, mfcc_columns, mfcc_features
from lib.audio.store import FileKey, Row, Store, content_digest, file_key
from lib.errors import UserError

VERSION = 2
"""Of the definitions of the features; with another one all are computed anew."""
_CHUNK_TRACKS = 64  # at most; the results of a chunk become one shard
_CHUNK_BYTES = 2**28


@dataclass(frozen=True)
class Features:
    """What was extracted, in the order of the tracks that were asked for.

    Attributes
    ----------
    vectors : DataFrame
        Indexed by ``track_id``, one column per feature.
    images : ndarray of float32, shape (N, 20, 128), or None
        The MFCC images, row for row with ``vectors``; None for the wide set and for a table.
    skipped : DataFrame
        ``track_id``, ``path`` and a plain ``reason`` for each track that has no features.
    """

    vectors: pd.DataFrame
    images: np.ndarray | None
    skipped: pd.DataFrame


class _File(NamedTuple):
    """A track to do, and its place among all tracks."""

    place: int
    path: str
    size: int


def extract(
    tracks: pd.DataFrame,
    *,
    wide: bool = False,
    cache: str | Path | None = None,
    jobs: int | None = None,
) -> Features:
    """Extract the features of many tracks.

    With the environment variable ``DASK_SCHEDULER`` set to the address of a Dask scheduler the
    work is done by its workers, which must see the same files and have this project installed.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track_id`` and ``path``.
    wide : bool
        Means and deviations of 20 MFCCs; if true, also the columns of the GTZAN table, spectral
        contrast, flatness and the share of the harmonic signal: some thirty times the work, that
        of decoding not counted. Of a track longer than ten minutes the wide set describes the ten
        in its middle.
    cache : str or Path, optional
        Folder of the feature store: what is there is not computed again, and a run that was cut
        short goes on. Without one, all is held in memory and nothing is kept.
    jobs : int, optional
        How many processes; as many as there are cores where not said. With 1, none is started.

    Returns
    -------
    Features
        In the order of ``tracks``, and byte for byte the same for any number of processes.

    Raises
    ------
    UserError
        There are no tracks, or the store cannot be written to, or the cluster not be reached.
    """
    paths = [os.fspath(path) for path in tracks["path"]]
    if not paths:
        raise UserError("there are no tracks to extract features from")
    columns = wide_columns() if wide else mfcc_columns()
    store = None
    if cache is not None:
        name = f"{'wide' if wide else 'mfcc'}{N_MFCC}-v{VERSION}"
        store = Store(cache, name, len(columns), not wide)

    rows = _compute(paths, wide, store, jobs or joblib.cpu_count())
    reasons, vectors, images = store.fill(rows) if store else _gather(rows, len(columns), wide)
    good = np.array([not reason for reason in reasons])
    skipped = pd.DataFrame(
        {
            "track_id": tracks["track_id"].to_numpy()[~good],
            # A name in no known encoding must not keep the table from being written.
            "path": [os.fsencode(path).decode(errors="backslashreplace")
                     for path, reason in zip(paths, reasons, strict=True) if reason],
            "reason": [reason for reason in reasons if reason],
        }
    )  # fmt: skip
    index = pd.Index(tracks["track_id"].to_numpy()[good], name="track_id")
    return Features(pd.DataFrame(vectors, index, columns, copy=False), images, skipped)


def _gather(
    rows: list[Row], n_columns: int, wide: bool
) -> tuple[list[str], np.ndarray, np.ndarray | None]:
    """As `Store.fill`, of rows that hold their features."""
    good = [row for row in rows if not row.reason]
    vectors = np.array([row.vector for row in good]).reshape(-1, n_columns)  # also of no rows
    images = np.array([row.image for row in good if not wide], np.float32)
    images = None if wide else images.reshape(-1, N_MFCC, IMAGE_FRAMES)
    return [row.reason for row in rows], np.asfortranarray(vectors), images


def _compute(paths: list[str], wide: bool, store: Store | None, jobs: int) -> list[Row]:
    """One row per path: with its features, or, with a store, with where they are found."""
    rows, todo, known = _look_up(paths, store)

    def arguments(files: list[_File]) -> tuple[list[_File], set[str]]:
        return files, set().union(*(known.get(file.size, ()) for file in files))

    done = workers.run(
        partial(_describe_chunk, wide=wide, store=store),
        _chunks(todo, jobs),
        arguments,
        jobs=jobs,
        crashed=Row(reason="the process that decoded it crashed"),
    )
    with tqdm(total=len(paths), initial=len(paths) - len(todo), desc="features", unit="track",
              delay=2, leave=False) as progress:  # fmt: skip
        for files, results in done:
            for file, row in zip(files, results, strict=True):
                rows[file.place] = row
            progress.update(len(files))
    return rows


def _look_up(
    paths: list[str], store: Store | None
) -> tuple[list[Row], list[_File], dict[int, set[str]]]:
    """What is stored already, what is to do, and the stored contents by file size."""
    index = store.index() if store else {}
    seen = store.known_files() if store else {}
    known: dict[int, set[str]] = {}
    for key, digest in seen.items():
        if digest in index:
            known.setdefault(key.size, set()).add(digest)
    rows, todo = [Row()] * len(paths), []
    for place, path in enumerate(paths):
        try:
            key = file_key(path)
        except (OSError, ValueError):  # whoever decodes it says what is wrong with it
            todo.append(_File(place, path, 0))
            continue
        if seen.get(key) in index:
            rows[place] = Row(digest=seen[key])
        else:
            todo.append(_File(place, path, key.size))
    return rows, todo, known


def _chunks(files: list[_File], jobs: int) -> list[list[_File]]:
    """Cut the work so that workers end together, and little is lost when one is killed."""
    n_most = min(max(math.ceil(len(files) / (4 * jobs)), 8), _CHUNK_TRACKS)
    chunks: list[list[_File]] = []
    n_bytes = 0
    for file in files:
        n_bytes += file.size
        if not chunks or len(chunks[-1]) == n_most or n_bytes > _CHUNK_BYTES:
            chunks.append([])
            n_bytes = file.size
        chunks[-1].append(file)
    return chunks


def _describe_chunk(
    files: list[_File], known: set[str], *, wide: bool, store: Store | None
) -> list[Row]:
    """A worker's work: describe the files; with a store, write a shard and say what is in it.

    What is ``known`` by its content (a copy, a file that was moved) is not computed again.
    """
    if store is None:
        return [_describe(file.path, wide) for file in files]
    rows, seen = [], {}
    for file in files:
        row, key = _describe_content(file.path, wide, known)
        rows.append(row)
        if key is not None:
            seen[key] = row.digest
    # In this order: whoever is killed in between has not finished, and loses nothing finished.
    store.remember_files(seen)
    store.write([row for row in rows if row.digest and row.digest not in known])
    return [Row(row.reason, row.digest) for row in rows]


def _describe(path: str, wide: bool) -> Row:
    try:
        vector, image = (wide_features(path), None) if wide else mfcc_features(path)
    except AudioError as error:
        return Row(reason=str(error))
    return Row(vector=vector, image=image)


def _describe_content(path: str, wide: bool, known: set[str]) -> tuple[Row, FileKey | None]:
    """Describe a file, and say for which content the result holds, if that is certain."""
    try:
        check_file(path)
        key, digest = file_key(path), content_digest(path)
        row = Row() if digest in known else _describe(path, wide)
        if file_key(path) != key:
            return Row(reason="it changed while it was read"), None
    except AudioError as error:
        return Row(reason=str(error)), None
    except OSError as error:
        return Row(reason=f"cannot be read: {error.strerror}"), None
    return row._replace(digest=digest), key
