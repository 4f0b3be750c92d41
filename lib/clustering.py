"""Partitions: from points to labels. Noise, where an algorithm knows it, is labelled -1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score


def kmeans(points: np.ndarray, n_clusters: int, seed: int) -> np.ndarray:
    """Partition by k-means, the best of ten starts.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        One point a track.
    n_clusters : int
        How many clusters.
    seed : int
        Seed of the starts.

    Returns
    -------
    ndarray of int, (n_tracks,)
        The cluster of each track.
    """
    return KMeans(n_clusters, n_init=10, random_state=seed).fit_predict(points)


ALGORITHMS: dict[str, Callable[[np.ndarray, int, int], np.ndarray]] = {"kmeans": kmeans}


def choose_n_clusters(points: np.ndarray, most: int = 15, seed: int = 0) -> int:
    """Choose k without labels: the k-means partition with the highest silhouette.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        One point a track.
    most : int
        The largest k tried; never more than one less than there are tracks.
    seed : int
        Seed of k-means.

    Returns
    -------
    int
        Between 2 and ``most``.
    """
    candidates = range(2, min(most, len(points) - 1) + 1)
    return max(candidates, key=lambda k: silhouette_score(points, kmeans(points, k, seed)))
