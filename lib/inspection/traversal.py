"""Traversals: one latent dimension is moved while all others stand still, and decoded.

What changes along the way is what the dimension means to the decoder (Higgins et al. 2017).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lib.audio import Inverter, normalise, squeezed
from lib.evaluation import minus
from lib.inspection import sweep
from lib.training import Ensemble

N_DIMS = 5
STEPS = np.linspace(-3, 3, 7)  # standard deviations of the prior


class Traversal(NamedTuple):
    """What the decoder makes of codes; those of one row differ in one dimension only.

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


def traverse(ensemble: Ensemble, track: int = 0) -> Traversal:
    """Traverse the five active dimensions of the first network that have the most KL.

    Parameters
    ----------
    ensemble : Ensemble
        Of a VAE with a standard normal prior.
    track : int
        Index of the track whose code the other dimensions keep.

    Returns
    -------
    Traversal
        With no row where the network has no active dimension.
    """
    network = ensemble.select(beta=ensemble.betas[0], seed=ensemble.seeds[0])
    own = sweep.dimensions(network).query("active")[:N_DIMS]
    codes = np.tile(network.z[0, track], (max(len(own), 1), len(STEPS), 1))  # decoders take no zero
    for row, dimension in zip(codes, own["dimension"], strict=False):
        row[:, dimension] = STEPS
    decoded = network.decode(codes.reshape(-1, codes.shape[2]))[0]
    decoded = decoded.reshape(*codes.shape[:2], *decoded.shape[1:])
    return Traversal(decoded[: len(own)], own["dimension"].to_numpy(), own["kl"].to_numpy(), STEPS)


def stages(
    inverter: Inverter, samples: np.ndarray, image: np.ndarray, rebuilt: np.ndarray
) -> dict[str, np.ndarray]:
    """Return what is left of a track at each step towards a model, as sounds by title.

    They are the beginning of the track as it is; all of it in fast motion with all mel bands; what
    the image keeps; what the model keeps.

    Parameters
    ----------
    inverter : Inverter
        Of the images of all tracks.
    samples : ndarray, (n_samples,)
        The track.
    image, rebuilt : ndarray, (n_mfcc, 128)
        Its standardised image, and what a model makes of it.
    """
    sped = squeezed(samples)
    return {
        "the track, its beginning": normalise(samples[: len(sped)]),
        f"all of it, {len(samples) / len(sped):.0f} times as fast": sped,
        f"what {len(image)} MFCCs keep": inverter.sound(image),
        "what the model keeps": inverter.sound(rebuilt),
    }


def traversed(inverter: Inverter, traversal: Traversal) -> dict[str, np.ndarray]:
    """Return the images of a traversal as sounds by title: both ends and middle of each row.

    Parameters
    ----------
    inverter : Inverter
        Of the images of all tracks.
    traversal : Traversal
        Of a model on images: ``decoded`` is (n_dims, n_steps, 1, n_mfcc, 128).
    """
    last = len(traversal.steps) - 1
    return {
        f"latent {dimension} at {minus(f'{step:+.3g}' if step else '0')}": inverter.sound(image)
        for dimension, row in zip(traversal.dimensions, traversal.decoded, strict=True)
        for step, image in [(traversal.steps[i], row[i, 0]) for i in (0, last // 2, last)]
    }
