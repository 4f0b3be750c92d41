"""Mel spectrogram and MFCCs: librosa's numbers, in less than half of its time.

The conventions are librosa's (McFee et al., SciPy 2015): 128 Slaney mel bands, ``top_db=80``,
orthonormal DCT-II.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache

import numpy as np
import scipy.fft

from lib.audio.decoding import SAMPLE_RATE, stream
from lib.audio.stft import N_FFT, frames_in_blocks, power
from lib.runtime import keep_freed_memory

N_MELS = 128
N_MFCC = 20
IMAGE_FRAMES = 128
_FLOOR = 1e-10  # power below which decibels are not distinguished
_TOP_DB = 80.0


@cache
def mel_filters() -> np.ndarray:
    """Slaney's filter bank, (N_MELS, bins): triangles of equal area, linear below 1 kHz."""
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
    """Mel bands, (frames, N_MELS), of power spectra, (frames, bins)."""
    mel = np.empty((len(power), N_MELS), np.float32)
    for filters, bins, weights in _mel_bands():
        np.matmul(power[:, bins], weights, out=mel[:, filters])
    return mel


def _mel_blocks(chunks: Iterable[np.ndarray]) -> list[np.ndarray]:
    """Mel bands of a signal that comes in chunks, block by block: 80 MB for an hour."""
    return [mel_power(power(block)) for block in frames_in_blocks(chunks)]


def decibels(power: np.ndarray, peak: float) -> np.ndarray:
    """Power in decibels, no lower than 80 dB below the track's peak.

    Parameters
    ----------
    power : ndarray of float32
        Of a part of a track.
    peak : float
        The largest power in the track.

    Returns
    -------
    ndarray of float32
        As ``librosa.power_to_db``.
    """
    floor = max(_FLOOR, peak * 10 ** (-_TOP_DB / 10))
    return 10 * np.log10(np.maximum(power, np.float32(floor)))


def cepstra(mel: list[np.ndarray], n_mfcc: int = N_MFCC) -> np.ndarray:
    """MFCCs, (n_mfcc, frames), of a track's blocks of mel bands."""
    basis = scipy.fft.dct(np.eye(N_MELS), axis=0, norm="ortho")[:n_mfcc]
    basis = np.ascontiguousarray(basis.T, np.float32)
    peak = max(float(block.max()) for block in mel)
    frames = np.concatenate([decibels(block, peak) @ basis for block in mel])
    return np.ascontiguousarray(frames.T)


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
    return np.concatenate(_mel_blocks([np.asarray(y, np.float32)])).T


def mfcc(y: np.ndarray, n_mfcc: int = N_MFCC) -> np.ndarray:
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
    return cepstra(_mel_blocks([np.asarray(y, np.float32)]), n_mfcc)


def mfcc_image(mfcc: np.ndarray) -> np.ndarray:
    """Bring the MFCCs of a whole track to 128 columns.

    The track is cut into 128 cells of equal length, and a column is the mean over its cell, where
    a frame that lies across a border counts for either side by its share. So nothing is cropped, a
    long track is averaged without aliasing, and one shorter than 128 frames repeats its frames.

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


def mfcc_columns() -> list[str]:
    """Names of the numbers of `mfcc_features`: means of all coefficients, then deviations."""
    return [f"mfcc{i}_{what}" for what in ("mean", "std") for i in range(1, N_MFCC + 1)]


def mfcc_features(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of `mfcc_columns` of a file, and its image; raises AudioError."""
    keep_freed_memory()
    return summarise(cepstra(_mel_blocks(stream(path))))


def summarise(mfcc: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations over the frames of a track's MFCCs, and its image."""
    moments = [mfcc.mean(axis=1, dtype=np.float64), mfcc.std(axis=1, dtype=np.float64)]
    return np.concatenate(moments), mfcc_image(mfcc)
