"""A VAE that is given a label of each track, so that its code need not carry it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from lib.errors import UserError
from lib.models.autoencoder import VAE, mlp


class CVAE(VAE):
    """A conditional VAE [1]_ with the prior N(0, I) whatever the condition.

    Encoder and decoder both see the condition. What it says about the features costs the decoder
    nothing, while the same in the code costs KL: the code is driven to leave it out, and a
    clustering of the code to find something else. Such a model has seen the label: score its
    clusters against another one.

    Data are a dictionary: ``x`` (N, n_features), standardised, and ``condition`` (N, n_conditions)
    as of `one_hot`.

    Parameters
    ----------
    n_networks : int
        M, how many networks stand side by side.
    n_features, n_conditions : int
        Columns of ``x`` and of ``condition``.
    latent_dim, hidden : int, sequence of int
        As in `Autoencoder`.

    References
    ----------
    .. [1] K. Sohn, H. Lee, X. Yan, Learning structured output representation using deep conditional
       generative models, NeurIPS 2015.
    """

    def __init__(
        self,
        n_networks: int,
        n_features: int,
        n_conditions: int,
        latent_dim: int = 16,
        hidden: Sequence[int] = (128, 64),
    ):
        nn.Module.__init__(self)
        self.latent_dim = latent_dim
        self.encoder = mlp(n_networks, [n_features + n_conditions, *hidden, 2 * latent_dim])
        self.decoder = mlp(n_networks, [latent_dim + n_conditions, *reversed(hidden), n_features])

    def encode(self, x: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Posterior mean and log-variance, each (M, B, d)."""
        return super().encode(torch.cat([x["x"], x["condition"]], dim=-1))

    def decode(self, z: Tensor, condition: Tensor) -> Tensor:
        """Features (M, B, n_features) from codes (M, B, d) and conditions (M, B, n_conditions)."""
        return super().decode(torch.cat([z, condition], dim=-1))

    def predict(self, z: Tensor, x: dict[str, Tensor]) -> Tensor:
        """Features (M, B, n_features) decoded from the codes z under each track's condition."""
        return self.decode(z, x["condition"])

    def target(self, x: dict[str, Tensor]) -> Tensor:
        """What ``reconstruct`` should give back: the features."""
        return x["x"]


def one_hot(labels: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Write labels as conditions.

    Parameters
    ----------
    labels : sequence of str, length N
        Empty where unknown.

    Returns
    -------
    condition : ndarray of float64, (N, C)
        1 in the column of the label. A row of zeros where it is unknown: what the condition would
        have said of the track then stays in its code.
    names : list of str, length C
        The known labels, sorted.

    Raises
    ------
    UserError
        When fewer than two labels are known: there is nothing to condition on.
    """
    labels = np.asarray(labels, dtype=str)
    names = sorted(set(labels.tolist()) - {""})
    if len(names) < 2:
        raise UserError(
            f"a condition takes two known labels or more, and here are {names}: "
            "condition on something else, or leave the conditional model out"
        )
    return (labels[:, None] == np.array(names)).astype(float), names
