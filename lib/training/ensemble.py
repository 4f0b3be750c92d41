"""Trained networks, and what they make of the tracks that they were trained on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from lib.errors import UserError
from lib.evaluation.health import health
from lib.models.autoencoder import build, count_parameters
from lib.runtime import one_thread

Data = Tensor | dict[str, Tensor]
CHUNK = 1024  # tracks looked at together, so that a large corpus of images fits the memory


@dataclass(frozen=True)
class Member:
    """Who a network is: its seed, and all that it is trained with (see `lib.training.trainer.train`)."""

    seed: int
    beta: float = 1.0
    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 1e-3
    warmup_epochs: int = 0
    held_out: float = 0.0
    patience: int = 0
    clip_norm: float = 0.0
    dtype: str = "float32"

    def __post_init__(self):
        if self.dtype not in ("float32", "float64"):
            raise UserError(f"dtype must be float32 or float64, not {self.dtype!r}")
        for field in fields(self)[:-1]:
            value = getattr(self, field.name)
            least = 3 if field.name == "batch_size" else 0  # BatchNorm cannot do with one track
            if not np.isfinite(value) or value < least or field.type(value) != value:
                kind = "a whole number" if field.type is int else "a number"
                raise UserError(f"{field.name} must be {kind}, at least {least}, not {value!r}")
            object.__setattr__(self, field.name, field.type(value))  # no numpy scalars in the json
        if self.held_out >= 1 or (self.held_out > 0) != (self.patience > 0):
            raise UserError(
                "early stopping takes a share held_out below 1 and a patience of at least 1 epoch, "
                f"not {self.held_out} and {self.patience}"
            )


@dataclass(frozen=True)
class Fit:
    """One trained member.

    Attributes
    ----------
    member : Member
    state : dict of Tensor (1, ...)
        Weights and buffers of a bank of one.
    history : dict of array (epochs, ...)
        Per epoch: total, reconstruction, kl (epochs, d), and held_out with early stopping.
    """

    member: Member
    state: dict[str, Tensor]
    history: dict[str, np.ndarray]


class Trained:
    """Trained members of one architecture, and what they make of their tracks.

    Attributes
    ----------
    seeds, beta : array (M,)
    z : array (M, N, d)
        Posterior means; the codes of a plain autoencoder. NaN for a member that diverged.
    logvar : array (M, N, d) or None
        Posterior log-variances; None for a plain autoencoder.
    history : DataFrame
        One row per member and epoch: seed, beta, epoch (from 0), total (what was minimised),
        reconstruction, kl, held_out, and kl_0, kl_1 ... by latent dimension (then what else
        `lib.models.autoencoder.Losses` has); in nats per track.
    health : DataFrame
        One row per member: seed, beta, r2, kl, active_units, total_correlation, verdict (see
        `lib.evaluation.health`; ``untrained`` after no epochs).
    n_parameters : int
        Of one member.
    members : list of Member
    """

    def __init__(self, architecture: partial, data: Data, fits: Sequence[Fit]):
        self.architecture = architecture
        self.data = data
        self.fits = list(fits)
        self.members = [fit.member for fit in self.fits]
        self.seeds = np.array([member.seed for member in self.members])
        self.beta = np.array([member.beta for member in self.members])
        self.n_parameters = count_parameters(build(architecture))
        self.history = pd.concat([_history(fit) for fit in self.fits], ignore_index=True)

        codes = list(self._evaluate(_code, data))
        self.z = np.stack([code["mean"] for code in codes])
        self.logvar = np.stack([c["logvar"] for c in codes]) if "logvar" in codes[0] else None
        self.health = pd.DataFrame(
            [_health(member, code) for member, code in zip(self.members, codes, strict=True)]
        )

    def network(self, m: int) -> nn.Module:
        """Member m as a network of its own (a bank of one), in evaluation mode."""
        model = build(self.architecture).to(getattr(torch, self.members[m].dtype))
        model.load_state_dict(self.fits[m].state)
        return model.eval()

    def reconstruct(self, data=None) -> np.ndarray:
        """Decode the posterior mean of tracks with every member.

        Parameters
        ----------
        data : array (N, ...) or dict of arrays, optional
            Prepared as the training data was; left out: the training data.

        Returns
        -------
        array (M, N, ...)
        """
        data = self.data if data is None else tensors(data, self.members[0].dtype)
        return np.stack(
            [r["x"] for r in self._evaluate(lambda n, x: {"x": n.reconstruct(x)}, data)]
        )

    def decode(self, z, **inputs) -> np.ndarray:
        """Decode codes with every member.

        Parameters
        ----------
        z : array (n, d) or (M, n, d)
            The same codes for all members, or each its own.
        **inputs : array (n, ...)
            What else the network's ``decode`` takes, such as a condition.

        Returns
        -------
        array (M, n, ...)
        """
        dtype = self.members[0].dtype
        z = np.asarray(z)
        z = tensors(np.broadcast_to(z, (len(self.fits), *z.shape[-2:])), dtype)
        inputs = each(lambda x: x[None], tensors(inputs, dtype))
        with one_thread(), torch.no_grad():
            decoded = [self.network(m).decode(z[m : m + 1], **inputs) for m in range(len(z))]
        return torch.cat(decoded).numpy()

    def _evaluate(self, function: Callable, data: Data) -> Iterator[dict[str, np.ndarray]]:
        """For each member, the named tensors that a function of network and tracks gives."""
        with one_thread(), torch.no_grad():
            for m in range(len(self.fits)):
                network = self.network(m)
                parts = [function(network, chunk) for chunk in chunks(data)]
                yield {k: torch.cat([p[k][0] for p in parts]).numpy() for k in parts[0]}


def _code(network: nn.Module, x: Data) -> dict[str, Tensor]:
    """All that the health of a network is read from."""
    mean, logvar = network.encode(x)
    noise = mean.new_zeros(*mean.shape[:2], network.noise_dim)
    code = {"mean": mean, "kl": network.rate(x, noise)}
    code |= {"target": network.target(x), "reconstruction": network.reconstruct(x)}
    return code if logvar is None else code | {"logvar": logvar}


def _health(member: Member, code: dict[str, np.ndarray]) -> dict:
    """One row of the health table."""
    kl = code["kl"].mean(axis=0)
    row = health(code["target"], code["reconstruction"], code["mean"], kl if len(kl) else None)
    if member.epochs == 0:
        row["verdict"] = "untrained"
    return {"seed": member.seed, "beta": member.beta, **row}


def _history(fit: Fit) -> pd.DataFrame:
    """The history of one member as tidy rows."""
    columns = {"total": [], "reconstruction": [], "kl": np.empty((0, 0))} | fit.history
    kl = columns.pop("kl")
    table = {"seed": fit.member.seed, "beta": fit.member.beta, "epoch": np.arange(len(kl))}
    table |= columns | {"kl": kl.sum(axis=1) if kl.shape[1] else np.nan}
    return pd.DataFrame(table | {f"kl_{j}": kl[:, j] for j in range(kl.shape[1])})


def tensors(data, dtype: str) -> Data:
    """Arrays as torch tensors: one for an array, a dictionary of them for a dictionary."""
    if isinstance(data, dict):
        return {name: tensors(array, dtype) for name, array in data.items()}
    data = data if isinstance(data, Tensor) else np.array(data)  # a copy: the caller's may change
    return torch.as_tensor(data, dtype=getattr(torch, dtype))


def each(function: Callable[[Tensor], Tensor], data: Data) -> Data:
    """Apply a function to one tensor, or to every tensor of a dictionary."""
    if isinstance(data, dict):
        return {name: function(tensor) for name, tensor in data.items()}
    return function(data)


def chunks(data: Data) -> Iterator[Data]:
    """The tracks in order, some at a time, as batches for a bank of one."""
    for start in range(0, count_tracks(data), CHUNK):
        rows = slice(start, start + CHUNK)
        yield each(lambda x, rows=rows: x[None, rows], data)


def count_tracks(data: Data) -> int:
    """How many tracks there are."""
    return len(next(iter(data.values())) if isinstance(data, dict) else data)
