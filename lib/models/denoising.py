"""A VAE that sees only a part of each track and has to bring back the whole."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lib.models.autoencoder import VAE, Losses, gaussian_kl, squared_error


class MaskedVAE(VAE):
    """A denoising VAE: while it trains, features are hidden from the encoder at random [1]_.

    A hidden feature is 0, its mean, and the others are scaled up to keep their sum, as by dropout.
    The decoder has to bring back all of them, so the code must hold what features share, and what
    only one of them knows, its noise, is worth less. The masks come out of the noise handed to
    ``loss``; after the training the encoder sees everything.

    Parameters
    ----------
    members : int
        M, how many networks stand side by side.
    n_features : int
    latent_dim : int
        d, size of the code.
    hidden : sequence of int
        Sizes of the hidden layers from features to code; the decoder mirrors them.
    masked : float
        Share of the features that are hidden, below 1.

    References
    ----------
    .. [1] D. J. Im, S. Ahn, R. Memisevic, Y. Bengio, Denoising criterion for variational
       auto-encoding framework, AAAI 2017, arXiv 1511.06406.
    """

    def __init__(
        self,
        members: int,
        n_features: int,
        latent_dim: int = 16,
        hidden: Sequence[int] = (128, 64),
        masked: float = 0.5,
    ):
        if not 0 <= masked < 1:
            raise ValueError(f"masked must be a share below 1, not {masked}")
        super().__init__(members, n_features, latent_dim, hidden)
        self.n_features, self.masked = n_features, masked

    @property
    def noise_dim(self) -> int:
        """Standard normal numbers needed per track and step: for the code, and for the mask."""
        return self.latent_dim + self.n_features

    def loss(self, x: Tensor, noise: Tensor) -> Losses:
        """Losses of the tracks x (M, B, n_features), with standard normal noise (M, B, d + F)."""
        of_code, of_mask = noise.split([self.latent_dim, self.n_features], dim=-1)
        # Below its quantile a standard normal number is with the probability of being masked.
        seen = (torch.special.ndtr(of_mask) >= self.masked) / (1 - self.masked)
        mean, logvar = self.encode(x * seen if self.training else x)
        z = mean + of_code * torch.exp(0.5 * logvar)
        return Losses(squared_error(x, self.decode(z)), gaussian_kl(mean, logvar))
