"""From a file of music to samples, in chunks; what cannot be used is refused in words."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from lib.errors import UserError

SAMPLE_RATE = 22050
SHORTEST = 2048
"""Samples that a track must have: one window of the transform."""
_DECODE = 2**18  # values decoded at a time: MP3 pays for each interruption
_RATES = (1000, 1_000_000)  # Hz; a file of one sample per second would become a flood
_LOUDEST = 2.0**31  # whole numbers of 32 bits written as they are; features overflow far above


class AudioError(UserError):
    """A file that cannot be used; the message is one plain reason, without the file's name."""


def read(path: str | os.PathLike, longest: float = np.inf) -> np.ndarray:
    """Decode a file as ``librosa.load`` does, and refuse what no feature can be taken from.

    Parameters
    ----------
    path : str or path-like
        Anything libsndfile reads: WAV, AU, FLAC, MP3, Ogg Vorbis, Opus, AIFF.
    longest : float
        Seconds; of a longer track, as much from its middle.

    Returns
    -------
    ndarray of float32, shape (samples,)
        Mono, at 22,050 Hz.

    Raises
    ------
    AudioError
        The file is missing, unreadable, not audio, damaged, shorter than one window, silent, or
        has samples that are not finite, or too large for any feature.
    """
    most, length, chunks = longest * SAMPLE_RATE, 0, []
    for chunk in stream(path):
        length += len(chunk)
        chunks.append(chunk)
        if length > most:
            chunks.clear()
    if length <= most:
        return np.concatenate(chunks)
    start, most = int(length - most) // 2, int(most)
    for chunk in stream(path):  # again, now that the middle is known
        chunks.append(chunk[max(start, 0) : max(start + most, 0)])
        start -= len(chunk)
    return np.concatenate(chunks)


def stream(path: str | os.PathLike) -> Iterator[np.ndarray]:
    """Decode a file in chunks, in bounded memory.

    Parameters
    ----------
    path : str or path-like
        As for `read`, whose result is these chunks joined.

    Yields
    ------
    ndarray of float32, shape (samples,)
        Mono, at 22,050 Hz.

    Raises
    ------
    AudioError
        As `read` does; what is wrong with the end of a file shows at the end.
    """
    check_file(path)
    # As bytes, since a name on Unix need not be text; Windows wants text.
    name = os.fspath(path) if os.name == "nt" else os.fsencode(path)
    try:
        file = soundfile.SoundFile(name)
    except soundfile.LibsndfileError:
        raise AudioError("not audio, or in a format that cannot be decoded") from None
    n_samples, peak = 0, 0.0
    with file:
        if not _RATES[0] <= file.samplerate <= _RATES[1]:
            raise AudioError(f"a sample rate of {file.samplerate} Hz is not that of music")
        try:
            for samples in _resampled(_mono(file), file.samplerate):
                _check_values(samples)
                n_samples += len(samples)
                peak = peak or float(np.abs(samples).max(initial=0))
                yield samples
        except soundfile.LibsndfileError:  # whose words are those of a decoder, or "unknown"
            where = f" beyond {n_samples / SAMPLE_RATE:.1f} s" if n_samples else ""
            raise AudioError(f"damaged, decoding stops{where}") from None
    if n_samples == 0:
        raise AudioError("it holds no audio")
    if n_samples < SHORTEST:
        raise AudioError(f"too short: {n_samples} of the {SHORTEST} samples of one window")
    if peak == 0:
        raise AudioError("it is silent: every sample is zero")


def _check_values(samples: np.ndarray) -> None:
    # One product tells whether there is anything to look for, since squares only add up.
    with np.errstate(over="ignore", invalid="ignore"):
        if samples @ samples < _LOUDEST**2:
            return
    if not np.isfinite(samples).all():
        raise AudioError("it has samples that are NaN or infinite")
    if np.abs(samples).max() > _LOUDEST:
        raise AudioError("its samples are too large to compute with")


def check_file(path: str | os.PathLike) -> None:
    """Say what is wrong with a file before a decoder says it in its own words."""
    path = Path(path)
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):  # to open a pipe would be to wait
            path.open("rb").close()
    except FileNotFoundError:
        what = "a symbolic link to nothing" if path.is_symlink() else "no such file"
        raise AudioError(what) from None
    except PermissionError:
        raise AudioError("not permitted to read it") from None
    except (OSError, ValueError) as error:
        raise AudioError(f"cannot be opened: {' '.join(str(error.args[-1]).split())}") from None
    if not stat.S_ISREG(status.st_mode):
        raise AudioError("not a regular file")
    if status.st_size == 0:
        raise AudioError("an empty file")


def _mono(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    # libsndfile turns whole numbers into fractions four times as slowly as numpy does.
    whole = file.subtype == "PCM_16"
    buffer = np.empty(
        (max(_DECODE // file.channels, 1), file.channels), np.int16 if whole else np.float32
    )
    # A product, since numpy is slow to average over an axis of two.
    share = np.full(file.channels, 1 / file.channels / (32768 if whole else 1), np.float32)
    while len(samples := file.read(out=buffer)):
        if file.channels == 1:
            yield samples[:, 0] * share
            continue
        with np.errstate(invalid="ignore"):  # infinities of either sign
            mono = samples.astype(np.float32) @ share
        yield mono


def _resampled(chunks: Iterable[np.ndarray], rate: int) -> Iterator[np.ndarray]:
    """Resample as ``librosa.resample`` does (soxr, high quality), to the same number of samples."""
    if rate == SAMPLE_RATE:
        yield from chunks
        return
    resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    taken = given = 0
    for chunk in chunks:
        taken += len(chunk)
        samples = resampler.resample_chunk(chunk)
        given += len(samples)
        yield samples
    rest = resampler.resample_chunk(np.empty(0, np.float32), last=True)
    missing = int(np.ceil(taken * (SAMPLE_RATE / rate))) - given
    yield np.pad(rest[:missing], (0, max(0, missing - len(rest))))
