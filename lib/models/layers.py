"""The layers of a bank: those of ``torch.nn`` with a member dimension in front.

A bank is M networks of one architecture, held side by side. Each parameter and buffer has M as
its first dimension, each input is (M, B, ...), and no operation mixes two members. A bank of one
is an ordinary network. Initial weights are drawn as in ``torch.nn``.
"""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional


class Linear(nn.Module):
    """M affine maps at once: (M, B, inputs) -> (M, B, outputs)."""

    def __init__(self, members: int, inputs: int, outputs: int):
        super().__init__()
        bound = inputs**-0.5
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(members, 1, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Return bias + x @ weight, member by member."""
        return torch.baddbmm(self.bias, x, self.weight)


class BatchNorm(nn.Module):
    """M batch normalisations at once, with running statistics for each member.

    (M, B, features) or (M, B, channels, ...) -> the same.
    """

    def __init__(self, members: int, features: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(members, features))
        self.bias = nn.Parameter(torch.zeros(members, features))
        self.register_buffer("running_mean", torch.zeros(members, features))
        self.register_buffer("running_var", torch.ones(members, features))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise with the batch's statistics in training, with the running ones otherwise."""
        y = functional.batch_norm(
            merge(x),
            self.running_mean.view(-1),
            self.running_var.view(-1),
            self.weight.view(-1),
            self.bias.view(-1),
            training=self.training,
        )
        return separate(y, len(x))


class Conv(nn.Module):
    """M convolutions at once, over vectors (M, B, inputs, L) or images (M, B, inputs, H, W).

    Parameters
    ----------
    members, inputs, outputs : int
        Members, and the channels of each.
    kernel : tuple of int
        One size for vectors, two for images.
    stride, padding : int or tuple of int
        As in ``torch.nn.Conv2d``.
    """

    calls: ClassVar = {1: functional.conv1d, 2: functional.conv2d}
    transposed = False

    def __init__(self, members, inputs, outputs, kernel: tuple[int, ...], stride=1, padding=0):
        super().__init__()
        self.options = {"stride": stride, "padding": padding}
        channels = (inputs, outputs) if self.transposed else (outputs, inputs)
        bound = (channels[1] * math.prod(kernel)) ** -0.5
        weight = torch.empty(members, *channels, *kernel)
        self.weight = nn.Parameter(weight.uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(members, outputs).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; each member is a group of channels in one native call."""
        convolve = self.calls[x.dim() - 3]
        weight, bias = self.weight.flatten(0, 1), self.bias.view(-1)
        return separate(convolve(merge(x), weight, bias, groups=len(x), **self.options), len(x))


class ConvTranspose(Conv):
    """M transposed convolutions at once; as `Conv`, with ``output_padding``."""

    calls: ClassVar = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d}
    transposed = True

    def __init__(self, members, inputs, outputs, kernel, stride=1, padding=0, output_padding=0):
        super().__init__(members, inputs, outputs, kernel, stride, padding)
        self.options["output_padding"] = output_padding


def merge(x: Tensor) -> Tensor:
    """(M, B, channels, ...) -> (B, M x channels, ...), the layout that native calls take."""
    return x.transpose(0, 1).flatten(1, 2)


def separate(x: Tensor, members: int) -> Tensor:
    """(B, M x channels, ...) -> (M, B, channels, ...); undoes `merge` without a copy."""
    return x.view(len(x), members, -1, *x.shape[2:]).transpose(0, 1)
