"""The wider set of one track's features: the columns of the GTZAN table, and a few more.

The definitions are those of librosa's functions with their defaults (McFee et al., SciPy 2015),
from which the GTZAN table was made. Where those each start from the samples, here one transform
serves all. What is relative to the whole track (its loudest moment, its tuning) is taken at a
second look at the track's spectra.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from lib.audio import mfcc as audio
from lib.audio import tempo as rhythm
from lib.audio.hpss import Separation
from lib.audio.mfcc import HOP, N_FFT, SAMPLE_RATE
from lib.runtime import keep_freed_memory

_BLOCK = 1024  # frames at a time: some 50 MB with all that is derived from them
_FREQUENCIES = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE).astype(np.float32)
_TINY = np.finfo(np.float32).tiny
_SILENT = 1e-10  # smaller samples and powers count as zero
_ROLLOFF = 0.85
_N_CHROMA = 12
_QUANTILE = 0.02  # of a band's bins are its peak, and its valley
_PITCHES = (150.0, 4000.0)  # Hz, where peaks tell the tuning
_TABLE = (
    "chroma_stft", "rms", "spectral_centroid", "spectral_bandwidth", "rolloff",
    "zero_crossing_rate", "harmony", "perceptr",
)  # fmt: skip


class Block(NamedTuple):
    """Consecutive frames of a track.

    Attributes
    ----------
    samples : ndarray of float32, shape ((n - 1) * HOP + N_FFT,) or a little more
        What lies under them.
    spectrum : ndarray of complex64, shape (n, 1 + N_FFT / 2)
        Their transforms.
    """

    samples: np.ndarray
    spectrum: np.ndarray

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.samples.nbytes + self.spectrum.nbytes


def columns(n_mfcc: int = 20) -> list[str]:
    """Names of the numbers that `describe` gives.

    Those of `audio.columns`; the other columns of the GTZAN table by their names there (its
    ``harmony`` and ``perceptr`` are the harmonic and the percussive signal); the mean contrast of
    seven bands, the mean flatness, and the harmonic signal's share of the energy of both.
    """
    return [
        *audio.columns(n_mfcc),
        "length",
        *(f"{name}_{what}" for name in _TABLE for what in ("mean", "var")),
        "tempo",
        *(f"mfcc{i}_var" for i in range(1, n_mfcc + 1)),
        *(f"contrast{i}_mean" for i in range(1, 1 + len(_contrast_bands()))),
        "flatness_mean",
        "harmonic_share",
    ]


def describe(path: str | os.PathLike, n_mfcc: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Take one track's wide set of features from its file.

    Parameters
    ----------
    path : str or path-like
        As for `audio.read`.
    n_mfcc : int
        How many coefficients, from 1 to 128.

    Returns
    -------
    vector : ndarray of float64
        The numbers that `columns` names.
    image : ndarray of float32, shape (n_mfcc, 128)
        From `audio.mfcc_image`.

    Raises
    ------
    AudioError
        As `audio.read` does.
    """
    keep_freed_memory()
    first, second = audio.twice(lambda: _blocks(path))
    shape, extremes, peaks = [], [], []
    separation, crossings, loudest = Separation(), ZeroCrossings(), 0.0
    for block in first:
        magnitude = np.abs(block.spectrum)
        power = np.square(magnitude)
        loudest = max(loudest, float(audio.mel_power(power).max()))
        shape.append(np.stack([rms(block), *spectral_shape(magnitude), flatness(power)], axis=1))
        extremes.append(peaks_and_valleys(magnitude))
        peaks.append(spectral_peaks(power))
        separation.add(block)
        crossings.add(block)

    filters = chroma_filters(tuning(*np.concatenate(peaks, axis=1))).T
    pitch_classes, mfcc, rises = [], [], []
    mel = np.empty((0, audio.N_MELS), np.float32)
    for block in second():
        power = np.square(np.abs(block.spectrum))
        pitch_classes.append(chroma(power, filters))
        last = mel[-1:]
        mel = audio.decibels(audio.mel_power(power), loudest)
        mfcc.append(audio.cepstra(mel, n_mfcc))
        rises.append(rhythm.rises(np.concatenate([last, mel])))

    level, centroid, bandwidth, rolloff, flat = np.concatenate(shape).T
    harmonic, percussive = separation.finish()
    series = [
        np.concatenate(pitch_classes), level, centroid, bandwidth, rolloff, crossings.rates(),
    ]  # fmt: skip
    moments = [(x.mean(dtype=np.float64), x.var(dtype=np.float64)) for x in series]
    moments += [harmonic.moments, percussive.moments]
    narrow, image = audio.summarise(np.concatenate(mfcc).T)
    envelope = rhythm.onset_strength(np.concatenate(rises))
    vector = [
        narrow,
        [crossings.length],
        np.ravel(moments),
        [rhythm.tempo(envelope)],
        narrow[n_mfcc:] ** 2,
        contrast(np.concatenate(extremes)).mean(axis=0),
        [flat.mean(dtype=np.float64)],
        [harmonic.energy / max(harmonic.energy + percussive.energy, _TINY)],
    ]
    return np.concatenate(vector), image


