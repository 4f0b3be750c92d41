"""Sounds for listening: faded at both ends, and encoded as MP3."""

from __future__ import annotations

import io

import numpy as np
import soundfile

from lib.audio.decoding import SAMPLE_RATE

_FADE = 0.02  # seconds: a sound cut short clicks
_SMALL = {"compression_level": 0.9, "bitrate_mode": "CONSTANT"}  # 24 kbit/s


def fade(samples: np.ndarray) -> np.ndarray:
    """Return a sound faded in and out.

    Parameters
    ----------
    samples : ndarray, (n_samples,)
        Mono, at 22,050 Hz.

    Returns
    -------
    ndarray, (n_samples,)
        A copy, of the same type.
    """
    samples = samples.copy()
    n_fade = min(int(_FADE * SAMPLE_RATE), len(samples) // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, n_fade)) ** 2
    samples[:n_fade] *= ramp
    samples[len(samples) - n_fade :] *= ramp[::-1]
    return samples


def mp3(samples: np.ndarray, small: bool = False) -> bytes:
    """Encode a sound as MP3.

    Parameters
    ----------
    samples : ndarray, (n_samples,)
        Mono, at 22,050 Hz.
    small : bool
        At 24 kbit/s, where there are many.

    Returns
    -------
    bytes
        The file.
    """
    file = io.BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE, format="MP3", **(_SMALL if small else {}))
    return file.getvalue()
