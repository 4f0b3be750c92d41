"""The number of clusters, chosen without labels, and what noise would reach with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lib.clustering.algorithms import kmeans
from lib.errors import UserError
from lib.evaluation import silhouette

MOST = 15


def choose_n_clusters(points: np.ndarray) -> int:
    """Choose k without labels: the k-means partition with the highest silhouette.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        One point per track.

    Returns
    -------
    int
        Between 2 and 15, and less than the number of different points.

    Raises
    ------
    UserError
        For fewer than three different points.
    """
    most = min(MOST, len(np.unique(points, axis=0)) - 1)
    if most < 2:
        raise UserError("fewer than three different tracks: there is no k to choose, add music")
    return max(range(2, most + 1), key=lambda k: silhouette(points, kmeans(points, k, 0)))


def noise_silhouette(variances: Sequence[float], n_tracks: int, n_clusters: int) -> float:
    """Return the silhouette that k-means reaches on noise of a given shape, over three draws.

    Parameters
    ----------
    variances : sequence of float
        Of Gaussian noise along its axes: those of a space along its principal axes give noise that
        is as flat as that space, ones give the roundest noise there is.
    n_tracks, n_clusters : int
        How many points, in how many clusters. No more than 5,000 points are drawn: four times as
        many lower the silhouette by 0.005 at most.
    """
    silhouettes = []
    for seed in range(3):
        noise = np.random.default_rng(seed).standard_normal((min(n_tracks, 5000), len(variances)))
        draw = noise * np.sqrt(np.maximum(variances, 0))
        silhouettes.append(silhouette(draw, kmeans(draw, n_clusters, seed=0)))
    return float(np.mean(silhouettes))
