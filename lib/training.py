"""One trainer for every network: many seeds and betas of one architecture at once.

A *member* is one network with its own seed and beta. Its initialisation, the order of its batches
and its noise come from its seed alone, so a member trained among forty equals the one trained
alone (up to the rounding of the matrix library).
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from lib.health import health
from lib.models import Losses, count_parameters

Data = Tensor | dict[str, Tensor]


@dataclass(frozen=True)
class Settings:
    """How members are trained; see `train` for the meaning of each."""

    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 1e-3
    warmup_epochs: int = 0
    dtype: str = "float32"


def kl_weight(epoch: int, warmup_epochs: int = 0) -> float:
    """Weight of the KL term in an epoch: from 0 linearly to 1 (KL warm-up, arXiv 1602.02282).

    Parameters
    ----------
    epoch : int
        Counted from 0.
    warmup_epochs : int
        The weight is epoch / warmup_epochs until that epoch, and 1 from then on; 0: always 1.
    """
    return min(1.0, epoch / warmup_epochs) if warmup_epochs > 0 else 1.0


def grid(seeds: Sequence[int], betas: Sequence[float]) -> tuple[list[int], list[float]]:
    """Every seed with every beta, as the two lists that `train` takes (beta by beta)."""
    pairs = [(seed, float(beta)) for beta in betas for seed in seeds]
    return [seed for seed, _ in pairs], [beta for _, beta in pairs]


def choose_device(name: str = "auto") -> str:
    """The device to train on: ``auto`` takes cuda, then mps, then cpu."""
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return next(device for device, available in there.items() if available)
    if name not in there:
        raise ValueError(f"device is {name!r}: choose auto, {', '.join(there)}")
    if not there[name]:
        raise ValueError(f"device is {name!r}, but torch finds none here: choose auto or cpu")
    return name


def each(function: Callable[[Tensor], Tensor], data: Data) -> Data:
    """Apply a function to one tensor, or to every tensor of a dictionary."""
    if isinstance(data, dict):
        return {name: function(tensor) for name, tensor in data.items()}
    return function(data)


class Streams:
    """The random numbers of one member, a function of its seed only."""

    def __init__(self, seed: int):
        initial, steps = np.random.SeedSequence(seed).generate_state(2, np.uint32)
        self.initial = int(initial)
        self.steps = torch.Generator().manual_seed(int(steps))

    def state(self, architecture) -> dict[str, Tensor]:
        """Initial weights and buffers of a bank of one."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.initial)
            return architecture(1).state_dict()


def build(architecture, states: Sequence[dict[str, Tensor]]) -> nn.Module:
    """The bank that holds these members side by side (each state has a leading member axis)."""
    model = architecture(sum(len(next(iter(state.values()))) for state in states))
    model.load_state_dict({k: torch.cat([s[k] for s in states]) for k in states[0]})
    return model


