"""Traversals: one latent dimension is moved while all others stand still, and decoded.

What changes along the way is what the dimension means to the decoder (Higgins et al. 2017).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lib.audio import Inverter, normalise, squeezed
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


def stages(
    inverter: Inverter, samples: np.ndarray, image: np.ndarray, rebuilt: np.ndarray
) -> dict[str, np.ndarray]:
    """Return what is left of a track at each step towards a model, as sounds by title.

    Parameters
    ----------
    inverter : Inverter
        Of the images of all tracks.
    samples : ndarray, (n_samples,)
        The track.
    image, rebuilt : ndarray, (n_mfcc, 128)
        Its standardised image, and what a model makes of it.

    Returns
    -------
    dict
        The beginning of the track as it is; all of it in fast motion with all mel bands; what the
        image keeps; what the model keeps.
    """
    sped = squeezed(samples)
    return {
        "the track, its beginning": normalise(samples[: len(sped)]),
        f"all of it, {len(samples) / len(sped):.0f} times as fast": sped,
        f"what {len(image)} MFCCs keep": inverter.sound(image),
        "what the model keeps": inverter.sound(rebuilt),
    }


def traversed(inverter: Inverter, traversal: Traversal) -> dict[str, np.ndarray]:
    """Return the images of a traversal as sounds by title: both ends and the middle.

    Parameters
    ----------
    inverter : Inverter
        Of the images of all tracks.
    traversal : Traversal
        Of a model on images: ``decoded`` is (n_dims, n_steps, 1, n_mfcc, 128).

    Returns
    -------
    dict
        Dimension by dimension.
    """
    last = len(traversal.steps) - 1
    return {
        f"latent {dimension} at {traversal.steps[i]:+.1f}": inverter.sound(row[i, 0])
        for dimension, row in zip(traversal.dimensions, traversal.decoded, strict=True)
        for i in (0, last // 2, last)
    }
