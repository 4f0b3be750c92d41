"""Traversals: one latent dimension is moved while all others stand still, and decoded.

What changes along the way is what the dimension means to the decoder (Higgins et al. 2017).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lib.inspection import sweep
from lib.training import Ensemble


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
    trained: Ensemble,
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
    trained : Ensemble
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
    network = trained.select(beta=trained.betas[m], seed=trained.seeds[m])
    own = sweep.dimensions(network).query("active")[:n_dims]
    steps = np.linspace(-width, width, n_steps)
    base = np.zeros(trained.z.shape[2]) if track is None else trained.z[m, track]
    codes = np.tile(base, (max(len(own), 1), n_steps, 1))  # a decoder cannot take nothing
    for row, dimension in zip(codes, own["dimension"], strict=False):
        row[:, dimension] = steps
    flat = codes.reshape(-1, codes.shape[2])
    given = {name: np.repeat(x, len(flat), axis=0) for name, x in inputs.items()}
    decoded = network.decode(flat, **given)[0]
    decoded = decoded.reshape(*codes.shape[:2], *decoded.shape[1:])
    return Traversal(decoded[: len(own)], own["dimension"].to_numpy(), own["kl"].to_numpy(), steps)