def _blocks(path: str | os.PathLike) -> Iterator[Block]:
    for samples in audio.stretches(audio.stream(path), _BLOCK):
        yield Block(samples, audio.spectra(samples, audio.WINDOW))


def rms(block: Block) -> np.ndarray:
    """Root mean square of each frame, (frames,): ``librosa.feature.rms(y=y)``."""
    return np.sqrt(_over_frames(np.square(block.samples), len(block.spectrum)) / N_FFT)


def _over_frames(x: np.ndarray, n_frames: int) -> np.ndarray:
    """Sum over each frame, from sums over the hops that frames share."""
    hops = x[: (n_frames + N_FFT // HOP - 1) * HOP].reshape(-1, HOP).sum(axis=1)
    return np.lib.stride_tricks.sliding_window_view(hops, N_FFT // HOP).sum(axis=1)


class ZeroCrossings:
    """Rate of sign changes in each frame: ``librosa.feature.zero_crossing_rate``."""

    def __init__(self) -> None:
        """Start a track."""
        self._rates: list[np.ndarray] = []
        self._first = self._last = 0.0
        self.length = 0
        """Samples in the track, as far as its blocks have been added."""

    def add(self, block: Block) -> None:
        """Take in the next block."""
        if not self._rates:
            self._first = block.samples[N_FFT // 2]
        n_before = sum(map(len, self._rates))
        self.length = n_before * HOP + len(block.samples) - N_FFT
        self._last = block.samples[-N_FFT // 2 - 1]
        negative = block.samples < -_SILENT
        crossings = np.zeros(len(negative), np.int64)
        crossings[1:] = negative[1:] != negative[:-1]
        n_frames = len(block.spectrum)
        # A frame does not know what came before it, so its first sample is no crossing.
        within = _over_frames(crossings, n_frames) - crossings[: n_frames * HOP : HOP]
        self._rates.append(within / N_FFT)

    def rates(self) -> np.ndarray:
        """Return the rates of all frames, (frames,), when the last block has been added."""
        rates = np.concatenate(self._rates)
        # The track goes on at its edges as it began and ended, whereas blocks are padded by zeros.
        starts = np.arange(len(rates)) * HOP
        for sample, edge in ((self._first, 0), (self._last, self.length)):
            if sample < -_SILENT:
                edge += N_FFT // 2
                rates[(starts < edge) & (edge < starts + N_FFT)] -= 1 / N_FFT
        return rates


def spectral_shape(magnitude: np.ndarray) -> list[np.ndarray]:
    """Centroid, bandwidth and 85% rolloff of each frame.

    Parameters
    ----------
    magnitude : ndarray of float32, shape (frames, bins)
        Magnitudes of the spectra.

    Returns
    -------
    list of three ndarray, shape (frames,)
        In Hz: ``librosa.feature.spectral_centroid``, ``spectral_bandwidth``, ``spectral_rolloff``.
    """
    cumulated = np.cumsum(magnitude, axis=1)
    total = cumulated[:, -1]
    share = magnitude / np.where(total < _TINY, 1, total)[:, None]
    centroid = share @ _FREQUENCIES
    bandwidth = np.sqrt((share * np.square(_FREQUENCIES - centroid[:, None])).sum(axis=1))
    rolloff = _FREQUENCIES[np.argmax(cumulated >= _ROLLOFF * total[:, None], axis=1)]
    return [centroid, bandwidth, rolloff]


def flatness(power: np.ndarray) -> np.ndarray:
    """Geometric over arithmetic mean, (frames,): ``librosa.feature.spectral_flatness``."""
    power = np.maximum(np.float32(_SILENT), power)
    return np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)


@cache
def _contrast_bands() -> list[tuple[slice, int]]:
    """Bins of the seven bands, an octave each from 200 Hz, and how many bins a peak is."""
    edges = [0.0, *(200.0 * 2**k for k in range(7))]
    bands = []
    for low, high in pairwise(edges):
        start = max(np.searchsorted(_FREQUENCIES, low) - 1, 0)
        stop = np.searchsorted(_FREQUENCIES, high, side="right")
        if high == edges[-1]:
            stop = len(_FREQUENCIES) + 1
        n_extreme = max(1, round(_QUANTILE * (min(stop, len(_FREQUENCIES)) - start)))
        bands.append((slice(start, stop - 1), n_extreme))
    return bands


def peaks_and_valleys(magnitude: np.ndarray) -> np.ndarray:
    """Mean of the strongest and of the weakest bins of each band, (frames, 2, 7)."""
    extremes = np.empty((len(magnitude), 2, len(_contrast_bands())), np.float32)
    for k, (bins, n_extreme) in enumerate(_contrast_bands()):
        ordered = np.sort(magnitude[:, bins], axis=1)
        extremes[:, 0, k] = ordered[:, -n_extreme:].mean(axis=1)
        extremes[:, 1, k] = ordered[:, :n_extreme].mean(axis=1)
    return extremes


def contrast(extremes: np.ndarray) -> np.ndarray:
    """Spectral contrast in dB (Jiang et al., ICME 2002): ``librosa.feature.spectral_contrast``.

    Parameters
    ----------
    extremes : ndarray, shape (frames, 2, 7)
        Of all frames, from `peaks_and_valleys`.

    Returns
    -------
    ndarray, shape (frames, 7)
        Peak over valley.
    """
    peak, valley = (audio.decibels(x, x.max()) for x in extremes.swapaxes(0, 1))
    return peak - valley


def spectral_peaks(power: np.ndarray) -> np.ndarray:
    """Frequencies and heights of the spectral peaks of all frames: ``librosa.piptrack``.

    Parameters
    ----------
    power : ndarray of float32, shape (frames, bins)
        Squared magnitudes.

    Returns
    -------
    ndarray of float32, shape (2, peaks)
        Interpolated by parabolas: Hz, and power.
    """
    low, high = np.searchsorted(_FREQUENCIES, _PITCHES)
    threshold = 0.1 * power.max(axis=1, keepdims=True)
    before, here, after = (power[:, low + k : high + k] for k in (-1, 0, 1))
    # Only what passes the threshold counts, also as a neighbour.
    above = here > threshold
    found = (
        above & ((here > before) | (before <= threshold)) & ((here >= after) | (after <= threshold))
    )
    before, here, after = (x[found].astype(np.float64) for x in (before, here, after))
    slope, curvature = (after - before) / 2, before + after - 2 * here
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(np.abs(slope) >= np.abs(curvature), 0, -slope / curvature)
    pitch = (np.nonzero(found)[1] + low + shift) * SAMPLE_RATE / N_FFT
    return np.stack([pitch, here + slope * shift / 2]).astype(np.float32)


def tuning(pitches: np.ndarray, heights: np.ndarray) -> float:
    """How far a track is tuned from A = 440 Hz: ``librosa.estimate_tuning``.

    Parameters
    ----------
    pitches, heights : ndarray, shape (peaks,)
        From `spectral_peaks`, of all frames.

    Returns
    -------
    float
        In semitones, from -0.5 to 0.49 in hundredths.
    """
    if not len(pitches):
        return 0.0
    strong = pitches[heights >= np.median(heights)]
    off = np.mod(_N_CHROMA * np.log2(strong / np.float32(27.5)), 1.0)
    counts, edges = np.histogram(np.where(off >= 0.5, off - 1, off), np.linspace(-0.5, 0.5, 101))
    return float(edges[np.argmax(counts)])


def chroma_filters(tuning: float) -> np.ndarray:
    """Weights of the bins for each pitch class, C first (Ellis, 2007).

    Parameters
    ----------
    tuning : float
        From `tuning`.

    Returns
    -------
    ndarray of float32, shape (12, 1 + N_FFT / 2)
        As ``librosa.filters.chroma``: Gaussian bumps a semitone wide, and a broad one over the
        octaves, centred on the fifth above 27.5 Hz.
    """
    bins = np.arange(1, N_FFT) * SAMPLE_RATE / N_FFT
    semitone = _N_CHROMA * np.log2(bins / (440 * 2 ** (tuning / _N_CHROMA) / 16))
    semitone = np.concatenate([[semitone[0] - 1.5 * _N_CHROMA], semitone])
    width = np.concatenate([np.maximum(np.diff(semitone), 1), [1]])
    half = _N_CHROMA // 2
    distance = np.mod(semitone - np.arange(_N_CHROMA)[:, None] + half, _N_CHROMA) - half
    weights = np.exp(-0.5 * np.square(2 * distance / width))
    weights /= np.linalg.norm(weights, axis=0)
    weights *= np.exp(-0.5 * np.square((semitone / _N_CHROMA - 5) / 2))
    return np.roll(weights, -3, axis=0)[:, : 1 + N_FFT // 2].astype(np.float32)


def chroma(power: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Strength of each pitch class relative to the strongest: ``librosa.feature.chroma_stft``.

    Parameters
    ----------
    power : ndarray of float32, shape (frames, bins)
        Squared magnitudes.
    filters : ndarray of float32, shape (bins, 12)
        From `chroma_filters`, transposed.

    Returns
    -------
    ndarray of float32, shape (frames, 12)
        From 0 to 1.
    """
    raw = power @ filters
    peak = raw.max(axis=1, keepdims=True)
    return raw / np.where(peak < _TINY, 1, peak)
