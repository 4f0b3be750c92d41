"""Training of one stack: a few networks of one architecture, side by side on one core.

The loop looks like that of a single network, with one more dimension in front of everything (see
`lib.models.layers`). Each network has its own random numbers, batches, statistics and loss. None of
them meets another, so the gradient of the summed losses is the gradient of each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from lib.models import Losses
from lib.training.architecture import Architecture
from lib.training.run import Run, RunSettings
from lib.training.tracks import Tracks


class Stack:
    """Networks in training, side by side; their settings are alike in all but seed and beta."""

    def __init__(
        self,
        architecture: Architecture,
        tracks: Tracks,
        settings: Sequence[RunSettings],
        device: str = "cpu",
    ):
        self.settings, self.device, self.tracks = settings, device, tracks.to(device)
        self.beta = torch.tensor([s.beta for s in settings], device=device)
        self.streams = [_Stream(s.seed) for s in settings]
        # Each is built alone, from its seed; the stack then takes their weights.
        states = [architecture.build(1, stream.initial).state_dict() for stream in self.streams]
        self.model = architecture.build(len(settings))
        self.model.load_state_dict({k: torch.cat([s[k] for s in states]) for k in states[0]})
        self.model.to(device)
        self.weights = _flatten(list(self.model.parameters()))
        self.optimizer = torch.optim.Adam([self.weights], lr=settings[0].learning_rate, fused=True)

    def train(self, tick: Callable[[int], object] = lambda n_networks: None) -> list[Run]:
        """Train to the last epoch; after each, ``tick`` is called with the number of networks."""
        history = []
        epochs = self.settings[0].epochs
        for epoch in range(epochs):
            if self.model.pretraining and epoch == int(self.model.pretraining * epochs):
                self._after_pretraining()
            history.append(self._epoch())
            tick(len(self.settings))
            if not history[-1][0].isfinite().any():
                break
        return self._runs(history)

    def _epoch(self) -> tuple[Tensor, ...]:
        """One pass over the tracks: total, reconstruction and KL per track, (M, ...) each."""
        self.model.train()
        n_tracks = len(self.tracks)
        # Batches of nearly equal size: a small last one would have noise for statistics.
        n_batches = -(-n_tracks // self.settings[0].batch_size)
        order = self._drawn(lambda stream: stream.permutation(n_tracks))
        noises = self._drawn(lambda stream: stream.normal(n_tracks, self.model.noise_dim))
        batches = (drawn.tensor_split(n_batches, dim=1) for drawn in (order, noises))
        sums = []
        for index, noise in zip(*batches, strict=True):
            losses = self.model.loss(self.tracks.batch(index), noise)
            losses = Losses(losses.reconstruction.sum(1), losses.kl.sum(1))
            total = losses.total(self.beta)
            self.weights.grad.zero_()
            total.backward(torch.full_like(total, 1 / index.shape[1]))  # the mean over the batch
            self.optimizer.step()
            sums.append((total.detach(), *(part.detach() for part in losses)))
        return tuple(sum(parts).cpu() / n_tracks for parts in zip(*sums, strict=True))

    @torch.no_grad()
    def _after_pretraining(self) -> None:
        """Show the network all tracks, as it would see them in use."""
        self.model.eval()
        everything = torch.arange(len(self.tracks), device=self.device)
        tracks = self.tracks.batch(everything.expand(len(self.settings), -1))
        self.model.after_pretraining(tracks, [stream.initial for stream in self.streams])

    def _drawn(self, draw: Callable[[_Stream], Tensor]) -> Tensor:
        """Every network's own random numbers: (M, ...)."""
        return torch.stack([draw(stream) for stream in self.streams]).to(self.device)

    def _runs(self, history: list[tuple[Tensor, ...]]) -> list[Run]:
        """The stack taken apart; the history of a network ends where it diverged."""
        states = {name: tensor.detach().cpu() for name, tensor in self.model.state_dict().items()}
        n = len(self.settings)
        losses = [torch.stack(part).numpy() for part in zip(*history, strict=True)]
        losses = losses or [np.empty((0, n)), np.empty((0, n)), np.empty((0, n, 0))]
        runs = []
        for m, settings in enumerate(self.settings):
            state = {name: tensor[m : m + 1].clone() for name, tensor in states.items()}
            broken = np.flatnonzero(~np.isfinite(losses[0][:, m]))
            epochs = slice(broken[0] + 1 if len(broken) else None)
            run = Run(settings, state, *(part[epochs, m] for part in losses))
            if len(broken) or run.diverged:  # what is left must not be taken for a model
                for tensor in state.values():
                    tensor.fill_(torch.nan)
            runs.append(run)
        return runs


class _Stream:
    """The random numbers of one network, a function of its seed alone.

    They are drawn on the CPU whatever the device, so that they are the same on each.
    """

    def __init__(self, seed: int):
        initial, steps = np.random.SeedSequence(seed).generate_state(2)
        self.initial = int(initial)
        self._steps = torch.Generator().manual_seed(int(steps))

    def permutation(self, n: int) -> Tensor:
        """The numbers below n in random order."""
        return torch.randperm(n, generator=self._steps)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers."""
        return torch.randn(*shape, generator=self._steps)


def _flatten(parameters: Sequence[nn.Parameter]) -> nn.Parameter:
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
