"""Scores of a partition: by its own geometry, in a space shared by all, and against labels.

The silhouette that a partition reaches in a model's own latent space rises as the model dies (a
collapsed latent space has few effective dimensions, and in few dimensions even noise falls into
neat clusters). Hence every partition is also scored in the space of the standardised input, and
stands beside what noise of the same shape would have scored: see `noise_silhouette`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn import metrics as sk

from lib.clustering import algorithms as clustering
from lib.evaluation.silhouette import silhouette


def score(
    points: np.ndarray,
    labels: np.ndarray,
    shared: np.ndarray,
    truth: np.ndarray,
) -> dict[str, float]:
    """Score one partition.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        The representation that was partitioned.
    labels : ndarray of int, (n_tracks,)
        The cluster of each track; -1 is noise, which no geometric score counts and which the
        scores against labels count as one more cluster.
    shared : ndarray, (n_tracks, n_features)
        The standardised input, the same for every representation.
    truth : ndarray of str, (n_tracks,)
        The genre of each track; empty where unknown. The scores that need genres count only the
        tracks that have one, and are NaN when fewer than two genres are known.

    Returns
    -------
    dict
        ``n_clusters``, ``noise_fraction``, ``silhouette``, ``calinski_harabasz``,
        ``davies_bouldin``, ``ari``, ``nmi``, ``ami``, ``purity``, ``silhouette_shared``. A score
        that is not defined (fewer than two clusters, say, or points that are no numbers, of a
        member that diverged) is NaN.
        The silhouettes of very many tracks are estimates: see `silhouette`.
    """
    kept = labels >= 0
    n_clusters = len(np.unique(labels[kept]))
    geometric = dict.fromkeys(
        ("silhouette", "calinski_harabasz", "davies_bouldin", "silhouette_shared"), np.nan
    )
    if 2 <= n_clusters < kept.sum() and np.isfinite(points[kept]).all():
        own, partition = points[kept], labels[kept]
        geometric = {
            "silhouette": silhouette(own, partition)[0],
            "calinski_harabasz": sk.calinski_harabasz_score(own, partition),
            "davies_bouldin": sk.davies_bouldin_score(own, partition),
            "silhouette_shared": silhouette(shared[kept], partition)[0],
        }
    shape = {
        "n_clusters": n_clusters,
        "noise_fraction": float(np.mean(~kept)) if len(kept) else 0.0,
    }
    return {**shape, **geometric, **agreement(labels, truth)}


def agreement(labels: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Score a partition against genres.

    Parameters
    ----------
    labels : ndarray of int, (n_tracks,)
        The cluster of each track; -1 counts as one more cluster.
    truth : ndarray of str, (n_tracks,)
        The genre of each track; tracks without one, "", do not count.

    Returns
    -------
    dict
        ``ari``, ``nmi``, ``ami``, ``purity``; NaN when fewer than two genres are known.
    """
    known = truth != ""
    if len(np.unique(truth[known])) < 2:
        return dict.fromkeys(("ari", "nmi", "ami", "purity"), np.nan)
    pair = truth[known], labels[known]
    return {
        "ari": sk.adjusted_rand_score(*pair),
        "nmi": sk.normalized_mutual_info_score(*pair),
        "ami": sk.adjusted_mutual_info_score(*pair),
        "purity": purity(*pair),
    }


def score_noise(
    points: np.ndarray, labels: np.ndarray, shared: np.ndarray, truth: np.ndarray
) -> dict[str, dict[str, float]]:
    """Score a partition without its noise, and with the noise taken for one more cluster.

    An algorithm that calls all but the clearest tracks noise looks good without it. `score` stands
    between the two: geometry without noise, genres with it.

    Parameters
    ----------
    points, labels, shared, truth
        As for `score`.

    Returns
    -------
    dict
        ``without noise`` and ``with noise``, each as from `score`; both have the ``n_clusters``
        and the ``noise_fraction`` of the partition itself.
    """
    kept = labels >= 0
    without = score(points[kept], labels[kept], shared[kept], truth[kept])
    shape = {"n_clusters": without["n_clusters"], "noise_fraction": float(np.mean(~kept))}
    noise_as_cluster = score(points, labels + 1, shared, truth)
    return {"without noise": without | shape, "with noise": noise_as_cluster | shape}


def purity(truth: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of tracks whose genre is the commonest of their cluster.

    It rises with the number of clusters whatever they hold, so it means nothing without the row of
    random labels beside it.

    Parameters
    ----------
    truth, labels : ndarray, (n_tracks,)
        The genre and the cluster of each track.

    Returns
    -------
    float
        Between the share of the commonest genre and 1.
    """
    return sk.cluster.contingency_matrix(truth, labels).max(axis=0).sum() / len(truth)


def principal_variances(points: np.ndarray) -> np.ndarray:
    """Return the variances along the principal axes, (n_dims,) from the least to the greatest."""
    return np.linalg.eigvalsh(np.atleast_2d(np.cov(points, rowvar=False)))


def effective_dimensions(points: np.ndarray) -> float:
    """Return how many dimensions the points really use, the participation ratio of the variances.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        One point a track.

    Returns
    -------
    float
        (sum v)^2 / sum v^2 over the eigenvalues v of the covariance: n_dims when all are equal,
        1 when one is alone; 0 for points that are all the same.
    """
    variances = principal_variances(points)
    total = np.square(variances).sum()
    return float(variances.sum() ** 2 / total) if total > 0 else 0.0


def noise_silhouette(variances: Sequence[float], n_tracks: int, n_clusters: int) -> float:
    """Return the silhouette that k-means reaches on noise of a given shape: the line to be above.

    Parameters
    ----------
    variances : sequence of float
        Of the noise along its axes: those of a space along its principal axes give the noise that
        is as flat as that space, ones give the roundest noise there is.
    n_tracks, n_clusters : int
        How many points, in how many clusters. No more than 5,000 points are drawn: four times as
        many lower the silhouette by 0.005 at most.

    Returns
    -------
    float
        Mean over three draws from a Gaussian.
    """
    silhouettes = []
    for seed in range(3):
        noise = np.random.default_rng(seed).standard_normal((min(n_tracks, 5000), len(variances)))
        draw = noise * np.sqrt(np.maximum(variances, 0))
        partition = clustering.kmeans(draw, n_clusters, seed=0)
        silhouettes.append(silhouette(draw, partition)[0])
    return float(np.mean(silhouettes))
