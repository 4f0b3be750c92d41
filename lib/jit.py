"""The project's own cache of numba's compiled functions, filled by one process at a time.

Two processes that compile the same functions into one cache at once can leave an entry that
crashes every later process that loads it. So the functions that the notebooks need are compiled
here first, under a lock; later calls, and all workers, then only read.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import numpy as np
from filelock import FileLock


def warm() -> None:
    """Compile what librosa and UMAP need into ``$NUMBA_CACHE_DIR``; a stamp makes this cheap.

    To repair a damaged cache, delete the folder.
    """
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / "-".join(
        ["warm", *(f"{name}{version(name)}" for name in ("librosa", "numba", "umap-learn"))]
    )
    if stamp.exists():
        return
    with FileLock(folder / "lock"):
        if not stamp.exists():
            _compile()
            stamp.touch()


def _compile() -> None:
    import librosa
    import umap

    time = np.arange(3 * 22050) / 22050
    y = (np.sin(2 * np.pi * 440 * time) * (time % 0.5 < 0.1)).astype(np.float32)
    librosa.beat.beat_track(y=y)
    librosa.onset.onset_detect(y=y)
    librosa.feature.chroma_stft(y=y)
    librosa.feature.zero_crossing_rate(y=y)
    librosa.effects.hpss(y)
    points = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    umap.UMAP(n_neighbors=5, n_epochs=2, random_state=0, n_jobs=1).fit_transform(points)
