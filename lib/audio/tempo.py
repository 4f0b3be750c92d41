"""How a track moves: its onsets and its tempo."""

from __future__ import annotations

import numpy as np
import scipy.fft

from lib.audio.mfcc import HOP, N_FFT, SAMPLE_RATE

_BLOCK = 1024  # frames at a time
_ONSET_DELAY = 1 + N_FFT // (2 * HOP)  # frames: the difference itself, and half a window
_TEMPO_LAGS = int(8.0 * SAMPLE_RATE / HOP)  # frames in 8 s


def rises(mel: np.ndarray) -> np.ndarray:
    """How much louder the bands became from each frame to the next, in the median.

    Parameters
    ----------
    mel : ndarray of float32, shape (frames, N_MELS)
        Mel bands in decibels.

    Returns
    -------
    ndarray of float32, shape (frames - 1,)
        In decibels; a band that became fainter counts as unchanged.
    """
    return np.median(np.maximum(0, np.diff(mel, axis=0)), axis=1)


def onset_strength(rises: np.ndarray) -> np.ndarray:
    """The onset envelope that librosa's beat tracker takes.

    Parameters
    ----------
    rises : ndarray of float32, shape (frames - 1,)
        From `rises`, of the whole track.

    Returns
    -------
    ndarray of float32, shape (frames,)
        ``librosa.onset.onset_strength(y=y, aggregate=np.median)``: moved to where a rise is heard.
    """
    return np.pad(rises, (_ONSET_DELAY, 0))[: len(rises) + 1]


def tempo(envelope: np.ndarray) -> float:
    """Tempo from the mean autocorrelation of the onset envelope (Ellis, 2007).

    Parameters
    ----------
    envelope : ndarray, shape (frames,)
        From `onset_strength`.

    Returns
    -------
    float
        Beats a minute, as ``librosa.beat.beat_track`` gives it; 0 where there is no onset.
    """
    if not envelope.any():
        return 0.0
    n_frames, half = len(envelope), _TEMPO_LAGS // 2
    padded = np.pad(envelope, half, mode="linear_ramp")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _TEMPO_LAGS)[:n_frames]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_TEMPO_LAGS) / _TEMPO_LAGS)
    size = scipy.fft.next_fast_len(2 * _TEMPO_LAGS - 1, real=True)
    total = np.zeros(_TEMPO_LAGS)
    for start in range(0, n_frames, _BLOCK):
        spectrum = scipy.fft.rfft(frames[start : start + _BLOCK] * window, size)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        correlation = scipy.fft.irfft(power, size)[:, :_TEMPO_LAGS]
        peak = np.abs(correlation).max(axis=1, keepdims=True)
        total += (correlation / np.where(peak < np.finfo(float).tiny, 1, peak)).sum(axis=0)
    lags = np.arange(1, _TEMPO_LAGS)
    bpm = 60 * SAMPLE_RATE / HOP / lags
    score = np.log1p(1e6 * total[1:] / n_frames) - 0.5 * np.square(np.log2(bpm / 120))
    score[bpm >= 320] = -np.inf
    return float(bpm[np.argmax(score)])
