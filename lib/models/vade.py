"""A VAE whose prior is a mixture of Gaussians: a clustering that is learned with the code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn

from lib.errors import UserError
from lib.models.autoencoder import VAE


class VaDE(VAE):
    """Variational deep embedding: a VAE with a mixture of Gaussians for a prior [1]_.

    A track belongs to a cluster c with probability pi_c, and its code is drawn from the Gaussian
    of that cluster. The KL term is that of the posterior q(z|x) q(c|x) from this prior,

        sum_c gamma_c KL(q(z|x) || p(z|c)) + KL(gamma || pi),    gamma_c = q(c|x),

    in closed form. Its first part falls to the latent dimensions one by one; the second, the
    cluster's, stands in a column after them. The paper estimates gamma from one draw of the code;
    here it is the gamma for which the loss is least given q(z|x), proportional to
    pi_c exp(-KL(q(z|x) || p(z|c))): no noise, and a tighter bound.

    For the first half of the epochs the mixture is N(0, I) throughout, and the network a plain
    `VAE`: that is the pre-training. Then a Gaussian mixture is fitted to the codes of all tracks by
    expectation maximisation, and everything is learned together.

    Parameters
    ----------
    n_networks, n_features : int
        As in `Autoencoder`.
    n_clusters : int
        K, components of the mixture.
    latent_dim, hidden : int, sequence of int
        As in `Autoencoder`.

    References
    ----------
    .. [1] Z. Jiang, Y. Zheng, H. Tan, B. Tang, H. Zhou, Variational deep embedding: an unsupervised
       and generative approach to clustering, IJCAI 2017, arXiv 1611.05148.
    """

    pretraining = 0.5

    def __init__(
        self,
        n_networks: int,
        n_features: int,
        n_clusters: int,
        latent_dim: int = 16,
        hidden: Sequence[int] = (128, 64),
    ):
        super().__init__(n_networks, n_features, latent_dim, hidden)
        self.logits = nn.Parameter(torch.zeros(n_networks, n_clusters))
        self.means = nn.Parameter(torch.zeros(n_networks, n_clusters, latent_dim))
        self.logvars = nn.Parameter(torch.zeros(n_networks, n_clusters, latent_dim))
        self.register_buffer("fitted", torch.zeros(n_networks))

    def kl(self, mean: Tensor, logvar: Tensor) -> Tensor:
        """KL divergence (M, B, d + 1) from the prior: of the code by dimension, of the cluster."""
        by_component, log_gamma = self._compare(mean, logvar)
        gamma = log_gamma.exp()
        of_code = (gamma[..., None] * by_component).sum(2)
        of_cluster = (gamma * (log_gamma - self._log_pi())).sum(2, keepdim=True)
        return torch.cat([of_code, of_cluster], dim=-1)

    def assign(self, x: Tensor) -> Tensor:
        """The most probable cluster (M, B) of the tracks x; -1 where the network diverged."""
        log_gamma = self._compare(*self.encode(x))[1]
        return torch.where(log_gamma.isfinite().all(-1), log_gamma.argmax(-1), -1)

    def after_pretraining(self, x: Tensor, seeds: Sequence[int]) -> None:
        """Fit each network's mixture to its codes of the tracks x (M, N, n_features)."""
        n_clusters = self.logits.shape[1]
        mean, logvar = self.encode(x)
        codes, variances = (part.cpu().double().numpy() for part in (mean, logvar.exp()))
        if codes.shape[1] < n_clusters:
            raise UserError(f"{codes.shape[1]} tracks are too few for a mixture of {n_clusters}")
        for m, seed in enumerate(seeds):
            if not np.isfinite(codes[m]).all():
                continue  # it diverged: there is nothing to fit
            mixture = GaussianMixture(
                n_clusters,
                covariance_type="diag",
                reg_covar=1e-3,
                max_iter=300,
                n_init=10,
                init_params="k-means++",
                random_state=seed,
            ).fit(codes[m])
            # The prior is met by draws from the posteriors, which spread wider than their means.
            shares = mixture.predict_proba(codes[m])
            spread = shares.T @ variances[m] / (shares.sum(0)[:, None] + 1e-9)
            fitted = {
                self.logits: np.log(mixture.weights_),
                self.means: mixture.means_,
                self.logvars: np.log(mixture.covariances_ + spread),
            }
            for parameter, value in fitted.items():
                parameter[m] = torch.as_tensor(value, dtype=parameter.dtype)
            self.fitted[m] = 1

    def _log_pi(self) -> Tensor:
        """Log-weights of the components, (M, 1, K)."""
        return self._learned(self.logits).log_softmax(-1)[:, None]

    def _compare(self, mean: Tensor, logvar: Tensor) -> tuple[Tensor, Tensor]:
        """KL of posteriors from each component, (M, B, K, d), and log gamma, (M, B, K)."""
        mean, logvar = mean[:, :, None], logvar[:, :, None]
        means, logvars = self._learned(self.means)[:, None], self._learned(self.logvars)[:, None]
        kl = 0.5 * (
            logvars - logvar + (logvar - logvars).exp() - 1
            + (mean - means).square() * (-logvars).exp()
        )  # fmt: skip
        return kl, (self._log_pi() - kl.sum(-1)).log_softmax(-1)

    def _learned(self, parameter: Tensor) -> Tensor:
        """The parameter, which takes no gradient before it is fitted."""
        fitted = self.fitted.view(-1, *[1] * (parameter.dim() - 1))
        return torch.where(fitted > 0, parameter, parameter.detach())
