"""What a process needs: its environment, its memory, numba's cache, threads, a device.

numba keeps compiled functions in a folder. Two processes that compile the same functions into it
at once can leave an entry that crashes every later process that loads it. So what librosa and UMAP
keep there is compiled once, under a lock; later calls, and all other processes, only read. Both
compile while they are imported, so the rest of ``lib`` imports them through here.
"""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

from lib.errors import UserError

CACHE = Path(__file__).resolve().parent.parent / ".cache"
"""Where all that can be computed anew is kept between runs."""


def set_environment() -> None:
    """Set what torch and numba read when they are loaded; what the user has set stays."""
    # Waiting OpenMP threads that spin instead of sleeping make two processes on two cores tens of
    # times slower than one.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("NUMBA_CACHE_DIR", str(CACHE / "numba"))
    # tqdm and UMAP ask for widgets; our progress bars are text, which every log can hold.
    warnings.filterwarnings("ignore", "IProgress not found")


@cache
def keep_freed_memory() -> None:
    """Let this process keep the memory that it frees, up to blocks of 16 MB.

    glibc hands it back to the system and gets it anew page by page, until a block of this size has
    come and gone. Features of a track take up to a tenth less time so.
    """
    import numpy as np

    np.empty(2**24, np.uint8)


def choose_device(name: str = "auto") -> str:
    """Choose where torch computes: ``cpu``, ``cuda``, ``mps``, or ``auto``, the best there is."""
    import torch

    there = [
        *(["cuda"] if torch.cuda.is_available() else []),
        *(["mps"] if torch.backends.mps.is_available() else []),
        "cpu",
    ]
    if name != "auto" and name not in there:
        raise UserError(f"device {name!r} is not there: choose {' or '.join(['auto', *there])}")
    return there[0] if name == "auto" else name


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: faster on small matrices, and sums never change their order."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def librosa() -> ModuleType:
    """Import librosa, with ``librosa.display``, once all that it compiles can be read."""
    warm()
    import librosa.display

    return librosa


def umap() -> ModuleType:
    """Import UMAP, and have it keep all that a map takes; by itself it keeps only a part."""
    warm()
    return _umap()


def warm() -> None:
    """Fill ``$NUMBA_CACHE_DIR``, once for each source, Python and CPU; if damaged, delete it."""
    from importlib.metadata import version
    from importlib.util import find_spec

    from filelock import FileLock
    from llvmlite import binding

    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    sources = [Path(find_spec(name).origin) for name in ("librosa", "umap")]
    key = [version(name) for name in ("librosa", "umap-learn", "numba")]
    key += [f"{path} {path.stat().st_mtime_ns}" for path in sources]
    key += [sys.implementation.cache_tag]
    key += [binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()]
    stamp = folder / f"warm-{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}"
    if stamp.exists():
        return
    with FileLock(folder / "lock"):
        if not stamp.exists():
            _compile()
            stamp.touch()


def _umap() -> ModuleType:
    with warnings.catch_warnings():
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
    """Use each function once that is compiled and kept."""
    import librosa
    import numpy as np

    y = np.random.default_rng(0).normal(size=66150).astype(np.float32)
    librosa.feature.chroma_stft(y=y)
    librosa.feature.zero_crossing_rate(y=y)
    librosa.effects.hpss(y)

    ring = (np.arange(20)[:, None] + np.arange(5)) % 20  # the neighbours of 20 points
    neighbours = ring, np.tile(np.arange(5.0), (20, 1)), None
    points = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    settings = {"n_neighbors": 5, "n_epochs": 2, "init": "pca", "random_state": 0, "n_jobs": 1}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "precomputed_knn")
        _umap().UMAP(**settings, precomputed_knn=neighbours).fit_transform(points)
