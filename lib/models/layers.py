"""The layers of a stack: those of ``torch.nn`` with one more dimension in front.

A *stack* is M networks of one architecture side by side, as `torch.func.stack_module_state` makes
one: each parameter and buffer has M as its first dimension, each input is (M, B, ...), and no
operation mixes two networks. One call then computes all of them, which is several times faster than
M calls on small networks. A stack of one is an ordinary network.
"""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional


class Linear(nn.Module):
    """M affine maps at once: (M, B, inputs) -> (M, B, outputs). Weights are drawn as in torch."""

    def __init__(self, n_networks: int, inputs: int, outputs: int):
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(n_networks, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_networks, 1, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Return bias + x @ weight, network by network."""
        return torch.baddbmm(self.bias, x, self.weight)


class BatchNorm(nn.Module):
    """M batch normalisations at once, of (M, B, features) or (M, B, channels, ...)."""

    def __init__(self, n_networks: int, features: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_networks, features))
        self.bias = nn.Parameter(torch.zeros(n_networks, features))
        self.register_buffer("running_mean", torch.zeros(n_networks, features))
        self.register_buffer("running_var", torch.ones(n_networks, features))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise with the batch's statistics in training, with the running ones otherwise."""
        y = functional.batch_norm(
            _merge(x),
            self.running_mean.view(-1),
            self.running_var.view(-1),
            self.weight.view(-1),
            self.bias.view(-1),
            training=self.training,
        )
        return _separate(y, len(x))


class Conv(nn.Module):
    """M convolutions at once, over vectors (M, B, inputs, L) or images (M, B, inputs, H, W).

    ``kernel`` has one size for vectors, two for images; ``stride`` and ``padding`` as in torch.
    """

    calls: ClassVar = {1: functional.conv1d, 2: functional.conv2d}
    transposed = False

    def __init__(self, n_networks, inputs, outputs, kernel: tuple[int, ...], stride=1, padding=0):
        super().__init__()
        self.options = {"stride": stride, "padding": padding}
        channels = (inputs, outputs) if self.transposed else (outputs, inputs)
        bound = (channels[1] * math.prod(kernel)) ** -0.5
        weight = torch.empty(n_networks, *channels, *kernel)
        self.weight = nn.Parameter(weight.uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_networks, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; each network is a group of channels in one native call."""
        convolve = self.calls[x.dim() - 3]
        weight, bias = self.weight.flatten(0, 1), self.bias.view(-1)
        return _separate(convolve(_merge(x), weight, bias, groups=len(x), **self.options), len(x))


class ConvTranspose(Conv):
    """M transposed convolutions at once; as `Conv`."""

    calls: ClassVar = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d}
    transposed = True


def _merge(x: Tensor) -> Tensor:
    """(M, B, channels, ...) -> (B, M x channels, ...), the layout that native calls take."""
    return x.transpose(0, 1).flatten(1, 2)


def _separate(x: Tensor, n_networks: int) -> Tensor:
    """(B, M x channels, ...) -> (M, B, channels, ...); undoes `_merge` without a copy."""
    return x.view(len(x), n_networks, -1, *x.shape[2:]).transpose(0, 1)