def train_bank(architecture, data: Data, seeds, beta, settings: Settings, device="cpu", tick=None):
    """Train a few members side by side.

    Returns
    -------
    state : dict of Tensor (M, ...)
    history : dict of array (M, epochs, ...)
        reconstruction (M, epochs) and kl (M, epochs, d): means over the tracks of an epoch.
    """
    dtype = getattr(torch, settings.dtype)
    data = each(lambda x: x.to(device, dtype), data)
    n_tracks = len(next(iter(data.values())) if isinstance(data, dict) else data)
    streams = [Streams(seed) for seed in seeds]
    model = build(architecture, [s.state(architecture) for s in streams]).to(device, dtype)
    optimizer = torch.optim.Adam([flatten(list(model.parameters()))], lr=settings.learning_rate, fused=True)
    beta = torch.tensor(beta, dtype=dtype, device=device)

    # Batches of nearly equal size: no small last batch, whose statistics would be noise.
    n_batches = -(-n_tracks // settings.batch_size)
    history = {"reconstruction": [], "kl": []}
    model.train()
    for epoch in range(settings.epochs):
        order = torch.stack([torch.randperm(n_tracks, generator=s.steps) for s in streams])
        noise = torch.stack(
            [
                torch.randn(n_tracks, model.noise_dim, generator=s.steps, dtype=dtype)
                for s in streams
            ]
        ).to(device)
        weight = beta * kl_weight(epoch, settings.warmup_epochs)
        batches = []
        for index, e in zip(
            order.to(device).tensor_split(n_batches, dim=1), noise.tensor_split(n_batches, dim=1)
        ):
            losses = model.loss(each(lambda x: x[index], data), e)
            sums = Losses(losses.reconstruction.sum(1), losses.kl.sum(1))
            objective = (sums.reconstruction + weight * sums.kl.sum(-1)).sum() / index.shape[1] # members share no weight
            optimizer.zero_grad(set_to_none=False)
            objective.backward()
            optimizer.step()
            batches.append(Losses(*(part.detach() for part in sums)))
        history["reconstruction"].append(sum(b.reconstruction for b in batches).cpu() / n_tracks)
        history["kl"].append(sum(b.kl for b in batches).cpu() / n_tracks)
        if tick is not None:
            tick(len(seeds))
    state = {k: v.cpu() for k, v in model.state_dict().items()}
    if settings.epochs == 0:
        return state, None
    return state, {k: torch.stack(v, dim=1).numpy() for k, v in history.items()}


def flatten(parameters: list[nn.Parameter]) -> nn.Parameter:
    """One long parameter that the given ones become views of: Adam then steps once, not 20 times."""
    flat = nn.Parameter(torch.cat([p.detach().flatten() for p in parameters]))
    flat.grad = torch.zeros_like(flat)
    sizes = [p.numel() for p in parameters]
    for p, data, grad in zip(parameters, flat.detach().split(sizes), flat.grad.split(sizes)):
        p.data, p.grad = data.view_as(p), grad.view_as(p)
    return flat


class Trained:
    """Trained members of one architecture, and what they say about the data they were trained on.

    Attributes
    ----------
    seeds, beta : array (M,)
    z : array (M, N, d)
        Posterior means.
    logvar : array (M, N, d) or None
        Posterior log-variances; None for a plain autoencoder.
    history : DataFrame
        One row per member and epoch: seed, beta, epoch, total, reconstruction, kl, kl_0, kl_1 ...
    health : DataFrame
        One row per member: seed, beta, r2, kl, active_units, total_correlation, verdict.
    n_parameters : int
        Of one member.
    """

    def __init__(self, architecture, data: Data, seeds, beta, settings, state, history):
        self.architecture = architecture
        self.data = data
        self.seeds = np.asarray(seeds)
        self.beta = np.asarray(beta, dtype=float)
        self.settings = settings
        self.state = state
        self.n_parameters = count_parameters(architecture(1))
        self.history = self._history(history)

        encoded = [self._encode(member) for member in range(len(self.seeds))]
        self.z = np.stack([mean for mean, _, _ in encoded])
        self.logvar = None if encoded[0][1] is None else np.stack([e[1] for e in encoded])
        self.health = pd.DataFrame([row for _, _, row in encoded])

    def member(self, m: int) -> nn.Module:
        """Member m as a network of its own (a bank of one), in evaluation mode."""
        model = build(self.architecture, [{k: v[m : m + 1] for k, v in self.state.items()}])
        return model.to(getattr(torch, self.settings.dtype)).eval()

    @torch.no_grad()
    def _encode(self, m: int):
        model = self.member(m)
        x = each(lambda x: x[None], self.data)
        mean, logvar = model.encode(x)
        noise = mean.new_zeros(*mean.shape[:2], model.noise_dim)
        kl = model.loss(x, noise).kl[0].mean(0).numpy()
        row = health(
            model.target(x)[0].numpy(),
            model.reconstruct(x)[0].numpy(),
            mean[0].numpy(),
            kl if len(kl) else None,
        )
        if self.settings.epochs == 0:
            row["verdict"] = "untrained"
        row = {"seed": int(self.seeds[m]), "beta": self.beta[m], **row}
        return mean[0].numpy(), None if logvar is None else logvar[0].numpy(), row

    def _history(self, history) -> pd.DataFrame:
        columns = ["seed", "beta", "epoch", "total", "reconstruction", "kl"]
        if history is None:
            return pd.DataFrame(columns=columns)
        tables = []
        for m, (seed, beta) in enumerate(zip(self.seeds, self.beta)):
            kl = history["kl"][m]
            epochs = np.arange(len(kl))
            weight = [kl_weight(e, self.settings.warmup_epochs) for e in epochs]
            reconstruction = history["reconstruction"][m]
            table = {
                "seed": seed,
                "beta": beta,
                "epoch": epochs,
                "total": reconstruction + beta * np.array(weight) * kl.sum(-1),
                "reconstruction": reconstruction,
                "kl": kl.sum(-1) if kl.shape[1] else np.nan,
            }
            table |= {f"kl_{j}": kl[:, j] for j in range(kl.shape[1])}
            tables.append(pd.DataFrame(table))
        return pd.concat(tables, ignore_index=True)

    @torch.no_grad()
    def reconstruct(self, data=None) -> np.ndarray:
        """Reconstruction from the posterior mean by every member: (M, N, ...).

        Parameters
        ----------
        data : array (N, ...) or dict of arrays, optional
            Prepared as the training data was; left out: the training data.
        """
        data = self.data if data is None else tensors(data, self.settings.dtype)
        x = each(lambda x: x[None], data)
        members = range(len(self.seeds))
        return np.stack([self.member(m).reconstruct(x)[0].numpy() for m in members])

    @torch.no_grad()
    def decode(self, z) -> np.ndarray:
        """What each member makes of codes z, (n, d) for all or (M, n, d): (M, n, ...)."""
        z = torch.as_tensor(np.asarray(z), dtype=getattr(torch, self.settings.dtype))
        z = z.expand(len(self.seeds), *z.shape[-2:])
        return np.stack(
            [self.member(m).decode(z[m : m + 1])[0].numpy() for m in range(len(self.seeds))]
        )


def tensors(data, dtype: str) -> Data:
    """Data as torch tensors: one for an array, a dictionary of them for a dictionary."""
    if isinstance(data, dict):
        return {name: tensors(array, dtype) for name, array in data.items()}
    return torch.as_tensor(np.asarray(data), dtype=getattr(torch, dtype))


def train(
    architecture,
    data,
    seeds: Sequence[int],
    *,
    beta: float | Sequence[float] = 1.0,
    epochs: int = 100,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    warmup_epochs: int = 0,
    dtype: str = "float32",
    device: str = "auto",
    folder=None,
    name: str = "vae",
    progress: bool = True,
) -> Trained:
    """Train M members of one architecture.

    Parameters
    ----------
    architecture : functools.partial
        Builds a bank from a number of members, for example
        ``partial(models.VAE, n_features=20, latent_dim=16, hidden=(128, 64))``.
    data : array (N, ...) or dict of arrays
        Standardised features (N, F), images (N, 1, H, W), or several such arrays by name; batches
        reach the network in the same form with a leading member dimension.
    seeds : sequence of int
        One per member.
    beta : float or sequence of float
        Weight of the KL term, for all or one per member; see `grid`.
    epochs, batch_size, learning_rate : int, int, float
    warmup_epochs : int
        See `kl_weight`.
    dtype : str
        float32 or float64.
    device : str
        auto, cpu, cuda or mps.
    """
    seeds = [int(seed) for seed in seeds]
    beta = [float(b) for b in np.broadcast_to(beta, len(seeds))]
    settings = Settings(epochs, batch_size, learning_rate, warmup_epochs, dtype)
    device = choose_device(device)
    data = tensors(data, dtype)
    size = architecture.func.bank_size
    banks = [slice(i, i + size) for i in range(0, len(seeds), size)]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tqdm(
            total=len(seeds) * epochs,
            desc=name,
            unit="epoch",
            file=sys.stderr,
            mininterval=1,
            disable=not progress,
        ) as bar:
            results = [
                train_bank(architecture, data, seeds[b], beta[b], settings, device, bar.update)
                for b in banks
            ]
    finally:
        torch.set_num_threads(threads)
    state = {k: torch.cat([s[k] for s, _ in results]) for k in results[0][0]}
    history = None
    if epochs:
        history = {k: np.concatenate([h[k] for _, h in results]) for k in results[0][1]}
    return Trained(architecture, data, seeds, beta, settings, state, history)


def random_encoder(architecture, data, seeds: Sequence[int], **settings) -> Trained:
    """Untrained encoders, for comparison: `train` with no epochs at all."""
    return train(architecture, data, seeds, epochs=0, progress=False, **settings)
