"""The project's own cache of numba's compiled functions, filled by one process at a time.

Two processes that compile the same functions into one cache at once can leave an entry that
crashes every later process that loads it. So what librosa and UMAP keep there is compiled here
first, under a lock; later calls, and all other processes, then only read.
"""

from __future__ import annotations

import os
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from filelock import FileLock


def warm() -> None:
    """Fill ``$NUMBA_CACHE_DIR``, once for each version of librosa, UMAP and numba.

    It takes most of a minute the first time, and next to nothing later. To repair a damaged
    cache, delete the folder.
    """
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    versions = (f"{name}-{version(name)}" for name in ("librosa", "umap-learn", "numba"))
    stamp = folder / "-".join(["warm", *versions])
    if stamp.exists():
        return
    with FileLock(folder / "lock"):
        if not stamp.exists():
            _compile()
            stamp.touch()


def _compile() -> None:
    """Have everything compiled that is kept.

    UMAP keeps what it compiles when it is imported, and what it compiles later it never keeps;
    librosa keeps what it compiles at the first use of a function.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")
        import librosa
        import umap  # noqa: F401

    y = np.random.default_rng(0).normal(size=66150).astype(np.float32)
    y[(np.arange(len(y)) % 11025) > 1000] = 0
    librosa.beat.beat_track(y=y)
    librosa.onset.onset_detect(y=y, backtrack=True)
    librosa.feature.chroma_stft(y=y)
    librosa.feature.zero_crossing_rate(y=y)
    librosa.effects.hpss(y)
