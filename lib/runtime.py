"""The project's own cache of numba's compiled functions, filled by one process at a time.

Two processes that compile the same functions into one cache at once can leave an entry that
crashes every later process that loads it. So what librosa and UMAP keep there is compiled here
first, under a lock; later calls, and all other processes, then only read. Both compile while they
are imported, so the rest of ``lib`` imports them through here.
"""

from __future__ import annotations

import os
import warnings
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

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


def librosa() -> ModuleType:
    """Import librosa, once what it compiles is there to be read.

    Returns
    -------
    module
        With ``librosa.display``.
    """
    warm()
    import librosa.display

    return librosa


def umap() -> ModuleType:
    """Import UMAP, and have it keep all that a map takes; by itself it keeps only a part.

    Returns
    -------
    module
        With which the first map of a process costs hardly more than the next.
    """
    warm()
    return _umap()


def _umap() -> ModuleType:
    """Import UMAP whether or not anything has been compiled."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")
        warnings.filterwarnings("ignore", "Tensorflow not installed")
        import umap
        from umap import layouts, umap_

    for function in (
        umap_.smooth_knn_dist,
        umap_.compute_membership_strengths,
        layouts._nb_optimize_layout_euclidean_single_epoch,
    ):
        function.enable_caching()
    return umap


def _compile() -> None:
    """Have everything compiled that is kept: at the first use of each function."""
    import librosa

    y = np.random.default_rng(0).normal(size=66150).astype(np.float32)
    y[(np.arange(len(y)) % 11025) > 1000] = 0
    librosa.beat.beat_track(y=y)
    librosa.onset.onset_detect(y=y, backtrack=True)
    librosa.feature.chroma_stft(y=y)
    librosa.feature.zero_crossing_rate(y=y)
    librosa.effects.hpss(y)

    n_tracks = 20  # each with its neighbours on a ring, as exact searches give them
    indices = (np.arange(n_tracks)[:, None] + np.arange(5)) % n_tracks
    distances = np.tile(np.arange(5.0), (n_tracks, 1))
    points = np.random.default_rng(0).normal(size=(n_tracks, 2)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "precomputed_knn")
        _umap().UMAP(
            n_neighbors=5,
            n_epochs=2,
            init="pca",
            random_state=0,
            n_jobs=1,
            precomputed_knn=(indices, distances, None),
        ).fit_transform(points)
