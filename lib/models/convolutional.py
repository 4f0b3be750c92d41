"""VAEs that convolve: along the coefficients of a vector, or over an MFCC image."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from lib.models.autoencoder import VAE
from lib.models.layers import BatchNorm, Conv, ConvTranspose, Linear


class Conv1dVAE(VAE):
    """A VAE whose first layers convolve along the coefficients of an MFCC vector.

    Two strided convolutions halve the vector's length twice (20, 10, 5); the decoder mirrors them,
    with one small convolution at the end to smooth what the transposed ones leave.

    Parameters
    ----------
    n_networks : int
        M, how many networks stand side by side.
    n_features : int
        Length of the vectors, a multiple of 4.
    latent_dim : int
        d, size of the code.
    """

    def __init__(self, n_networks: int, n_features: int = 20, latent_dim: int = 16):
        nn.Module.__init__(self)
        if n_features % 4:
            raise ValueError(f"n_features must be a multiple of 4, not {n_features}")
        self.latent_dim, n = latent_dim, n_networks
        length = n_features // 4
        self.encoder = nn.Sequential(
            Conv(n, 1, 32, (3,), stride=2, padding=1), BatchNorm(n, 32), nn.ReLU(),
            Conv(n, 32, 64, (3,), stride=2, padding=1), BatchNorm(n, 64), nn.ReLU(),
            nn.Flatten(2), Linear(n, 64 * length, 2 * latent_dim),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            Linear(n, latent_dim, 64 * length), nn.ReLU(), nn.Unflatten(2, (64, length)),
            ConvTranspose(n, 64, 32, (4,), stride=2, padding=1), BatchNorm(n, 32),
            nn.ReLU(),
            ConvTranspose(n, 32, 8, (4,), stride=2, padding=1), BatchNorm(n, 8),
            nn.ReLU(),
            Conv(n, 8, 1, (3,), padding=1),
        )  # fmt: skip

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior mean and log-variance, each (M, B, d), of the tracks x (M, B, n_features)."""
        return super().encode(x.unsqueeze(2))

    def decode(self, z: Tensor) -> Tensor:
        """Features (M, B, n_features) from codes z (M, B, d)."""
        return self.decoder(z).squeeze(2)


class ConvVAE(VAE):
    """A VAE on MFCC images: coefficients down, time across.

    Two convolutions halve both axes twice, a third shortens time fourfold; the decoder mirrors
    them. An image keeps what a vector of means has lost: how timbre moves in time.

    Parameters
    ----------
    n_networks : int
        M, how many networks stand side by side.
    shape : sequence of int
        Coefficients and frames of the images: multiples of 4 and of 16.
    latent_dim : int
        d, size of the code.
    """

    stack_size = 1  # 2-D convolutions are bound by arithmetic and gain nothing side by side

    def __init__(self, n_networks: int, shape: Sequence[int] = (20, 128), latent_dim: int = 16):
        nn.Module.__init__(self)
        rows, columns = shape
        if rows % 4 or columns % 16:
            raise ValueError(f"images must be multiples of 4 by 16, not {rows} by {columns}")
        self.latent_dim, n = latent_dim, n_networks
        small = (32, rows // 4, columns // 16)
        size = 32 * small[1] * small[2]
        halve = {"kernel": (4, 4), "stride": 2, "padding": 1}
        shorten = {"kernel": (3, 4), "stride": (1, 4), "padding": (1, 0)}
        self.encoder = nn.Sequential(
            Conv(n, 1, 8, **halve), BatchNorm(n, 8), nn.ReLU(),
            Conv(n, 8, 16, **halve), BatchNorm(n, 16), nn.ReLU(),
            Conv(n, 16, 32, **shorten), BatchNorm(n, 32), nn.ReLU(),
            nn.Flatten(2), Linear(n, size, 2 * latent_dim),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            Linear(n, latent_dim, size), nn.ReLU(), nn.Unflatten(2, small),
            ConvTranspose(n, 32, 16, **shorten), BatchNorm(n, 16), nn.ReLU(),
            ConvTranspose(n, 16, 8, **halve), BatchNorm(n, 8), nn.ReLU(),
            ConvTranspose(n, 8, 1, **halve),
        )  # fmt: skip
