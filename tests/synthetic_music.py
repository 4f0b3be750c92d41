"""Sounds that several tests share."""

import numpy as np


def music(seconds: float, rate: int = 22050, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Notes that begin every half second, a drum between them, and some hiss."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(rate * seconds)) / rate
    y = rng.normal(scale=0.003, size=(len(time), channels))
    for partial in range(1, 9):
        pitch = 110 * 2 ** (rng.integers(0, 12, size=int(seconds * 2) + 1) / 12)
        phase = 2 * np.pi * partial * np.cumsum(pitch[(time * 2).astype(int)]) / rate
        y += (0.2 / partial * np.sin(phase) * np.exp(-3 * (time % 0.5)))[:, None]
    stroke = np.exp(-60 * ((time + 0.25) % 0.5))
    y += 0.2 * stroke[:, None] * rng.normal(size=y.shape)
    return np.clip(y, -0.99, 0.99).astype(np.float32)
