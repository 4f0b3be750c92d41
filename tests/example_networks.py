"""A small data set and a small VAE that the tests of training share."""

from functools import partial

import numpy as np

from lib import models, training
from lib.training import Architecture


def features(n_tracks: int = 150, n_features: int = 10, seed: int = 0) -> np.ndarray:
    """Standardised features with three factors behind them."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_tracks, 3)) @ rng.standard_normal((3, n_features))
    x += 0.3 * rng.standard_normal(x.shape)
    return (x - x.mean(0)) / x.std(0)


X = features()
SIZES = {"n_features": 10, "latent_dim": 4, "hidden": (16, 8)}
VAE = Architecture(models.VAE, **SIZES)
train = partial(training.train, VAE, X, device="cpu", batch_size=32)
