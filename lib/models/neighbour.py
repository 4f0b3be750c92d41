"""A VAE that also decodes who a track's neighbours are, so that its code keeps them together."""

from __future__ import annotations

import torch
from torch import Tensor

from lib.models.autoencoder import VAE, Losses, gaussian_kl, squared_error


class NeighbourVAE(VAE):
    """A VAE that decodes from its code both the features and the neighbourhood of a track.

    What is observed of a track i is its features x and ``draws`` of a neighbour, with replacement,
    out of the other tracks. The features have the likelihood of `VAE`. A draw is track j with
    probability p(j|i) in the features and q(j|i) in the code,

        p(j|i) ~ exp(-precision_i |x_i - x_j|^2),    q(j|i) ~ 1 / (1 + |z_i - z_j|^2),

    as in t-SNE [1]_, both among the tracks of the batch. The negative log-likelihood of the
    expected draws, ``draws * sum_j -p(j|i) log q(j|i)``, is added to that of the features, so that
    the loss remains a negative ELBO. Parameters as in `Autoencoder`; data are a dictionary as of
    `lib.clustering.neighbourhoods`: the features ``x`` and the ``precision`` of each track.

    References
    ----------
    .. [1] L. van der Maaten, G. Hinton, Visualizing data using t-SNE, JMLR 9, 2008.
    """

    draws = 100.0  # neighbours drawn of each track; with 0 it is a plain VAE

    def encode(self, x: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Posterior mean and log-variance, each (M, B, d), of the tracks x."""
        return super().encode(x["x"])

    def target(self, x: dict[str, Tensor]) -> Tensor:
        """What ``reconstruct`` should give back: the features."""
        return x["x"]

    def loss(self, x: dict[str, Tensor], noise: Tensor) -> Losses:
        """Losses of the tracks x with standard normal noise (M, B, d)."""
        mean, logvar = self.encode(x)
        z = mean + noise * torch.exp(0.5 * logvar)
        features = squared_error(x["x"], self.decode(z))
        return Losses(features + self.draws * self._cross_entropy(x, z), gaussian_kl(mean, logvar))

    def _cross_entropy(self, x: dict[str, Tensor], z: Tensor) -> Tensor:
        """Cross-entropy (M, B) of the neighbourhoods in the code from those in the features."""
        itself = torch.eye(z.shape[1], dtype=torch.bool, device=z.device)
        p = (-x["precision"] * _squared_distances(x["x"])).masked_fill(itself, -torch.inf)
        q = -torch.log1p(_squared_distances(z)).masked_fill(itself, torch.inf)
        return -(p.softmax(-1) * q.log_softmax(-1).masked_fill(itself, 0)).sum(-1)


def _squared_distances(x: Tensor) -> Tensor:
    """Squared Euclidean distances between the tracks of a batch: (M, B, d) -> (M, B, B)."""
    squares = x.square().sum(-1)
    products = x @ x.transpose(1, 2)
    return (squares[:, :, None] + squares[:, None] - 2 * products).clamp(min=0)
