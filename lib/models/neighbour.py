"""A VAE that is also asked who a track's neighbours are, so that its code keeps them together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.spatial.distance import cdist
from torch import Tensor

from lib.errors import UserError
from lib.models.autoencoder import VAE, Losses, gaussian_kl, squared_error


class NeighbourVAE(VAE):
    """A VAE that decodes from its code both the features and the neighbourhood of a track.

    What is observed of a track i is its features x and so many draws of a neighbour, with
    replacement, out of the other tracks. The features have the likelihood of `lib.models.autoencoder.VAE`. A
    draw is track j with probability p(j|i) in the features and q(j|i) in the code,

        p(j|i) ~ exp(-precision_i |x_i - x_j|^2),    q(j|i) ~ 1 / (1 + |z_i - z_j|^2),

    as in t-SNE [1]_, both among the tracks of the batch. The negative log-likelihood of the
    expected draws, ``draws * sum_j -p(j|i) log q(j|i)``, is added to that of the features, so that
    the loss remains a negative ELBO. Its data are those of `prepare`.

    Parameters
    ----------
    members : int
        M, how many networks stand side by side.
    n_features : int
    latent_dim : int
        d, size of the code.
    hidden : sequence of int
        Sizes of the hidden layers from features to code; the decoder mirrors them.
    draws : float
        How many neighbours are drawn of each track. 0: a plain VAE.

    References
    ----------
    .. [1] L. van der Maaten, G. Hinton, Visualizing data using t-SNE, JMLR 9, 2008.
    """

    def __init__(
        self,
        members: int,
        n_features: int,
        latent_dim: int = 16,
        hidden: Sequence[int] = (128, 64),
        draws: float = 100.0,
    ):
        if draws < 0:
            raise ValueError(f"draws must be 0 or more, not {draws}")
        super().__init__(members, n_features, latent_dim, hidden)
        self.draws = draws

    def encode(self, x: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Posterior mean and log-variance, each (M, B, d), of the tracks x as from `prepare`."""
        return super().encode(x["x"])

    def target(self, x: dict[str, Tensor]) -> Tensor:
        """What ``reconstruct`` should give back: the features."""
        return x["x"]

    def loss(self, x: dict[str, Tensor], noise: Tensor) -> Losses:
        """Losses of the tracks x as from `prepare`, with standard normal noise (M, B, d)."""
        mean, logvar = self.encode(x)
        z = mean + noise * torch.exp(0.5 * logvar)
        features = squared_error(x["x"], self.decode(z))
        return Losses(features + self.draws * self._surprise(x, z), gaussian_kl(mean, logvar))

    def _surprise(self, x: dict[str, Tensor], z: Tensor) -> Tensor:
        """Cross-entropy (M, B) of the neighbourhoods in the code from those in the features."""
        itself = torch.eye(z.shape[1], dtype=torch.bool, device=z.device)
        p = (-x["precision"] * squared_distances(x["x"])).masked_fill(itself, -torch.inf)
        q = -torch.log1p(squared_distances(z)).masked_fill(itself, torch.inf)
        return -(p.softmax(-1) * q.log_softmax(-1).masked_fill(itself, 0)).sum(-1)


def squared_distances(x: Tensor) -> Tensor:
    """Squared Euclidean distances between the tracks of a batch: (M, B, d) -> (M, B, B)."""
    squares = x.square().sum(-1)
    products = x @ x.transpose(1, 2)
    return (squares[:, :, None] + squares[:, None] - 2 * products).clamp(min=0)


def prepare(features: np.ndarray, perplexity: float = 15.0) -> dict[str, np.ndarray]:
    """Features and the width of each track's neighbourhood, as `NeighbourVAE` takes them.

    Parameters
    ----------
    features : ndarray, (N, F)
        Standardised.
    perplexity : float
        How many neighbours a track has among all others, in the sense of t-SNE: the exponential of
        the entropy of p(j|i). At most a third of the tracks.

    Returns
    -------
    dict
        ``x`` (N, F), the features, and ``precision`` (N, 1).

    Raises
    ------
    UserError
        For features that are not finite, and for fewer than four tracks.
    """
    features = np.asarray(features, float)
    if len(features) < 4 or not np.isfinite(features).all():
        raise UserError("neighbourhoods take four tracks or more, and features that are finite")
    perplexity = min(perplexity, len(features) / 3)
    squares = cdist(features, features, "sqeuclidean")
    np.fill_diagonal(squares, np.inf)
    squares -= squares.min(axis=1, keepdims=True)  # shifts no probability, and nothing underflows
    finite = np.where(np.isfinite(squares), squares, 0.0)
    scale = finite.sum(axis=1) / (len(features) - 1)
    low, high = np.full(len(features), -20.0), np.full(len(features), 20.0)
    for _ in range(50):  # the entropy falls as the precision grows: halve the interval of its log
        middle = (low + high) / 2
        p = np.exp(-squares * (np.exp(middle) / np.maximum(scale, 1e-12))[:, None])
        p /= p.sum(axis=1, keepdims=True)
        entropy = -np.sum(p * np.log(np.maximum(p, 1e-300)), axis=1)
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, middle, low), np.where(wide, high, middle)
    return {"x": features, "precision": (np.exp(middle) / np.maximum(scale, 1e-12))[:, None]}
