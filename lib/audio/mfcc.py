"""One track's audio: decoded once, one short-time Fourier transform, and MFCCs from it.

The conventions and the numbers are librosa's (McFee et al., SciPy 2015): 22,050 Hz mono, frames of
2048 samples every 512, centred, Hann window, 128 Slaney mel bands, ``top_db=80``, orthonormal
DCT-II. It is written in blocks that stay in the processor's cache, and a file is never in memory
as a whole.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache

import numpy as np
import scipy.fft

from lib.audio.decoding import SAMPLE_RATE, SHORTEST, stream
from lib.audio.decoding import AudioError as AudioError  # offered here too, as is the next
from lib.audio.decoding import read as read
from lib.runtime import keep_freed_memory

N_FFT = SHORTEST
HOP = 512
N_MELS = 128
IMAGE_FRAMES = 128

_BLOCK = 128  # STFT frames transformed at a time: a megabyte, about what an L2 cache holds
WINDOW = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)
_WINDOW = WINDOW.astype(np.float32)
_FLOOR = 1e-10  # power below which decibels are not distinguished
_TOP_DB = 80.0
_KEPT = 2**27  # bytes of blocks kept for the second look at a track; a longer one is decoded twice


def stretches(chunks: Iterable[np.ndarray], frames: int) -> Iterator[np.ndarray]:
    """Cut a stream of samples into stretches of so many STFT frames.

    Parameters
    ----------
    chunks : iterable of ndarray, shape (samples,)
        A signal in order, cut anyhow.
    frames : int
        Frames in a stretch; the last one has what is left.

    Yields
    ------
    ndarray, shape ((n - 1) * HOP + N_FFT,), the last up to HOP - 1 longer
        The samples under ``n`` frames. The signal is padded by half a window of zeros at either
        end, so that frame ``t`` is centred on sample ``t * HOP``; the last stretch ends with it.
    """
    size, step = (frames - 1) * HOP + N_FFT, frames * HOP
    padding = np.zeros(N_FFT // 2, np.float32)
    held, length = [padding], len(padding)
    for chunk in itertools.chain(chunks, [padding]):
        held.append(chunk)
        length += len(chunk)
        if length < size + HOP:
            continue
        buffer = np.concatenate(held)
        while length >= size + HOP:  # so that a whole frame is left for the last stretch
            yield buffer[-length:][:size]
            length -= step
        held = [buffer[-length:]]
    yield np.concatenate(held)


def spectra(stretch: np.ndarray, window: np.ndarray = _WINDOW) -> np.ndarray:
    """Transform the frames of a stretch.

    Parameters
    ----------
    stretch : ndarray of float32, shape (samples,)
        From `stretches`.
    window : ndarray, shape (N_FFT,)
        Its precision is that of the transform. Single is twice as fast, and does for whatever is
        not about the faintest bins of a frame: it adds noise 130 dB below the strongest ones.

    Returns
    -------
    ndarray of complex64, shape (frames, 1 + N_FFT / 2)
        Frame after frame, unlike librosa's, since that is how they are computed and used.
    """
    n_frames, step = 1 + (len(stretch) - N_FFT) // HOP, stretch.itemsize
    frames = np.ndarray((n_frames, N_FFT), stretch.dtype, stretch, 0, (HOP * step, step))
    spectrum = scipy.fft.rfft(frames * window, overwrite_x=True)
    return spectrum.astype(np.complex64, copy=False)


def power(spectrum: np.ndarray) -> np.ndarray:
    """Squared magnitudes, (frames, bins), of complex spectra of the same shape."""
    return np.square(spectrum.real) + np.square(spectrum.imag)


@cache
def mel_filters() -> np.ndarray:
    """Slaney's mel filter bank: 128 triangles of equal area, linear below 1 kHz.

    Returns
    -------
    ndarray of float32, shape (N_MELS, 1 + N_FFT / 2)
        As ``librosa.filters.mel(sr=22050, n_fft=2048)`` (Slaney, Auditory Toolbox, 1998).
    """
    per_mel, log_step = 200 / 3, np.log(6.4) / 27
    corner = 1000 / per_mel
    top = corner + np.log(SAMPLE_RATE / 2 / 1000) / log_step
    mels = np.linspace(0, top, N_MELS + 2)
    edges = np.where(mels < corner, mels * per_mel, 1000 * np.exp(log_step * (mels - corner)))
    bins = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE)
    width = np.diff(edges)[:, None]
    rising = (bins - edges[:-2, None]) / width[:-1]
    falling = (edges[2:, None] - bins) / width[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


@cache
def _mel_bands() -> list[tuple[slice, slice, np.ndarray]]:
    """The filter bank as small dense products: of 16 neighbours, only the bins they touch."""
    bands = []
    for first in range(0, N_MELS, 16):
        filters = mel_filters()[first : first + 16]
        touched = np.flatnonzero(filters.any(axis=0))
        bins = slice(touched[0], touched[-1] + 1)
        bands.append((slice(first, first + 16), bins, np.ascontiguousarray(filters[:, bins].T)))
    return bands


def mel_power(power: np.ndarray) -> np.ndarray:
    """Mel bands, (frames, N_MELS), of a power spectrum (frames, bins)."""
    mel = np.empty((len(power), N_MELS), np.float32)
    for filters, bins, weights in _mel_bands():
        np.matmul(power[:, bins], weights, out=mel[:, filters])
    return mel


def decibels(power: np.ndarray, peak: float) -> np.ndarray:
    """Power in decibels, no lower than 80 dB below the track's ``peak``."""
    floor = max(_FLOOR, peak * 10 ** (-_TOP_DB / 10))
    return 10 * np.log10(np.maximum(power, np.float32(floor)))


