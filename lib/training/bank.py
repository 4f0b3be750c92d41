"""Training of one bank: a few members of one architecture, side by side on one core.

The loop looks like that of a single network; a leading member dimension runs through it. Each
member has its own random numbers, batches, statistics and loss, and since none of them meets
another, the gradient of the summed losses is the gradient of each.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from lib.models.autoencoder import build
from lib.training.ensemble import Data, Fit, Member, count_tracks, each


def kl_weight(epoch: int, warmup_epochs: int = 0) -> float:
    """Share of beta that the KL term has in an epoch: KL warm-up.

    A KL at full weight from the start can close the code before the decoder has learned to use
    it (Sønderby et al. 2016, arXiv 1602.02282).

    Parameters
    ----------
    epoch : int
        Counted from 0.
    warmup_epochs : int
        The share is epoch / warmup_epochs before that epoch, 1 from then on; 0: always 1.

    Returns
    -------
    float
        Between 0 and 1.
    """
    return min(1.0, epoch / warmup_epochs) if warmup_epochs else 1.0


def n_held_out(n_tracks: int, share: float) -> int:
    """How many tracks a share of them is: at least one, unless it is 0."""
    return max(1, round(share * n_tracks)) if share else 0


class Streams:
    """The random numbers of one member, a function of its seed alone.

    They are drawn on the CPU whatever the device, so that they are the same on each.
    """

    def __init__(self, seed: int):
        initial, steps = np.random.SeedSequence(seed).generate_state(2)
        self.initial = int(initial)
        self._steps = torch.Generator().manual_seed(int(steps))

    def permutation(self, n: int) -> Tensor:
        """The numbers below n in random order."""
        return torch.randperm(n, generator=self._steps)

    def normal(self, *shape: int, dtype: torch.dtype) -> Tensor:
        """Standard normal numbers."""
        return torch.randn(*shape, generator=self._steps, dtype=dtype)


def side_by_side(architecture: partial, states: Sequence[dict[str, Tensor]]) -> nn.Module:
    """The bank of members with these states."""
    model = build(architecture, len(states))
    model.load_state_dict({k: torch.cat([state[k] for state in states]) for k in states[0]})
    return model


def flatten(parameters: Sequence[nn.Parameter]) -> nn.Parameter:
    """One long parameter of which the given ones, and their gradients, become views.

    Adam then updates one tensor instead of twenty, which is a tenth of the time of a small network.
    """
    flat = nn.Parameter(torch.cat([p.detach().flatten() for p in parameters]))
    flat.grad = torch.zeros_like(flat)
    sizes = [p.numel() for p in parameters]
    for p, data, grad in zip(
        parameters, flat.detach().split(sizes), flat.grad.split(sizes), strict=True
    ):
        p.data, p.grad = data.view_as(p), grad.view_as(p)
    return flat


def clip_gradients(parameters: Sequence[nn.Parameter], limit: float) -> None:
    """Scale each member's gradient, in place, to a norm of at most ``limit``."""
    squares = sum(p.grad.flatten(1).square().sum(1) for p in parameters)
    scale = (limit / (squares.sqrt() + 1e-12)).clamp(max=1)
    for p in parameters:
        p.grad.mul_(scale.view(-1, *[1] * (p.dim() - 1)))


