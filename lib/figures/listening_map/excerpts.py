"""Short excerpts of tracks as small MP3s: enough to hear what a point on a map stands for."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import soundfile

from lib.audio.decoding import SAMPLE_RATE, AudioError, stream

SECONDS = 5.0
_LATEST_START = 30.0  # seconds: what comes before has to be decoded, too
_FADE = 0.02  # seconds: a sound cut short clicks
_COMPRESSION = 0.9  # 24 kbit/s, of libsndfile's scale from 0 (best) to 1 (smallest)


def cut(path: str | os.PathLike, duration: float = np.nan, seconds: float = SECONDS) -> np.ndarray:
    """Cut an excerpt out of the middle of a track, or from half a minute on if that is earlier.

    Parameters
    ----------
    path : str or path-like
        Anything that `lib.audio.decoding` reads.
    duration : float
        Of the track in seconds, as its header says; NaN cuts the beginning.
    seconds : float
        How long the excerpt is at most.

    Returns
    -------
    ndarray of float32, shape (samples,)
        Mono, at `decoding.SAMPLE_RATE`, faded in and out.

    Raises
    ------
    AudioError
        The track cannot be decoded as far as the end of the excerpt.
    """
    length = int(seconds * SAMPLE_RATE)
    start = 0.0 if np.isnan(duration) else np.clip((duration - seconds) / 2, 0, _LATEST_START)
    end = int(start * SAMPLE_RATE) + length
    chunks, n_samples = [], 0
    for chunk in stream(path):
        chunks.append(chunk)
        n_samples += len(chunk)
        if n_samples >= end:
            break
    # From the end: where a header promised too much, the excerpt is the last that there is.
    samples = np.concatenate(chunks)[:end][-length:].copy()
    fade = min(int(_FADE * SAMPLE_RATE), len(samples) // 2)
    ramp = np.linspace(0, 1, fade, dtype=np.float32)
    samples[:fade] *= ramp
    samples[len(samples) - fade :] *= ramp[::-1]
    return samples


def encode(samples: np.ndarray) -> bytes:
    """Encode mono samples at `decoding.SAMPLE_RATE` as MP3 with 24 kbit/s."""
    sound = io.BytesIO()
    options = {"compression_level": _COMPRESSION, "bitrate_mode": "CONSTANT"}
    soundfile.write(sound, samples, SAMPLE_RATE, format="MP3", **options)
    return sound.getvalue()


def of(tracks: pd.DataFrame, places: Sequence[int]) -> dict[int, bytes]:
    """Cut and encode the excerpts of some tracks; one that cannot be decoded has none.

    Parameters
    ----------
    tracks : DataFrame
        With ``path``, empty where there is no audio, and ``duration`` in seconds if known.
    places : sequence of int
        Which rows.

    Returns
    -------
    dict of int to bytes
        MP3s by the place of their track.
    """

    def excerpt(place: int) -> bytes | None:
        track = tracks.iloc[place]
        try:
            return encode(cut(track["path"], float(track.get("duration", np.nan))))
        except AudioError:
            return None

    # Threads, since libsndfile computes without holding Python's lock.
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        made = dict(zip(places, pool.map(excerpt, places), strict=True))
    return {place: sound for place, sound in made.items() if sound is not None}


def choose(tracks: pd.DataFrame, most: int) -> list[int]:
    """Choose the places of at most so many tracks with audio, in order.

    The choice goes by a digest of ``track_id``: it is spread over genres and artists, and a smaller
    choice is part of a larger one.
    """
    if "path" not in tracks:
        return []
    audible = np.flatnonzero(tracks["path"].astype(bool))
    digests = [hashlib.sha1(str(i).encode()).hexdigest() for i in tracks["track_id"].iloc[audible]]
    return sorted(audible[np.argsort(digests, kind="stable")][:most].tolist())
