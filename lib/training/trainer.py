"""One trainer for every network: many seeds and betas of one architecture at once.

A *member* is one network with its own seed and settings. Its initial weights, the order of its
batches and its noise come from its seed alone, so that a member trained among forty equals the
one trained alone (to the rounding of the matrix library). Members stand side by side in banks,
and banks are shared out over the cores.
"""

import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from joblib import cpu_count
from tqdm import tqdm

from lib.errors import UserError
from lib.models.autoencoder import build
from lib.runtime import choose_device, one_thread
from lib.training import checkpoints
from lib.training.bank import Bank, kl_weight, n_held_out
from lib.training.ensemble import Data, Fit, Member, Trained, each, tensors

__all__ = ["Trained", "grid", "kl_weight", "load", "random_encoder", "train"]


def grid(seeds: Sequence[int], betas: Sequence[float]) -> dict[str, list]:
    """Every seed with every beta, beta by beta: ``train(architecture, data, **grid(...))``."""
    pairs = [(int(seed), float(beta)) for beta in betas for seed in seeds]
    return {"seeds": [seed for seed, _ in pairs], "beta": [beta for _, beta in pairs]}


def train(
    architecture: partial,
    data,
    seeds: Sequence[int],
    *,
    beta: float | Sequence[float] = 1.0,
    epochs: int = 100,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    warmup_epochs: int = 0,
    held_out: float = 0.0,
    patience: int = 0,
    clip_norm: float = 0.0,
    dtype: str = "float32",
    device: str = "auto",
    workers: int = 0,
    folder: str | Path | None = None,
    name: str = "vae",
) -> Trained:
    """Train one member per seed, or load those that are already there.

    Minimises reconstruction + beta x KL per track with Adam (see `lib.models.autoencoder.Losses`).
    Every setting from ``beta`` to ``clip_norm`` is one value for all members or one for each.

    Parameters
    ----------
    architecture : functools.partial
        Builds a bank of that many members, for example
        ``partial(models.VAE, n_features=20, latent_dim=16, hidden=(128, 64))``.
    data : array (N, ...) or dict of arrays
        Standardised features (N, F), images (N, channels, H, W), or several arrays by name, with
        one row per track. Batches reach the network in the same form, as (M, B, ...).
    seeds : sequence of int
        One per member.
    beta : float
        Weight of the KL term.
    epochs : int
        0: an untrained network.
    batch_size : int
        Batches are of nearly equal size and at most this.
    learning_rate : float
    warmup_epochs : int
        See `kl_weight`.
    held_out, patience : float, int
        Early stopping: this share of the tracks is held out, and training ends when the loss on it
        has not fallen for so many epochs after the warm-up; the best epoch's weights are kept.
        0: off.
    clip_norm : float
        Largest norm of a member's gradient; 0: no limit.
    dtype : str
        float32 or float64.
    device : str
        auto (what is there), cpu, cuda or mps.
    workers : int
        Threads to share banks out to; 0: one per core.
    folder : path, optional
        Results folder. Members that ``models/<name>.safetensors`` there has for the same
        architecture, data and settings are loaded, the others trained, and all are saved. Left out:
        nothing is read or written.
    name : str
        Of the file, the progress bar and the warnings.

    Returns
    -------
    Trained

    Raises
    ------
    UserError
        When a setting, the data or the device cannot be used.

    Warns
    -----
    RuntimeWarning
        When a member's loss stops being a number. It alone is stopped, and called ``diverged``.
    """
    settings = {
        "beta": beta,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "warmup_epochs": warmup_epochs,
        "held_out": held_out,
        "patience": patience,
        "clip_norm": clip_norm,
    }
    members = _members(seeds, settings, dtype)
    device = choose_device(device)
    data = tensors(data, dtype)
    _check(architecture, data, members, name)

    path = None if folder is None else Path(folder) / "models" / f"{name}.safetensors"
    fits = {} if path is None else _saved(path, architecture, data)
    workers = 1 if device != "cpu" else workers or cpu_count()
    # Banks are those of a run from scratch, so that one that goes on gives the same bits.
    banks = _banks(members, architecture.func.bank_size, workers, device)
    missing = [[member for member in bank if member not in fits] for bank in banks]
    for bank in _train(architecture, data, [b for b in missing if b], device, workers, name):
        fits |= {fit.member: fit for fit in bank}
        if path is not None:  # after each bank, so that an interrupted study goes on from there
            done = [fits[member] for member in members if member in fits]
            checkpoints.save(path, architecture, data, done)
    return Trained(architecture, data, [fits[member] for member in members])


def load(architecture: partial, data, *, folder: str | Path, name: str = "vae") -> Trained:
    """Load all members that `train` saved under a name; parameters as there.

    Raises
    ------
    UserError
        When there are none, or they belong to another architecture or other data.
    """
    path = Path(folder) / "models" / f"{name}.safetensors"
    fits = checkpoints.load(path, architecture, tensors(data, "float32"))
    return Trained(architecture, tensors(data, fits[0].member.dtype), fits)


