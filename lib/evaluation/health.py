"""Health of a latent space: does the code carry anything, and how is it spread?

All of it is label-free. Arrays in, numbers out; `lib.training.Ensemble` has a record per network.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.catalogue import REPRESENTATIONS

ACTIVE_VARIANCE = 0.01  # of the posterior mean over tracks (Burda et al. 2016, arXiv 1509.00519)
ACTIVE_KL = 0.01  # nats; the variance alone calls a nearly unused unit active
COLLAPSED_R2 = 0.1
COLLAPSED_KL = 0.5  # nats in the whole code: less than one bit (0.69) to tell the tracks apart
HEALTHY_R2 = 0.5


def record(
    target: np.ndarray, reconstruction: np.ndarray, z: np.ndarray, kl: np.ndarray | None
) -> dict[str, float | int | str]:
    """Return the health record of one network.

    ``r2`` compares what is to be rebuilt (n_tracks, ...) with what was; ``z`` (n_tracks, n_dims)
    are posterior means. ``kl`` is the mean KL of each dimension in nats, and of other latent
    variables after them: the record has the sum of all. It is None for a plain autoencoder, and
    then NaN. The `status` stands as ``verdict``.
    """
    explained = r2(target, reconstruction)
    total_kl = float("nan") if kl is None else float(np.sum(kl))
    active = active_units(z, kl)
    return {
        "r2": explained,
        "kl": total_kl,
        "active_units": int(active.sum()),
        "total_correlation": total_correlation(z[:, active]),
        "verdict": status(explained, total_kl, int(active.sum())),
    }


def status(r2: float, kl: float, n_active: int) -> str:
    """Say in one word how a trained network is.

    ``diverged``: R2 is not a number. ``collapsed``: R2 below 0.1, or no active unit, or a KL below
    0.5 nats (that of a plain autoencoder is NaN, and does not count). ``healthy``: R2 of 0.5 or
    more. ``weak``: between the two.
    """
    if not np.isfinite(r2):
        return "diverged"
    if r2 < COLLAPSED_R2 or n_active == 0 or kl < COLLAPSED_KL:
        return "collapsed"
    return "healthy" if r2 >= HEALTHY_R2 else "weak"


def statuses(rows: pd.DataFrame) -> list[str]:
    """Return the `status` of the network behind each tidy row of results."""
    return [status(row.r2, row.kl, row.active_units) for row in rows.itertuples()]


def overall_status(rows: pd.DataFrame) -> str:
    """Give the `status` of one method's rows in one word, or counted where its seeds differ.

    It is ``untrained`` for an untrained network, and empty where nothing was learned.
    """
    if rows["active_units"].isna().all():
        return ""
    kind = REPRESENTATIONS.get(rows["representation"].iloc[0])
    if kind and kind.family == "untrained":
        return "untrained"
    counts = pd.Series(statuses(rows)).value_counts()
    if len(counts) == 1:
        return counts.index[0]
    return ", ".join(f"{count} {status}" for status, count in counts.items())


def r2(target: np.ndarray, reconstruction: np.ndarray) -> float:
    """Return the share of the variance of the targets that the reconstruction explains.

    Errors and variances are summed over all features before they are divided, so that a constant
    feature does no harm. NaN when every feature is constant.
    """
    target = np.asarray(target, dtype=float)
    variance = np.sum((target - target.mean(axis=0)) ** 2)
    if variance == 0:
        return float("nan")
    return float(1 - np.sum((target - reconstruction) ** 2) / variance)


def active_units(z: np.ndarray, kl: np.ndarray | None = None) -> np.ndarray:
    """Tell which latent dimensions are in use, (n_dims,): variance and KL are above 0.01.

    ``z`` and ``kl`` are as in `record`; the KL of other latent variables does not count.
    """
    active = np.var(z, axis=0) > ACTIVE_VARIANCE
    return active if kl is None else active & (np.asarray(kl)[: z.shape[1]] > ACTIVE_KL)


def total_correlation(z: np.ndarray) -> float:
    """Return the Gaussian total correlation of active dimensions in nats: 0 if uncorrelated.

    0.5 (sum_j log var_j - log det cov), as in the unsupervised metrics of Locatello et al. 2019
    (arXiv 1811.12359), computed here on the correlation matrix. Infinite when a dimension is a
    linear function of others; 0 for fewer than two dimensions.
    """
    if z.shape[1] < 2:
        return 0.0
    sign, logdet = np.linalg.slogdet(np.corrcoef(np.asarray(z, dtype=float), rowvar=False))
    return float(max(0.0, -0.5 * logdet)) if sign > 0 else float("inf")


def mean_correlation(z: np.ndarray) -> float:
    """Return the mean absolute correlation between two active dimensions; NaN for fewer than two.

    So no collapsed network passes for one whose dimensions are independent.
    """
    if z.shape[1] < 2:
        return np.nan
    correlations = np.corrcoef(np.asarray(z, dtype=float), rowvar=False)
    return float(np.abs(correlations[np.triu_indices(z.shape[1], 1)]).mean())


def principal_variances(points: np.ndarray) -> np.ndarray:
    """Return the variances along the principal axes, (n_dims,) from the least to the greatest."""
    return np.linalg.eigvalsh(np.atleast_2d(np.cov(points, rowvar=False)))


def effective_dimensions(points: np.ndarray) -> float:
    """Return how many dimensions points (n_tracks, n_dims) really use: their participation ratio.

    It is (sum v)^2 / sum v^2 over the eigenvalues v of the covariance: n_dims when all are equal,
    1 when one is alone; 0 for points that are all the same.
    """
    variances = principal_variances(points)
    total = np.square(variances).sum()
    return float(variances.sum() ** 2 / total) if total > 0 else 0.0
