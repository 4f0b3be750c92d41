"""The autoencoder, the VAE, and the two terms of the loss.

A network here is a stack of M networks (see `lib.models.layers`): it reads like an ordinary one,
with one more dimension in front. What the trainer asks of a network is what `Autoencoder` has. A
network draws no random numbers while it trains: noise is handed to ``loss``, so that each of the M
has its own.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.models.layers import BatchNorm, Linear


class Losses(NamedTuple):
    """The two terms of the loss of each track.

    Attributes
    ----------
    reconstruction : Tensor (M, B)
        0.5 x squared error summed over features: the negative log-likelihood of a Gaussian with
        unit variance, up to a constant.
    kl : Tensor (M, B, d)
        KL divergence in nats of the posterior from the prior, per latent dimension; d = 0 where
        there is no posterior. A network with a latent variable besides the code, such as the
        cluster of `VaDE`, gives the KL of that in further columns.
    """

    reconstruction: Tensor
    kl: Tensor

    def total(self, beta: float | Tensor) -> Tensor:
        """What is minimised: reconstruction + beta x KL; with beta 1 the negative ELBO."""
        return self.reconstruction + beta * self.kl.sum(-1)


def squared_error(x: Tensor, reconstruction: Tensor) -> Tensor:
    """0.5 x squared error summed over all but network and track: (M, B, ...) -> (M, B)."""
    return 0.5 * functional.mse_loss(reconstruction, x, reduction="none").flatten(2).sum(-1)


def gaussian_kl(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mean, exp(logvar)) || N(0, 1)) in nats, elementwise."""
    return 0.5 * (mean.square() + torch.expm1(logvar) - logvar)


def mlp(n_networks: int, sizes: Sequence[int]) -> nn.Sequential:
    """Linear maps from each size to the next, with BatchNorm and ReLU on the hidden ones."""
    layers = []
    for inputs, outputs in pairwise(sizes):
        layers += [Linear(n_networks, inputs, outputs), BatchNorm(n_networks, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-2])


class Autoencoder(nn.Module):
    """A deterministic autoencoder: a code z, and a decoder that brings the features back.

    Parameters
    ----------
    n_networks : int
        M, how many networks stand side by side.
    n_features : int
        Length of the vectors.
    latent_dim : int
        d, size of the code.
    hidden : sequence of int
        Sizes of the hidden layers from features to code; the decoder mirrors them.
    """

    stack_size = 16  # more networks fall out of the cache, fewer waste time between products
    per_latent = 1  # numbers that the encoder gives per latent dimension
    pretraining = 0.0  # share of the epochs before `after_pretraining` is called; 0: it never is

    def __init__(
        self,
        n_networks: int,
        n_features: int,
        latent_dim: int = 16,
        hidden: Sequence[int] = (128, 64),
    ):
        super().__init__()
        self.latent_dim = latent_dim
        self.encoder = mlp(n_networks, [n_features, *hidden, self.per_latent * latent_dim])
        self.decoder = mlp(n_networks, [latent_dim, *reversed(hidden), n_features])

    @property
    def noise_dim(self) -> int:
        """Standard normal numbers needed per track and step."""
        return 0

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Code z (M, B, d) of the tracks x (M, B, n_features), and None: it has no variance."""
        return self.encoder(x), None

    def decode(self, z: Tensor) -> Tensor:
        """Features (M, B, n_features) from codes z (M, B, d)."""
        return self.decoder(z)

    def target(self, x: Tensor) -> Tensor:
        """What ``reconstruct`` should give back: here the input itself."""
        return x

    def predict(self, z: Tensor, x: Tensor) -> Tensor:
        """The target as decoded from the codes z; a condition would be taken from the tracks x."""
        return self.decode(z)

    def reconstruct(self, x: Tensor) -> Tensor:
        """The target as decoded from the code (for a VAE: from the posterior mean)."""
        return self.predict(self.encode(x)[0], x)

    def loss(self, x: Tensor, noise: Tensor) -> Losses:
        """Losses of the tracks x (M, B, n_features); the noise is empty and not used."""
        z, _ = self.encode(x)
        return Losses(squared_error(x, self.decode(z)), z.new_zeros(*z.shape[:2], 0))

    def rate(self, x: Tensor, noise: Tensor) -> Tensor:
        """KL (M, B, d) for the health record: what `loss` charges, unless that is another."""
        return self.loss(x, noise).kl

    def after_pretraining(self, x: Tensor, seeds: Sequence[int]) -> None:
        """Set what follows from the codes of all tracks x (M, N, ...) once they are pre-trained."""


class VAE(Autoencoder):
    """A variational autoencoder on feature vectors [1]_.

    The encoder gives mean and log-variance of a diagonal Gaussian posterior q(z|x); the decoder
    gives the mean of p(x|z), a Gaussian with unit variance; the prior is N(0, I). With beta the
    objective is ``reconstruction + beta * kl`` [2]_; beta 1 is the negative ELBO. Parameters as in
    `Autoencoder`.

    References
    ----------
    .. [1] D. P. Kingma, M. Welling, Auto-encoding variational Bayes, ICLR 2014, arXiv 1312.6114.
    .. [2] I. Higgins et al., beta-VAE: learning basic visual concepts with a constrained
       variational framework, ICLR 2017.
    """

    per_latent = 2  # mean and log-variance

    @property
    def noise_dim(self) -> int:
        """Standard normal numbers needed per track and step."""
        return self.latent_dim

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior mean and log-variance, each (M, B, d), of the tracks x (M, B, n_features)."""
        mean, logvar = self.encoder(x).chunk(2, dim=-1)
        return mean, logvar

    def loss(self, x: Tensor, noise: Tensor) -> Losses:
        """Losses of the tracks x (M, B, n_features) with standard normal noise (M, B, d)."""
        mean, logvar = self.encode(x)
        z = mean + noise * torch.exp(0.5 * logvar)  # the reparameterisation trick
        return Losses(squared_error(self.target(x), self.predict(z, x)), self.kl(mean, logvar))

    def kl(self, mean: Tensor, logvar: Tensor) -> Tensor:
        """KL divergence (M, B, d) of posteriors from the prior, per latent dimension."""
        return gaussian_kl(mean, logvar)