def random_encoder(architecture: partial, data, seeds: Sequence[int]) -> Trained:
    """Untrained networks, the line that training has to beat."""
    return train(architecture, data, seeds, epochs=0)


def _members(seeds: Sequence[int], settings: dict, dtype: str) -> list[Member]:
    """One member per seed, with its share of each setting."""
    seeds = list(seeds)
    if not seeds:
        raise UserError("seeds is empty: give at least one")
    columns = {}
    for setting, value in settings.items():
        columns[setting] = list(value) if np.ndim(value) else [value] * len(seeds)
        if len(columns[setting]) != len(seeds):
            raise UserError(
                f"{setting} has {len(columns[setting])} values for {len(seeds)} seeds: "
                "give one for all, or one for each"
            )
    rows = zip(*columns.values(), strict=True)
    members = [
        Member(seed, **dict(zip(columns, row, strict=True)), dtype=dtype)
        for seed, row in zip(seeds, rows, strict=True)
    ]
    for member in members:
        if members.count(member) > 1:
            raise UserError(f"seed {member.seed} comes twice with the same settings")
    return members


def _check(architecture: partial, data: Data, members: list[Member], name: str) -> None:
    """Refuse what cannot be trained, before an hour is spent."""
    checkpoints.describe(architecture)
    counts = {len(x) for x in (data.values() if isinstance(data, dict) else [data])}
    if len(counts) != 1 or min(counts) < 3:
        raise UserError(f"{name}: data must have the same tracks throughout, three or more")
    held_out = max(member.held_out for member in members)
    left = min(counts) - n_held_out(min(counts), held_out)
    if left < 2:
        raise UserError(
            f"{name}: held_out {held_out:g} leaves {left} tracks to learn from: lower it"
        )
    for part, x in data.items() if isinstance(data, dict) else [("data", data)]:
        broken = (~x.reshape(len(x), -1).isfinite()).any(1).nonzero().flatten().tolist()
        if broken:
            raise UserError(f"{name}: {part} has NaN or infinity in rows {broken[:5]}")
    model = build(architecture)
    try:
        sample = each(lambda x: x[None, :2].to(next(model.parameters()).dtype), data)
        model.loss(sample, torch.zeros(1, 2, model.noise_dim))
    except (RuntimeError, ValueError, IndexError, KeyError) as error:
        shape = checkpoints.shape_of(data)
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{name}: the network cannot take data of shape {shape}: {reason}"
        ) from None


def _saved(path: Path, architecture: partial, data: Data) -> dict[Member, Fit]:
    """The members in a file; none when there is no file, or it does not fit any more."""
    try:
        return {fit.member: fit for fit in checkpoints.load(path, architecture, data)}
    except UserError:
        return {}


def _train(
    architecture: partial,
    data: Data,
    banks: list[list[Member]],
    device: str,
    workers: int,
    name: str,
) -> Iterator[list[Fit]]:
    """Train banks, so many at a time; they come as they are done."""
    interrupted = threading.Event()
    members = [member for bank in banks for member in bank]

    with (
        one_thread(),
        tqdm(
            total=sum(member.epochs for member in members),
            desc=f"{name}: {len(members)} models",
            unit="epoch",
            file=sys.stderr,
            mininterval=1,
            delay=3,  # a run of seconds leaves no trace in a notebook
            leave=False,
        ) as bar,
        ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool,
    ):

        def tick(count: int) -> None:
            if interrupted.is_set():
                raise KeyboardInterrupt
            with bar.get_lock():
                bar.update(count)

        try:
            jobs = [
                pool.submit(lambda bank: Bank(architecture, data, bank, device).train(tick), bank)
                for bank in banks
            ]
            for job in as_completed(jobs):
                for fit in job.result():
                    _warn_if_diverged(fit, name)
                yield job.result()
        except BaseException:
            interrupted.set()
            pool.shutdown(cancel_futures=True)
            raise


def _banks(members: list[Member], size: int, workers: int, device: str) -> list[list[Member]]:
    """Members in banks of nearly equal size, alike in all but seed and beta."""
    groups = {}
    for member in members:
        groups.setdefault(replace(member, seed=0, beta=0.0), []).append(member)
    banks = []
    for group in groups.values():
        whole = device != "cpu" and size > 1  # a GPU is not full before thousands
        n = 1 if whole else -(-len(group) // size)
        if n > 1:  # no core waits for the last bank of another
            n = min(len(group), -(-n // workers) * workers)
        banks += [[group[i] for i in part] for part in np.array_split(range(len(group)), n)]
    return banks


def _warn_if_diverged(fit: Fit, name: str) -> None:
    if not all(tensor.isfinite().all() for tensor in fit.state.values()):
        warnings.warn(
            f"{name}: the member with seed {fit.member.seed} and beta {fit.member.beta:g} diverged "
            f"in epoch {len(fit.history['total']) - 1} and was stopped; the others are not touched",
            RuntimeWarning,
            stacklevel=4,
        )
