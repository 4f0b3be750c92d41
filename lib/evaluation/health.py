"""Health of a latent space: does the code carry anything, and how is it spread?

All of it is label-free. Arrays in, numbers out; `lib.training.Ensemble` calls it for every network.
"""

import numpy as np

ACTIVE_VARIANCE = 0.01  # of the posterior mean over tracks (Burda et al. 2016, arXiv 1509.00519)
ACTIVE_KL = 0.01  # nats; the variance alone calls a nearly dead unit active
COLLAPSED_R2 = 0.1
COLLAPSED_KL = 0.5  # nats in the whole code: less than one bit (0.69) to tell the tracks apart
HEALTHY_R2 = 0.5


def r2(target: np.ndarray, reconstruction: np.ndarray) -> float:
    """Share of the variance of the targets that the reconstruction explains.

    Parameters
    ----------
    target, reconstruction : array (N, ...)
        Errors and variances are summed over all features before they are divided, so that a
        constant feature does no harm. NaN when every feature is constant.
    """
    target = np.asarray(target, dtype=float)
    variance = np.sum((target - target.mean(axis=0)) ** 2)
    if variance == 0:
        return float("nan")
    return float(1 - np.sum((target - reconstruction) ** 2) / variance)


def active_units(z: np.ndarray, kl: np.ndarray | None = None) -> np.ndarray:
    """Which latent dimensions are in use.

    Parameters
    ----------
    z : array (N, d)
        Posterior means (codes of a plain autoencoder).
    kl : array (d, ...), optional
        Mean KL of each dimension in nats, and of other latent variables after them, which do not
        count here; left out for a plain autoencoder.

    Returns
    -------
    array (d,) of bool
        Variance of z over tracks above 0.01 and, if given, KL above 0.01.
    """
    active = np.var(z, axis=0) > ACTIVE_VARIANCE
    return active if kl is None else active & (np.asarray(kl)[: z.shape[1]] > ACTIVE_KL)


def total_correlation(z: np.ndarray) -> float:
    """Gaussian total correlation of codes in nats: 0 when the dimensions are uncorrelated.

    0.5 (sum_j log var_j - log det cov), as in the unsupervised metrics of Locatello et al. 2019
    (arXiv 1811.12359), computed here on the correlation matrix. Infinite when a dimension is a
    linear function of others; 0 for fewer than two dimensions.

    Parameters
    ----------
    z : array (N, d)
        Every dimension must vary; give the active ones.
    """
    if z.shape[1] < 2:
        return 0.0
    sign, logdet = np.linalg.slogdet(np.corrcoef(np.asarray(z, dtype=float), rowvar=False))
    return float(max(0.0, -0.5 * logdet)) if sign > 0 else float("inf")


def verdict(r2: float, kl: float, n_active: int) -> str:
    """One word for a trained model.

    ``diverged``: R2 is not a number. ``collapsed``: R2 below 0.1, or no active unit, or a KL
    below 0.5 nats (not asked of a plain autoencoder, whose KL is NaN). ``healthy``: R2 of 0.5 or
    more. ``weak``: between the two.
    """
    if not np.isfinite(r2):
        return "diverged"
    if r2 < COLLAPSED_R2 or n_active == 0 or kl < COLLAPSED_KL:
        return "collapsed"
    return "healthy" if r2 >= HEALTHY_R2 else "weak"


def health(
    target: np.ndarray, reconstruction: np.ndarray, z: np.ndarray, kl: np.ndarray | None
) -> dict[str, float | int | str]:
    """Health row of one model: r2, kl, active_units, total_correlation, verdict.

    Parameters
    ----------
    target, reconstruction : array (N, ...)
    z : array (N, d)
        Posterior means.
    kl : array (d, ...) or None
        Mean KL per dimension in nats, and of other latent variables after them: the kl of the row
        is the sum of all. None for a plain autoencoder, whose kl is then NaN.
    """
    explained = r2(target, reconstruction)
    total_kl = float("nan") if kl is None else float(np.sum(kl))
    active = active_units(z, kl)
    return {
        "r2": explained,
        "kl": total_kl,
        "active_units": int(active.sum()),
        "total_correlation": total_correlation(z[:, active]),
        "verdict": verdict(explained, total_kl, int(active.sum())),
    }
