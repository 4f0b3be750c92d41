"""The wide features of a track: the columns of the GTZAN table, and a few more.

They are librosa's (McFee et al., SciPy 2015), from which the GTZAN table was made. With one
spectrogram that all of its functions share, they take a fifth of the time.
"""

from __future__ import annotations

import os
import warnings

import numpy as np
from scipy.ndimage import median_filter

from lib import runtime
from lib.audio.decoding import read
from lib.audio.mfcc import N_MFCC, cepstra, decibels, mel_power, mfcc_columns, summarise

LONGEST = 600.0  # seconds: all spectra of a track are in memory at once, 1.5 GB for as much
_TABLE = (
    "chroma_stft", "rms", "spectral_centroid", "spectral_bandwidth", "rolloff",
    "zero_crossing_rate", "harmony", "perceptr",
)  # fmt: skip


def wide_columns() -> list[str]:
    """Names of the numbers of `wide_features`.

    First those of `mfcc_columns`; then the other columns of the GTZAN table by their names there
    (its ``harmony`` and ``perceptr`` are the harmonic and the percussive signal); then the mean
    contrast of seven bands, the mean flatness, and the harmonic signal's share of the energy.
    """
    return [
        *mfcc_columns(),
        "length",
        *(f"{name}_{what}" for name in _TABLE for what in ("mean", "var")),
        "tempo",
        *(f"mfcc{i}_var" for i in range(1, 1 + N_MFCC)),
        *(f"contrast{i}_mean" for i in range(1, 8)),
        "flatness_mean",
        "harmonic_share",
    ]


def wide_features(path: str | os.PathLike) -> np.ndarray:
    """The numbers of `wide_columns` of a file; raises AudioError.

    Of a track longer than ten minutes, those of the ten in its middle.
    """
    runtime.keep_freed_memory()
    librosa = runtime.librosa()
    feature = librosa.feature
    y = read(path, LONGEST)
    spectrum = librosa.stft(y)
    magnitude = np.abs(spectrum)
    harmonic = librosa.istft(spectrum * _harmonic_mask(magnitude), length=len(y))
    percussive = y - harmonic  # since their masks add up to one
    del spectrum

    power = np.square(magnitude)
    mel = mel_power(power.T)
    onsets = librosa.onset.onset_strength(S=decibels(mel, float(mel.max())).T, aggregate=np.median)
    centroid = feature.spectral_centroid(S=magnitude)
    series = [
        _chroma(power),
        feature.rms(y=y),
        centroid,
        feature.spectral_bandwidth(S=magnitude, centroid=centroid),
        feature.spectral_rolloff(S=magnitude),
        feature.zero_crossing_rate(y),
        harmonic,
        percussive,
    ]
    energies = [np.sum(np.square(x, dtype=np.float64)) for x in (harmonic, percussive)]
    narrow, _ = summarise(cepstra([mel]))
    vector = [
        narrow,
        [len(y)],
        *([x.mean(dtype=np.float64), x.var(dtype=np.float64)] for x in series),
        feature.tempo(onset_envelope=onsets) if onsets.any() else [0.0],
        narrow[N_MFCC:] ** 2,
        feature.spectral_contrast(S=magnitude).mean(axis=1),
        [feature.spectral_flatness(S=magnitude).mean(dtype=np.float64)],
        [energies[0] / max(sum(energies), np.finfo(float).tiny)],
    ]
    return np.concatenate(vector)


def _chroma(power: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():  # of a track too faint to be in any tune
        warnings.filterwarnings("ignore", "Trying to estimate tuning")
        return runtime.librosa().feature.chroma_stft(S=power)


def _harmonic_mask(magnitude: np.ndarray) -> np.ndarray:
    """Soft mask of what is smooth along time and not along frequency (Fitzgerald, DAFx 2010)."""
    along_time, along_frequency = _median(magnitude), _median(magnitude.T).T
    return runtime.librosa().util.softmask(along_time, along_frequency, power=2, split_zeros=True)


def _median(rows: np.ndarray) -> np.ndarray:
    """Running median of 31 along rows: that of scipy in two dimensions, in a tenth of its time.

    As one long row. What the filter mixes between rows is in the context that is cut off.
    """
    padded = np.pad(rows, ((0, 0), (15, 15)), mode="symmetric")
    return median_filter(padded.ravel(), 31, mode="nearest").reshape(padded.shape)[:, 15:-15]
