"""Trained networks, and what they make of the tracks that they were trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from lib.errors import UserError
from lib.evaluation import health
from lib.models import Autoencoder
from lib.runtime import one_thread
from lib.training.architecture import Architecture
from lib.training.run import Run
from lib.training.tracks import Batch, Tracks


class Ensemble:
    """Networks of one architecture that differ in seed or beta, and what they make of their tracks.

    Attributes
    ----------
    seeds, betas : array (M,)
    z : array (M, N, d)
        Posterior means; the codes of a plain autoencoder. NaN for a network that diverged.
    logvar : array (M, N, d) or None
        Posterior log-variances; None for a plain autoencoder.
    history : DataFrame
        One row per network and epoch: seed, beta, epoch (from 0), total (what was minimised),
        reconstruction, kl, and kl_0, kl_1 ... by latent dimension (then what else
        `lib.models.Losses` has); in nats per track.
    health : DataFrame
        One row per network: seed, beta, r2, kl, active_units, total_correlation, verdict (see
        `lib.evaluation.health`; ``untrained`` after no epochs).
    n_parameters : int
        Of one network.
    architecture : Architecture
    tracks : Tracks
    runs : list of Run
    """

    def __init__(
        self,
        architecture: Architecture,
        tracks: Tracks,
        runs: Sequence[Run],
        codes: Sequence[tuple] | None = None,
    ):
        self.architecture, self.tracks, self.runs = architecture, tracks, list(runs)
        self.seeds = np.array([run.settings.seed for run in self.runs])
        self.betas = np.array([run.settings.beta for run in self.runs])
        self.history = pd.concat([run.history for run in self.runs], ignore_index=True)
        self.n_parameters = architecture.n_parameters
        self._codes = list(self._evaluate()) if codes is None else codes
        z, logvar, rows = zip(*self._codes, strict=True)
        self.z = np.stack(z)
        self.logvar = None if logvar[0] is None else np.stack(logvar)
        self.health = pd.DataFrame(rows)

    def select(self, *, beta: float | None = None, seed: int | None = None) -> Ensemble:
        """Return the networks that have this beta or seed; they do not encode the tracks again."""
        chosen = [
            m
            for m, run in enumerate(self.runs)
            if beta in (None, run.settings.beta) and seed in (None, run.settings.seed)
        ]
        if not chosen:
            raise UserError(f"no network has beta {beta} and seed {seed}")
        runs, codes = ([part[i] for i in chosen] for part in (self.runs, self._codes))
        return Ensemble(self.architecture, self.tracks, runs, codes)

    def network(self, index: int = 0) -> Autoencoder:
        """One of the networks by its number, as a stack of one, in evaluation mode."""
        model = self.architecture.build()
        model.load_state_dict(self.runs[index].state)
        return model.eval()

    def as_torch(self, index: int = 0) -> dict[str, Tensor]:
        """Return the state of one network for a module of `torch.nn` whose layers are so named."""
        state = {name: tensor[0] for name, tensor in self.runs[index].state.items()}
        linear = [name for name in state if name.endswith("weight") and state[name].dim() == 2]
        biases = [name for name in state if name.endswith("bias")]
        state |= {name: state[name].T for name in linear}
        return state | {name: state[name].flatten() for name in biases}

    def map(self, function: Callable[[Autoencoder, Batch], Tensor]) -> np.ndarray:
        """Apply a function to every network and all tracks.

        Parameters
        ----------
        function : callable
            From a network (a stack of one) and a batch (1, B, ...) to a tensor (1, B, ...), such as
            ``VaDE.assign``.

        Returns
        -------
        array (M, N, ...)
            One row per network.
        """
        return np.stack([found[0] for found in self._apply(lambda *both: [function(*both)])])

    def reconstruct(self) -> np.ndarray:
        """Decode the posterior means of all tracks with every network: (M, N, ...)."""
        return self.map(lambda network, x: network.reconstruct(x))

    def decode(self, z: ArrayLike, **inputs: ArrayLike) -> np.ndarray:
        """Decode the same codes with every network.

        Parameters
        ----------
        z : array (n, d)
            Codes.
        **inputs : array (n, ...)
            What else the network's ``decode`` takes, such as a condition.

        Returns
        -------
        array (M, n, ...)
            One row per network.
        """
        dtype = torch.get_default_dtype()
        given = {k: torch.tensor(v, dtype=dtype)[None] for k, v in {"z": z, **inputs}.items()}
        with one_thread(), torch.no_grad():
            return np.stack(
                [self.network(m).decode(**given)[0].numpy() for m in range(len(self.runs))]
            )

    def _apply(self, function: Callable) -> Iterator[list[np.ndarray]]:
        """For each network, the arrays that a function of it and a batch gives for all tracks."""
        with one_thread(), torch.no_grad():
            for m in range(len(self.runs)):
                network = self.network(m)
                parts = [function(network, batch) for batch in self.tracks.chunks()]
                yield [torch.cat(part, dim=1)[0].numpy() for part in zip(*parts, strict=True)]

    def _evaluate(self) -> Iterator[tuple]:
        """For each network, its codes, their log-variance, and its row of the health table."""
        for run, found in zip(self.runs, self._apply(_encode), strict=True):
            z, target, reconstruction, kl, *logvar = found
            kl = kl.mean(axis=0)
            row = {"seed": run.settings.seed, "beta": run.settings.beta}
            row |= health.record(target, reconstruction, z, kl if len(kl) else None)
            if run.settings.epochs == 0:
                row["verdict"] = "untrained"
            yield z, logvar[0] if logvar else None, row


def _encode(network: Autoencoder, x: Batch) -> list[Tensor]:
    """All that the health of a network is read from; the log-variance last, if it has any."""
    mean, logvar = network.encode(x)
    noise = mean.new_zeros(*mean.shape[:2], network.noise_dim)
    found = [mean, network.target(x), network.reconstruct(x), network.rate(x, noise)]
    return found if logvar is None else [*found, logvar]
