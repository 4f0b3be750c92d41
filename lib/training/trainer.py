"""One trainer for every network: many seeds and betas of one architecture at once.

The initial weights of a network, the order of its batches and its noise come from its seed alone,
so that one trained among forty equals the one trained alone (to the rounding of the matrix
library). Networks stand side by side in stacks, and stacks are shared out over the cores.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
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
    pairs = [(int(seed), float(beta)) for beta in betas for seed in seeds]
    return {"seeds": [seed for seed, _ in pairs], "beta": [beta for _, beta in pairs]}


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
    tracks = Tracks.of(data)
    betas = list(beta) if np.ndim(beta) else [beta] * len(seeds)
    if len(betas) != len(seeds):
        raise UserError(f"{len(betas)} values of beta for {len(seeds)} seeds: give one for each")
    settings = [
        RunSettings(seed, beta, epochs, batch_size, learning_rate)
        for seed, beta in zip(seeds, betas, strict=True)
    ]
    device = choose_device(device)
    _check(architecture, tracks, settings, name)

    path = None if folder is None else Path(folder) / "models" / f"{name}.safetensors"
    found = [] if path is None else checkpoints.load(path, architecture, tracks)
    runs = {run.settings: run for run in found}
    # Stacks are those of a run from scratch, so that one that goes on gives the same bits.
    stacks = _stacks(settings, architecture.network.stack_size, device)
    missing = [[s for s in stack if s not in runs] for stack in stacks]
    for done in _train(architecture, tracks, [m for m in missing if m], device, name):
        runs |= {run.settings: run for run in done}
        if path is not None:  # after each stack, so that an interrupted study goes on from there
            checkpoints.save(path, architecture, tracks, [runs[s] for s in settings if s in runs])
    return Ensemble(architecture, tracks, [runs[s] for s in settings])


def untrained(architecture: Architecture, data, seeds: Sequence[int]) -> Ensemble:
    """Networks with their initial weights, the line that training has to beat."""
    return train(architecture, data, seeds, epochs=0)


def _check(
    architecture: Architecture, tracks: Tracks, settings: list[RunSettings], name: str
) -> None:
    """Refuse what cannot be trained, before an hour is spent."""
    if not settings:
        raise UserError("seeds is empty: give at least one")
    for one in settings:
        if settings.count(one) > 1:
            raise UserError(f"seed {one.seed} comes twice with the same settings")
    if len(tracks) < 3:
        raise UserError(f"{name}: {len(tracks)} tracks are too few to train on: give three or more")
    model = architecture.build()
    try:
        model.loss(tracks.batch(torch.arange(2)[None]), torch.zeros(1, 2, model.noise_dim))
    except (RuntimeError, ValueError, IndexError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{name}: the network cannot take data of shape {tracks.shape}: {reason}"
        ) from None


def _stacks(settings: list[RunSettings], size: int, device: str) -> list[list[RunSettings]]:
    """Networks in stacks of nearly equal size; no core waits for the last stack of another."""
    whole = device != "cpu" and size > 1  # a GPU is not full before thousands
    n = 1 if whole else -(-len(settings) // size)
    if n > 1:
        workers = _workers(device)
        n = min(len(settings), -(-n // workers) * workers)
    return [[settings[i] for i in part] for part in np.array_split(range(len(settings)), n)]


def _workers(device: str) -> int:
    return cpu_count() if device == "cpu" else 1


def _train(
    architecture: Architecture,
    tracks: Tracks,
    stacks: list[list[RunSettings]],
    device: str,
    name: str,
) -> Iterator[list[Run]]:
    """Train stacks, so many at a time as there are cores; they come as they are done."""
    interrupted = threading.Event()
    everyone = [settings for stack in stacks for settings in stack]
    bar = tqdm(
        total=sum(settings.epochs for settings in everyone),
        desc=f"{name}: {len(everyone)} networks",
        unit="epoch",
        file=sys.stderr,
        mininterval=1,
        delay=3,  # a run of seconds leaves no trace in a notebook
        leave=False,
    )
    pool = ThreadPoolExecutor(_workers(device), initializer=torch.set_num_threads, initargs=(1,))

    def tick(count: int) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        with bar.get_lock():
            bar.update(count)

    def job(settings: list[RunSettings]) -> list[Run]:
        return Stack(architecture, tracks, settings, device).train(tick)

    with one_thread(), bar, pool:
        try:
            for done in as_completed([pool.submit(job, settings) for settings in stacks]):
                for run in done.result():
                    _warn_if_diverged(run, name)
                yield done.result()
        except BaseException:
            interrupted.set()
            pool.shutdown(cancel_futures=True)
            raise


def _warn_if_diverged(run: Run, name: str) -> None:
    if run.diverged:
        warnings.warn(
            f"{name}: the network with seed {run.settings.seed} and beta {run.settings.beta:g} "
            f"diverged in epoch {len(run.total) - 1} and was stopped; the others are not touched",
            RuntimeWarning,
            stacklevel=4,
        )
