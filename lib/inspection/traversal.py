"""Traversals: one latent dimension is moved while all others stand still, and decoded.

What changes along the way is what the dimension means to the decoder (Higgins et al. 2017).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from lib.inspection import sweep
from lib.runtime import one_thread
from lib.training.ensemble import Trained, tensors


class Traversal(NamedTuple):
    """What the decoder makes of codes that differ in one dimension each row.

    Attributes
    ----------
    decoded : ndarray, (n_dims, n_steps, ...)
        Features or images, as the network was trained on.
    dimensions : ndarray of int, (n_dims,)
        The latent dimension of each row.
    kl : ndarray, (n_dims,)
        Its KL in nats.
    steps : ndarray, (n_steps,)
        The value that it takes in each column, in standard deviations of the prior.
    """

    decoded: np.ndarray
    dimensions: np.ndarray
    kl: np.ndarray
    steps: np.ndarray


def traverse(
    trained: Trained,
    m: int,
    *,
    track: int | None = None,
    n_dims: int = 5,
    n_steps: int = 7,
    width: float = 3.0,
    **inputs: np.ndarray,
) -> Traversal:
    """Traverse the active dimensions of one member, those with the most KL first.

    Parameters
    ----------
    trained : Trained
        Of a VAE with a standard normal prior.
    m : int
        Which member.
    track : int, optional
        Whose code the other dimensions keep; left out: that of the mean track, the prior's mean.
    n_dims : int
        How many dimensions at most.
    n_steps : int
        How many values each takes.
    width : float
        From minus to plus so many standard deviations of the prior.
    **inputs : ndarray, (1, ...)
        What else the network's ``decode`` takes, such as one condition.

    Returns
    -------
    Traversal
        With no row where the member has no active dimension.
    """
    own = sweep.dimensions(trained)
    member = trained.members[m]
    own = own[(own["beta"] == member.beta) & (own["seed"] == member.seed) & own["active"]][:n_dims]
    steps = np.linspace(-width, width, n_steps)
    base = np.zeros(trained.z.shape[2]) if track is None else trained.z[m, track]
    codes = np.tile(base, (max(len(own), 1), n_steps, 1))  # a decoder cannot take nothing
    for row, dimension in zip(codes, own["dimension"], strict=False):
        row[:, dimension] = steps
    with one_thread(), torch.no_grad():
        given = {
            name: tensors(np.repeat(x, codes[..., 0].size, axis=0)[None], member.dtype)
            for name, x in inputs.items()
        }
        flat = tensors(codes.reshape(1, -1, codes.shape[2]), member.dtype)
        decoded = trained.network(m).decode(flat, **given)[0].numpy()
    decoded = decoded.reshape(*codes.shape[:2], *decoded.shape[1:])
    return Traversal(decoded[: len(own)], own["dimension"].to_numpy(), own["kl"].to_numpy(), steps)
