"""The tracks that a network is trained on."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from lib.errors import UserError

Batch = Tensor | dict[str, Tensor]
_CHUNK = 1024  # tracks encoded together, so that a large corpus of images fits the memory


class Tracks:
    """Named arrays with one row per track: all that a network is shown.

    A network takes a batch of them as a dictionary of tensors (M, B, ...) by name; where there is
    nothing but ``x``, as that tensor.

    Parameters
    ----------
    arrays : mapping of str to array (N, ...)
        Standardised features (N, F) or images (N, channels, H, W) as ``x``, and what else the
        network takes, such as a condition. They are copied.

    Raises
    ------
    UserError
        When the arrays differ in length, have fewer than three rows, or NaN or infinity.
    """

    def __init__(self, arrays: Mapping[str, ArrayLike]):
        dtype = torch.get_default_dtype()
        self.arrays = {n: torch.tensor(np.asarray(a), dtype=dtype) for n, a in arrays.items()}
        if len({len(array) for array in self.arrays.values()}) != 1 or len(self) < 3:
            raise UserError(f"arrays must have the same tracks, three or more, not {self.shape}")
        for name, array in self.arrays.items():
            broken = (~array.reshape(len(array), -1).isfinite()).any(1).nonzero().flatten().tolist()
            if broken:
                raise UserError(f"{name} has NaN or infinity in rows {broken[:5]}")

    @classmethod
    def of(cls, data: Tracks | Mapping[str, ArrayLike] | ArrayLike) -> Tracks:
        """Tracks from an array, which becomes ``x``, or from several by name."""
        if isinstance(data, Tracks):
            return data
        return cls(data if isinstance(data, Mapping) else {"x": data})

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    @property
    def shape(self) -> dict[str, list[int]]:
        """Shape of each array."""
        return {name: list(array.shape) for name, array in self.arrays.items()}

    @property
    def fingerprint(self) -> str:
        """Sixteen characters that change with any number, shape or name."""
        digest = hashlib.sha256()
        for name, array in self.arrays.items():
            digest.update(f"{name}{list(array.shape)}".encode())
            digest.update(array.numpy().tobytes())
        return digest.hexdigest()[:16]

    def batch(self, index: Tensor) -> Batch:
        """The tracks with these numbers (M, B), as a network takes them."""
        batch = {name: array[index] for name, array in self.arrays.items()}
        return batch["x"] if list(batch) == ["x"] else batch

    def chunks(self) -> Iterator[Batch]:
        """All tracks in order, some at a time, as batches for a stack of one.

        Yields
        ------
        Tensor or dict of Tensor
            As from `batch`, with M = 1.
        """
        for numbers in torch.arange(len(self)).split(_CHUNK):
            yield self.batch(numbers[None])

    def to(self, device: str) -> Tracks:
        """The same tracks on another device."""
        there = copy.copy(self)
        there.arrays = {name: array.to(device) for name, array in self.arrays.items()}
        return there
