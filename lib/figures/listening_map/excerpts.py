"""Short excerpts of tracks as small MP3s: enough to hear what a point on a map stands for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from lib.audio import SAMPLE_RATE, AudioError, fade, mp3, stream

SECONDS = 5.0
_LATEST_START = 30.0  # seconds: what comes before has to be decoded, too


def cut(path: str | os.PathLike, duration: float = np.nan) -> np.ndarray:
    """Cut an excerpt out of the middle of a track, or from half a minute on if that is earlier.

    ``duration`` is what the file's header says, in seconds; NaN cuts the beginning.
    """
    length = int(SECONDS * SAMPLE_RATE)
    start = 0.0 if np.isnan(duration) else np.clip((duration - SECONDS) / 2, 0, _LATEST_START)
    end = int(start * SAMPLE_RATE) + length
    chunks, n_samples = [], 0
    for chunk in stream(path):
        chunks.append(chunk)
        n_samples += len(chunk)
        if n_samples >= end:
            break
    # From the end: where a header promised too much, the excerpt is the last that there is.
    return fade(np.concatenate(chunks)[:end][-length:])


def encode(tracks: pd.DataFrame, rows: Sequence[int]) -> dict[int, bytes]:
    """Return the excerpts of some rows as MP3; a track that cannot be decoded has none."""

    def excerpt(row: int) -> bytes | None:
        track = tracks.iloc[row]
        try:
            samples = cut(track["path"], float(track.get("duration", np.nan)))
        except AudioError:
            return None
        return mp3(samples, small=True)

    # Threads, since libsndfile computes without holding Python's lock.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        made = dict(zip(rows, pool.map(excerpt, rows), strict=True))
    return {row: sound for row, sound in made.items() if sound is not None}


def choose(tracks: pd.DataFrame, n_max: int) -> list[int]:
    """Choose the rows of at most so many tracks with audio, in order.

    The choice goes by a digest of ``track_id``: it is spread over genres and artists, and a smaller
    choice is part of a larger one.
    """
    if "path" not in tracks:
        return []
    audible = np.flatnonzero(tracks["path"].astype(bool))
    digests = [hashlib.sha1(str(i).encode()).hexdigest() for i in tracks["track_id"].iloc[audible]]
    return sorted(audible[np.argsort(digests, kind="stable")][:n_max].tolist())
