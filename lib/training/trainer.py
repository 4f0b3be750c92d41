"""One trainer for every network: many seeds and betas of one architecture at once.

The initial weights of a network, the order of its batches and its noise come from its seed alone,
so that one trained among forty equals the one trained alone (to the rounding of the matrix
library). Networks stand side by side in stacks, and stacks are shared out over the cores.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path

import numpy as np
import torch
from joblib import cpu_count
from tqdm import tqdm

from lib.errors import UserError
from lib.runtime import choose_device, one_thread
from lib.training import checkpoints
from lib.training.architecture import Architecture
from lib.training.ensemble import Ensemble
from lib.training.run import Run, RunSettings
from lib.training.stack import Stack
from lib.training.tracks import Tracks


def grid(seeds: Sequence[int], betas: Sequence[float]) -> dict[str, list]:
    """Every seed with every beta, beta by beta: ``train(architecture, data, **grid(...))``."""
    return {"seeds": [*seeds] * len(betas), "beta": [beta for beta in betas for _ in seeds]}


def train(
    architecture: Architecture,
    data,
    seeds: Sequence[int],
    *,
    beta: float | Sequence[float] = 1.0,
    epochs: int = 100,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    device: str = "auto",
    folder: str | Path | None = None,
    name: str = "vae",
) -> Ensemble:
    """Train one network per seed, or load those that are already there.

    Minimises reconstruction + beta x KL per track with Adam (see `lib.models.Losses`), in torch's
    default dtype.

    Parameters
    ----------
    architecture : Architecture
        Of the networks.
    data : Tracks, array (N, ...) or dict of arrays
        Standardised features (N, F), images (N, channels, H, W), or several arrays by name: see
        `Tracks`.
    seeds : sequence of int
        One per network.
    beta : float or sequence of float
        Weight of the KL term, one for all or one for each.
    epochs : int
        0: untrained networks.
    batch_size : int
        Batches are of nearly equal size and at most this.
    learning_rate : float
        Of Adam.
    device : str
        auto (what is there), cpu, cuda or mps.
    folder : path, optional
        Results folder. Networks that ``models/<name>.safetensors`` there has for the same
        architecture, data and settings are loaded, the others trained, and all are saved. Left out:
        nothing is read or written.
    name : str
        Of the file, the progress bar and the warnings.

    Returns
    -------
    Ensemble
        In the order of the seeds.

    Raises
    ------
    UserError
        When a setting, the data or the device cannot be used.

    Warns
    -----
    RuntimeWarning
        When a network's loss stops being a number. It alone is stopped, and called ``diverged``.
    """
    tracks, device = Tracks.of(data), choose_device(device)
    betas = list(beta) if np.ndim(beta) else [beta] * len(seeds)
    if len(betas) != len(seeds) or not betas:
        raise UserError(f"{len(seeds)} seeds and {len(betas)} betas: give one of each per network")
    settings = [
        RunSettings(seed, beta, epochs, batch_size, learning_rate)
        for seed, beta in zip(seeds, betas, strict=True)
    ]
    path = None if folder is None else Path(folder) / "models" / f"{name}.safetensors"
    found = [] if path is None else checkpoints.load(path, architecture, tracks)
    runs = {run.settings: run for run in found}
    size, cores = architecture.network.stack_size, cpu_count()
    if device != "cpu":  # a GPU is not full before thousands of networks
        size, cores = len(settings) if size > 1 else 1, 1
    # Stacks are those of a run from scratch, so that one that goes on gives the same bits.
    stacks = [[s for s in stack if s not in runs] for stack in _stacks(settings, size, cores)]
    jobs = [partial(Stack, architecture, tracks, stack, device) for stack in stacks if stack]
    for done in _train(jobs, cores, epochs * sum(map(len, stacks)), name):
        runs |= {run.settings: run for run in done}
        if path is not None:  # after each stack, so that an interrupted study goes on from there
            checkpoints.save(path, architecture, tracks, [runs[s] for s in settings if s in runs])
    return Ensemble(architecture, tracks, [runs[s] for s in settings])


def untrained(architecture: Architecture, data, seeds: Sequence[int]) -> Ensemble:
    """Networks with their initial weights, the line that training has to beat."""
    return train(architecture, data, seeds, epochs=0)


def _stacks(settings: list[RunSettings], size: int, cores: int) -> list[list[RunSettings]]:
    """Networks in stacks of nearly equal size; no core waits for the last stack of another."""
    n = -(-len(settings) // size)
    if n > 1:
        n = min(len(settings), -(-n // cores) * cores)
    return [[settings[i] for i in part] for part in np.array_split(range(len(settings)), n)]


def _train(
    stacks: list[Callable[[], Stack]], cores: int, n_epochs: int, name: str
) -> Iterator[list[Run]]:
    """Build and train stacks, one per core at a time; they come as they are done."""
    interrupted = threading.Event()
    # Delayed: a run of seconds leaves no trace in a notebook.
    options = {"unit": "epoch", "file": sys.stderr, "mininterval": 1, "delay": 3, "leave": False}
    pool = ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,))
    with one_thread(), pool, tqdm(total=n_epochs, desc=name, **options) as bar:

        def tick(n_networks: int) -> None:
            if interrupted.is_set():
                raise KeyboardInterrupt
            with bar.get_lock():
                bar.update(n_networks)

        try:
            jobs = [pool.submit(lambda stack: stack().train(tick), stack) for stack in stacks]
            for job in as_completed(jobs):
                for run in job.result():
                    if run.diverged:
                        one = f"seed {run.settings.seed} and beta {run.settings.beta:g}"
                        warnings.warn(
                            f"{name}: the network with {one} diverged in epoch "
                            f"{len(run.total) - 1} and was stopped; the others are not touched",
                            RuntimeWarning,
                            stacklevel=3,
                        )
                yield job.result()
        except BaseException:
            interrupted.set()
            pool.shutdown(cancel_futures=True)
            raise
