"""The harmonic and the percussive part of a track."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft
from scipy.ndimage import median_filter

from lib.audio.mfcc import HOP, N_FFT, WINDOW

if TYPE_CHECKING:
    from lib.audio.descriptors import Block

_KERNEL = 31
_CONTEXT = _KERNEL // 2  # frames on either side that a median reaches
_OVERLAP = N_FFT // HOP - 1
_WINDOW = WINDOW.astype(np.float32)
_TINY = np.finfo(np.float32).tiny


@dataclass
class Signal:
    """Sums over the samples of a signal that comes in pieces."""

    n: int = 0
    total: float = 0.0
    energy: float = 0.0

    def add(self, samples: np.ndarray) -> None:
        """Take in the next samples."""
        samples = samples.astype(np.float64)
        self.n += len(samples)
        self.total += samples.sum()
        self.energy += samples @ samples

    @property
    def moments(self) -> tuple[float, float]:
        """Mean and variance."""
        mean = self.total / self.n
        return mean, max(self.energy / self.n - mean**2, 0.0)


class Separation:
    """Harmonic/percussive separation by median filters (Fitzgerald, DAFx 2010), block by block.

    A sustained tone is smooth along time, a stroke along frequency: the medians along either
    make soft masks. The signals are those of ``librosa.effects.hpss``, of which only sums are kept.
    """

    def __init__(self) -> None:
        """Start a track."""
        self._harmonic, self._percussive = Signal(), Signal()
        self._waiting: Block | None = None
        self._before = np.empty((0, 1 + N_FFT // 2), np.float32)
        self._tail = np.zeros((2, _OVERLAP, HOP), np.float32)
        self._started = False

    def add(self, block: Block) -> None:
        """Take in the next block; all but the last have at least 15 frames."""
        if self._waiting is None:
            self._waiting = block
        elif len(block.spectrum) < _CONTEXT:  # too few to be a block's context: part of it
            n = len(self._waiting.spectrum)
            self._waiting = type(block)(
                np.concatenate([self._waiting.samples[: n * HOP], block.samples]),
                np.concatenate([self._waiting.spectrum, block.spectrum]),
            )
        else:
            waiting, self._waiting = self._waiting, block
            samples, harmonic = self._separate(waiting, np.abs(block.spectrum[:_CONTEXT]))
            self._count(samples, harmonic, len(waiting.spectrum) * HOP)

    def finish(self) -> tuple[Signal, Signal]:
        """Return the harmonic and the percussive signal when the last block has been added."""
        samples, harmonic = self._separate(self._waiting, self._before[:0])
        self._count(samples, harmonic, len(samples) - N_FFT // 2)
        return self._harmonic, self._percussive

    def _separate(self, block: Block, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return a block's samples, and the harmonic ones over the same stretch."""
        magnitude = np.abs(block.spectrum)
        mask = _harmonic_mask(magnitude, self._before, after)
        self._before = magnitude[-_CONTEXT:]
        frames = scipy.fft.irfft(block.spectrum * mask, N_FFT, overwrite_x=True)
        frames *= _WINDOW
        signal = _overlap_add(frames, self._tail[0])
        weight = _overlap_add(np.broadcast_to(np.square(_WINDOW), frames.shape), self._tail[1])
        self._tail = np.stack([signal[-_OVERLAP:], weight[-_OVERLAP:]])
        harmonic = signal / np.where(weight > _TINY, weight, 1)
        return block.samples, harmonic.ravel()

    def _count(self, samples: np.ndarray, harmonic: np.ndarray, stop: int) -> None:
        start = 0 if self._started else N_FFT // 2
        self._started = True
        samples, harmonic = samples[start:stop], harmonic[start:stop]
        # The masks add up to one, and so do the signals.
        self._harmonic.add(harmonic)
        self._percussive.add(samples - harmonic)


def _harmonic_mask(magnitude: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Soft mask of the frames of ``magnitude``, (frames, bins), given their neighbours."""
    # Reflected at the track's ends, where there are no neighbours.
    along_time = np.pad(
        np.concatenate([before, magnitude, after]),
        (((_CONTEXT, 0)[len(before) > 0], (_CONTEXT, 0)[len(after) > 0]), (0, 0)),
        mode="symmetric",
    )
    along_frequency = np.pad(magnitude, ((0, 0), (_CONTEXT, _CONTEXT)), mode="symmetric")
    harmonic = np.ascontiguousarray(_median(np.ascontiguousarray(along_time.T)).T)
    percussive = _median(along_frequency)
    scale = np.maximum(harmonic, percussive)
    nothing = scale < _TINY
    scale[nothing] = 1
    harmonic = np.square(harmonic / scale)
    mask = harmonic / (harmonic + np.square(percussive / scale) + nothing)
    mask[nothing] = 0.5
    return mask


def _median(rows: np.ndarray) -> np.ndarray:
    """Running median of 31 along rows that carry 15 values of context at either end.

    As one long row, since scipy's filter in one dimension is many times faster than in two; what
    it mixes between rows is in the context that is cut off.
    """
    medians = median_filter(rows.ravel(), _KERNEL, mode="nearest")
    return medians.reshape(rows.shape)[:, _CONTEXT:-_CONTEXT]


def _overlap_add(frames: np.ndarray, tail: np.ndarray) -> np.ndarray:
    """Add frames up where they overlap, (frames + 3, HOP), on to the tail of those before."""
    n_frames = len(frames)
    hops = np.zeros((n_frames + _OVERLAP, HOP), np.float32)
    hops[:_OVERLAP] = tail
    for r in range(_OVERLAP + 1):
        hops[r : r + n_frames] += frames[:, r * HOP : (r + 1) * HOP]
    return hops