class Bank:
    """A few members in training, side by side.

    Parameters
    ----------
    architecture : functools.partial
        See `lib.training.trainer.train`.
    data : Tensor or dict of Tensor (N, ...)
    members : sequence of Member
        Alike in all but seed and beta.
    device : str
    """

    def __init__(
        self, architecture: partial, data: Data, members: Sequence[Member], device: str = "cpu"
    ):
        self.members = members
        self.plan = plan = members[0]
        self.device = device
        self.dtype = getattr(torch, plan.dtype)
        self.data = each(lambda x: x.to(device), data)
        self.streams = [Streams(member.seed) for member in members]
        self.beta = torch.tensor([m.beta for m in members], dtype=self.dtype, device=device)

        states = [build(architecture, 1, s.initial).state_dict() for s in self.streams]
        self.model = side_by_side(architecture, states).to(device, self.dtype)
        self.parameters = list(self.model.parameters())
        self.flat = flatten(self.parameters)
        self.optimizer = torch.optim.Adam([self.flat], lr=plan.learning_rate, fused=True)
        n_tracks = count_tracks(data)
        self.tracks = torch.arange(n_tracks).expand(len(members), -1)
        self.early_stopping = None
        if plan.patience:
            n_held = n_held_out(n_tracks, plan.held_out)
            shuffled = self._permutations(n_tracks)
            self.tracks = shuffled[:, n_held:]
            self.early_stopping = EarlyStopping(
                self.model, self._batch(shuffled[:, :n_held].to(device)), self._noise(n_held)
            )

    def train(self, tick: Callable[[int], object] = lambda count: None) -> list[Fit]:
        """Train until the last epoch, or until every member has stopped.

        Parameters
        ----------
        tick : callable
            Told after each epoch how many members there are.
        """
        history = []
        n_epochs = torch.zeros(len(self.members), dtype=torch.int)
        running = torch.ones(len(self.members), dtype=torch.bool)
        diverged = torch.zeros_like(running)
        pretraining = int(self.model.pretraining * self.plan.epochs)
        for epoch in range(self.plan.epochs):
            if self.model.pretraining and epoch == pretraining:
                self._prepare()
            n_epochs[running] += 1
            row = self._epoch(self.beta * kl_weight(epoch, self.plan.warmup_epochs))
            diverged |= running & ~row["total"].isfinite()
            running &= ~diverged
            if self.early_stopping:
                row["held_out"] = self.early_stopping.loss(self.beta).cpu()
                if epoch >= max(self.plan.warmup_epochs, pretraining):
                    running &= self.early_stopping.improving(
                        row["held_out"], running, self.plan.patience
                    )
            history.append({name: value.numpy() for name, value in row.items()})
            tick(len(self.members))
            if not running.any():
                break
        return self._fits(history, n_epochs, diverged)

    @torch.no_grad()
    def _prepare(self) -> None:
        """Let the network look at all tracks that it learns from, as it would in use."""
        self.model.eval()
        tracks = self.tracks.to(self.device)
        self.model.prepare(self._batch(tracks), [stream.initial for stream in self.streams])

    def _epoch(self, weight: Tensor) -> dict[str, Tensor]:
        """One pass over the tracks; mean losses (M, ...) per track."""
        self.model.train()
        n_tracks = self.tracks.shape[1]
        # Batches of nearly equal size: a small last one would have noise for statistics.
        n_batches = -(-n_tracks // self.plan.batch_size)
        order = self.tracks.gather(1, self._permutations(n_tracks)).to(self.device)
        batches = order.tensor_split(n_batches, dim=1)
        noises = self._noise(n_tracks).tensor_split(n_batches, dim=1)
        sums = []
        for index, noise in zip(batches, noises, strict=True):
            losses = self.model.loss(self._batch(index), noise)
            reconstruction, kl = losses.reconstruction.sum(1), losses.kl.sum(1)
            total = reconstruction + weight * kl.sum(-1)
            self.flat.grad.zero_()
            total.backward(torch.full_like(total, 1 / index.shape[1]))  # the mean over the batch
            if self.plan.clip_norm:
                clip_gradients(self.parameters, self.plan.clip_norm)
            self.optimizer.step()
            sums.append((total.detach(), reconstruction.detach(), kl.detach()))
        means = (sum(parts).cpu() / n_tracks for parts in zip(*sums, strict=True))
        return dict(zip(("total", "reconstruction", "kl"), means, strict=True))

    def _fits(self, history: list[dict], n_epochs: Tensor, diverged: Tensor) -> list[Fit]:
        """The bank taken apart."""
        states = self.early_stopping.state if self.early_stopping else self.model.state_dict()
        states = {name: tensor.detach().cpu() for name, tensor in states.items()}
        fits = []
        for m, member in enumerate(self.members):
            state = {name: tensor[m : m + 1].clone() for name, tensor in states.items()}
            finite = all(tensor.isfinite().all() for tensor in state.values())
            if diverged[m] or not finite:  # what is left of it must not be taken for a model
                state = {name: torch.full_like(tensor, torch.nan) for name, tensor in state.items()}
            rows = history[: n_epochs[m]]
            columns = (
                {name: np.stack([row[name][m] for row in rows]) for name in rows[0]} if rows else {}
            )
            fits.append(Fit(member, state, columns))
        return fits

    def _batch(self, index: Tensor) -> Data:
        """The tracks with these numbers (M, B), each member's own: (M, B, ...)."""
        return each(lambda x: x[index], self.data)

    def _permutations(self, n: int) -> Tensor:
        """Every member's own order of n things: (M, n)."""
        return torch.stack([stream.permutation(n) for stream in self.streams])

    def _noise(self, n: int) -> Tensor:
        """Every member's own noise for n tracks: (M, n, noise_dim)."""
        shape = (n, self.model.noise_dim)
        draws = [stream.normal(*shape, dtype=self.dtype) for stream in self.streams]
        return torch.stack(draws).to(self.device)


class EarlyStopping:
    """Keeps each member's best weights on held-out tracks, and says who has ceased to improve.

    Parameters
    ----------
    model : Module
    data : Tensor or dict of Tensor (M, n, ...)
        Each member's held-out tracks.
    noise : Tensor (M, n, noise_dim)
        The same in all epochs, so that epochs can be compared.
    """

    def __init__(self, model: nn.Module, data: Data, noise: Tensor):
        self.model, self.data, self.noise = model, data, noise
        self.best = torch.full((len(noise),), torch.inf)
        self.waited = torch.zeros(len(noise))
        self.state = {name: tensor.clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def loss(self, beta: Tensor) -> Tensor:
        """Loss per held-out track: (M,)."""
        self.model.eval()
        losses = self.model.loss(self.data, self.noise)
        return losses.reconstruction.mean(1) + beta * losses.kl.mean(1).sum(-1)

    def improving(self, loss: Tensor, running: Tensor, patience: int) -> Tensor:
        """Take note of an epoch of the running members, and say which should go on: (M,)."""
        better = running & (loss < self.best)
        self.best = torch.where(better, loss, self.best)
        self.waited = torch.where(better, 0, self.waited + 1)
        for name, tensor in self.model.state_dict().items():
            self.state[name][better] = tensor[better]
        return self.waited < patience
