"""The features of a track as a script gets them: librosa's functions, one by one."""

import librosa
import numpy as np


def mfcc(y: np.ndarray, n_mfcc: int = 20) -> np.ndarray:
    return librosa.feature.mfcc(y=y, n_mfcc=n_mfcc)


def gtzan_table(y: np.ndarray) -> dict[str, float]:
    """Return the columns of the GTZAN table, each from the samples."""
    values = {"length": len(y)}

    def add(name: str, x: np.ndarray) -> None:
        values[f"{name}_mean"], values[f"{name}_var"] = float(np.mean(x)), float(np.var(x))

    add("chroma_stft", librosa.feature.chroma_stft(y=y))
    add("rms", librosa.feature.rms(y=y))
    add("spectral_centroid", librosa.feature.spectral_centroid(y=y))
    add("spectral_bandwidth", librosa.feature.spectral_bandwidth(y=y))
    add("rolloff", librosa.feature.spectral_rolloff(y=y))
    add("zero_crossing_rate", librosa.feature.zero_crossing_rate(y))
    harmonic, percussive = librosa.effects.hpss(y)
    add("harmony", harmonic)
    add("perceptr", percussive)
    values["tempo"] = float(np.atleast_1d(librosa.beat.beat_track(y=y)[0])[0])
    for i, coefficient in enumerate(mfcc(y), start=1):
        add(f"mfcc{i}", coefficient)
    return values


def beyond_the_table(y: np.ndarray) -> dict[str, float]:
    """Return what the wide set has besides."""
    contrast = librosa.feature.spectral_contrast(y=y).mean(axis=1)
    values = {f"contrast{i}_mean": float(x) for i, x in enumerate(contrast, start=1)}
    values["flatness_mean"] = float(librosa.feature.spectral_flatness(y=y).mean())
    energies = [np.sum(part.astype(np.float64) ** 2) for part in librosa.effects.hpss(y)]
    values["harmonic_share"] = float(energies[0] / sum(energies))
    return values


def errors(ours: dict[str, float], reference: dict[str, float]) -> dict[str, float]:
    """Return how far we are from the reference, each by the measure of its tolerance.

    MFCCs absolutely, the others relatively; but the mean of a signal that swings around zero is
    compared with the signal's own size.
    """
    result = {}
    for name, expected in reference.items():
        scale = abs(expected)
        if name.startswith("mfcc") and name.endswith("_mean"):
            scale = 1.0
        elif name in ("harmony_mean", "perceptr_mean"):
            scale = max(scale, reference[name.replace("mean", "var")] ** 0.5)
        result[name] = abs(ours[name] - expected) / max(scale, 1e-12)
    return result