@cache
def _dct(n_mfcc: int) -> np.ndarray:
    basis = scipy.fft.dct(np.eye(N_MELS), axis=0, norm="ortho")[:n_mfcc]
    return np.ascontiguousarray(basis.T, np.float32)


def cepstra(mel: np.ndarray, n_mfcc: int) -> np.ndarray:
    """MFCCs, (frames, n_mfcc), of mel bands in decibels, (frames, N_MELS)."""
    return mel @ _dct(n_mfcc)


def mel_spectrogram(y: np.ndarray) -> np.ndarray:
    """Mel power spectrogram of a signal.

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono, at 22,050 Hz.

    Returns
    -------
    ndarray of float32, shape (128, frames)
        Power, as ``librosa.feature.melspectrogram(y=y)``; ``frames = 1 + samples // 512``.
    """
    return np.concatenate(list(_mel_blocks([np.asarray(y, np.float32)]))).T


def mfcc(y: np.ndarray, n_mfcc: int = 20) -> np.ndarray:
    """Mel-frequency cepstral coefficients of a signal (Davis & Mermelstein, 1980).

    Parameters
    ----------
    y : ndarray of float32, shape (samples,)
        Mono, at 22,050 Hz.
    n_mfcc : int
        How many, from 1 to 128.

    Returns
    -------
    ndarray of float32, shape (n_mfcc, frames)
        As ``librosa.feature.mfcc(y=y, n_mfcc=n_mfcc)``.
    """
    mel = mel_spectrogram(y).T
    return cepstra(decibels(mel, mel.max()), n_mfcc).T


def mfcc_image(mfcc: np.ndarray) -> np.ndarray:
    """Bring the MFCCs of a whole track to 128 columns.

    The rule: the track is cut into 128 cells of equal length, and a column is the mean over its
    cell, where a frame that lies across a border counts for either side by its share. So nothing
    is cropped, a long track is averaged without aliasing, and one shorter than 128 frames repeats
    its frames.

    Parameters
    ----------
    mfcc : ndarray, shape (n_mfcc, frames)
        From `mfcc`.

    Returns
    -------
    ndarray of float32, shape (n_mfcc, 128)
        The image.
    """
    n_frames = mfcc.shape[1]
    integral = np.pad(np.cumsum(mfcc, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    edges = np.linspace(0, n_frames, IMAGE_FRAMES + 1)
    whole = np.minimum(edges.astype(int), n_frames - 1)
    upto = integral[:, whole] + (edges - whole) * mfcc[:, whole]
    return (np.diff(upto, axis=1) * (IMAGE_FRAMES / n_frames)).astype(np.float32)


def _mel_blocks(chunks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    for stretch in stretches(chunks, _BLOCK):
        yield mel_power(power(spectra(stretch)))


def twice(
    blocks: Callable[[], Iterator[np.ndarray]],
) -> tuple[Iterator[np.ndarray], Callable[[], Iterable[np.ndarray]]]:
    """Offer a track's blocks two times: kept where they fit in 128 MB, else made anew.

    What is relative to a track's loudest moment can be known only after a first look at all of it.

    Parameters
    ----------
    blocks : callable
        Makes the iterator over blocks.

    Returns
    -------
    first : iterator of ndarray
        To be used up before ``second`` is called.
    second : callable
        Gives the same blocks again.
    """
    kept, size = [], 0

    def first() -> Iterator[np.ndarray]:
        nonlocal size
        for block in blocks():
            size += block.nbytes
            if size <= _KEPT:
                kept.append(block)
            else:
                kept.clear()
            yield block

    return first(), lambda: kept if size <= _KEPT else blocks()


def columns(n_mfcc: int = 20) -> list[str]:
    """Names of the numbers that `describe` gives: the means of all coefficients, then the stds."""
    return [f"mfcc{i}_{what}" for what in ("mean", "std") for i in range(1, n_mfcc + 1)]


def describe(path: str | os.PathLike, n_mfcc: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Take one track's features from its file.

    Parameters
    ----------
    path : str or path-like
        As for `read`.
    n_mfcc : int
        How many coefficients, from 1 to 128.

    Returns
    -------
    vector : ndarray of float64, shape (2 * n_mfcc,)
        Mean and standard deviation over the frames of each coefficient, named by `columns`.
    image : ndarray of float32, shape (n_mfcc, 128)
        From `mfcc_image`.

    Raises
    ------
    AudioError
        As `read` does.
    """
    keep_freed_memory()
    first, second = twice(lambda: _mel_blocks(stream(path)))
    peak = max(float(mel.max()) for mel in first)
    return summarise(np.concatenate([cepstra(decibels(mel, peak), n_mfcc) for mel in second()]).T)


def summarise(mfcc: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vector and image, as `describe` gives them, of a track's MFCCs (n_mfcc, frames)."""
    mfcc = np.ascontiguousarray(mfcc)
    vector = [mfcc.mean(axis=1, dtype=np.float64), mfcc.std(axis=1, dtype=np.float64)]
    return np.concatenate(vector), mfcc_image(mfcc)
