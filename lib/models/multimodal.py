"""VAEs of several modalities, such as what is heard and what is sung, with one code for all.

Their data are a dictionary, as of `lib.lyrics.fill_missing`: an array (N, size) for each modality,
and ``mask`` (N, n_modalities), which says which of them a track has. What a track lacks is in no
loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from lib.models.autoencoder import VAE, mlp
from lib.models.layers import BatchNorm, Linear


class MultimodalVAE(VAE):
    """A VAE with one encoder for all modalities together, and a head for each to decode them.

    The encoder reads the modalities side by side; the decoder mirrors it and ends in a linear head
    for each. A track without words is read with borrowed ones (see `lib.lyrics.fill_missing`), but
    the loss is taken over what it really has.

    Parameters
    ----------
    n_networks : int
        M, how many networks stand side by side.
    sizes : mapping of str to int
        Columns of each modality, in the order of the mask.
    latent_dim, hidden : int, sequence of int
        As in `Autoencoder`.
    """

    def __init__(
        self,
        n_networks: int,
        sizes: Mapping[str, int],
        latent_dim: int = 16,
        hidden: Sequence[int] = (128, 64),
    ):
        nn.Module.__init__(self)
        self.sizes = dict(sizes)
        self.latent_dim = latent_dim
        self.encoder = mlp(n_networks, [sum(sizes.values()), *hidden, 2 * latent_dim])
        trunk, width = mlp(n_networks, [latent_dim, *reversed(hidden)]), hidden[0]
        self.decoder = nn.Sequential(trunk, BatchNorm(n_networks, width), nn.ReLU())
        self.heads = nn.ModuleList(Linear(n_networks, width, size) for size in sizes.values())

    def encode(self, x: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Posterior mean and log-variance, each (M, B, d)."""
        return super().encode(self._joined(x))

    def decode(self, z: Tensor) -> Tensor:
        """All modalities side by side, (M, B, sum of sizes), from codes z (M, B, d)."""
        hidden = self.decoder(z)
        return torch.cat([head(hidden) for head in self.heads], dim=-1)

    def predict(self, z: Tensor, x: dict[str, Tensor]) -> Tensor:
        """As `decode`, and 0 in the modalities that a track lacks."""
        return self.decode(z) * self._there(x["mask"])

    def target(self, x: dict[str, Tensor]) -> Tensor:
        """The modalities side by side, (M, B, sum of sizes), and 0 in those that a track lacks."""
        return self._joined(x) * self._there(x["mask"])

    def _joined(self, x: dict[str, Tensor]) -> Tensor:
        return torch.cat([x[name] for name in self.sizes], dim=-1)

    def _there(self, mask: Tensor) -> Tensor:
        """Repeat the mask for each column of each modality."""
        columns = zip(mask.unbind(-1), self.sizes.values(), strict=True)
        return torch.cat([m[..., None].expand(*m.shape, size) for m, size in columns], dim=-1)


class ProductOfExpertsVAE(MultimodalVAE):
    """A VAE with an encoder and a decoder for each modality, the MVAE [1]_.

    Every encoder is an expert that gives a Gaussian; the posterior is their product with that of
    the prior, so that a track is embedded by what it has, and a missing modality is no special
    case: it leaves the product and the loss. The objective is the evidence lower bound of what each
    track has. The paper adds the bounds of each modality alone, so that an expert learns to stand
    alone; here those of tracks that have nothing else do that.

    Parameters as in `MultimodalVAE`.

    References
    ----------
    .. [1] M. Wu, N. Goodman, Multimodal generative models for scalable weakly-supervised learning,
       NeurIPS 2018, arXiv 1802.05335.
    """

    def __init__(
        self,
        n_networks: int,
        sizes: Mapping[str, int],
        latent_dim: int = 16,
        hidden: Sequence[int] = (128, 64),
    ):
        nn.Module.__init__(self)
        self.sizes = dict(sizes)
        self.latent_dim = latent_dim
        self.encoders = nn.ModuleList(
            _Expert(n_networks, [size, *hidden, 2 * latent_dim]) for size in sizes.values()
        )
        self.decoders = nn.ModuleList(
            mlp(n_networks, [latent_dim, *reversed(hidden), size]) for size in sizes.values()
        )

    def encode(self, x: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the product of experts, each (M, B, d)."""
        means, logvars = [], []
        for encoder, name, there in zip(
            self.encoders, self.sizes, x["mask"].unbind(-1), strict=True
        ):
            mean, logvar = encoder(x[name], there).chunk(2, dim=-1)
            means.append(mean)
            logvars.append(logvar.masked_fill(there[..., None] == 0, torch.inf))
        return product(torch.stack(means), torch.stack(logvars))

    def decode(self, z: Tensor) -> Tensor:
        """All modalities side by side, (M, B, sum of sizes), from codes z (M, B, d)."""
        return torch.cat([decoder(z) for decoder in self.decoders], dim=-1)


def product(means: Tensor, logvars: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and log-variance of the product of Gaussian experts (n_experts, ...) and the prior.

    Precisions add up, means are weighted by them. An expert that knows nothing has a log-variance
    of infinity.
    """
    log_precisions = torch.cat([torch.zeros_like(logvars[:1]), -logvars])
    weights = log_precisions.softmax(dim=0)
    return (weights[1:] * means).sum(0), -log_precisions.logsumexp(dim=0)


class _Expert(nn.Module):
    """The encoder of one modality: as `mlp`, blind to tracks that lack it."""

    def __init__(self, n_networks: int, sizes: Sequence[int]):
        super().__init__()
        *hidden, code = sizes
        pairs = list(pairwise(hidden))
        self.linears = nn.ModuleList(Linear(n_networks, *pair) for pair in pairs)
        self.norms = nn.ModuleList(_MaskedBatchNorm(n_networks, outputs) for _, outputs in pairs)
        self.code = Linear(n_networks, hidden[-1], code)

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        """Codes (M, B, code) of x (M, B, features) where it is there, (M, B) of 0 and 1."""
        for linear, norm in zip(self.linears, self.norms, strict=True):
            x = norm(linear(x), there).relu()
        return self.code(x)


class _MaskedBatchNorm(BatchNorm):
    """A BatchNorm whose statistics are those of some rows of the batch.

    Rows that stand for nothing would shift mean and variance for those that are real. A network
    with fewer than two real rows in its batch normalises with its running statistics.
    """

    def forward(self, x: Tensor, there: Tensor) -> Tensor:
        """Normalise x (M, B, features) by the rows that are there, (M, B) of 0 and 1."""
        mean, var = self.running_mean, self.running_var
        if self.training:
            weight = there.to(x.dtype)[..., None]
            count = weight.sum(1)
            batch_mean = (weight * x).sum(1) / count.clamp(min=1)
            square = (weight * (x - batch_mean[:, None])).square().sum(1)
            enough = count > 1
            mean = torch.where(enough, batch_mean, mean)
            var = torch.where(enough, square / count.clamp(min=1), var)
            with torch.no_grad():
                rate = 0.1 * enough.to(x.dtype)  # that of torch
                self.running_mean.lerp_(mean, rate.expand_as(mean))
                unbiased = torch.where(enough, square / (count - 1).clamp(min=1), var)
                self.running_var.lerp_(unbiased, rate.expand_as(var))
        scale = self.weight * torch.rsqrt(var + 1e-5)
        return x * scale[:, None] + (self.bias - mean * scale)[:, None]
