"""Many partitions of the same tracks made one, and how well partitions agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from lib.errors import UserError


def together(partitions: Sequence[np.ndarray]) -> np.ndarray:
    """Count how often two tracks fall into the same cluster: the co-association matrix [1]_.

    Parameters
    ----------
    partitions : sequence of ndarray of int, (n_tracks,)
        Of the same tracks; the numbers of clusters may differ. -1 is noise, together with nobody.

    Returns
    -------
    ndarray, (n_tracks, n_tracks)
        Shares of the partitions, between 0 and 1; 1 on the diagonal.

    Raises
    ------
    UserError
        When there is no partition, or they are not of the same tracks.

    References
    ----------
    .. [1] A. L. N. Fred, A. K. Jain, Combining multiple clusterings using evidence accumulation,
       IEEE TPAMI 27(6), 2005.
    """
    sizes = {len(labels) for labels in partitions}
    if len(sizes) != 1:
        raise UserError(f"a consensus needs partitions of the same tracks, not of {sorted(sizes)}")
    share = np.zeros((min(sizes), min(sizes)))
    for labels in partitions:
        share += (labels[:, None] == labels) & (labels >= 0)
    share /= len(partitions)
    np.fill_diagonal(share, 1)
    return share


def consensus(partitions: Sequence[np.ndarray], n_clusters: int) -> np.ndarray:
    """Partition by how often tracks fall into one cluster, merging by average linkage.

    Parameters
    ----------
    partitions : sequence of ndarray of int, (n_tracks,)
        See `together`.
    n_clusters : int
        How many clusters to stop at.

    Returns
    -------
    ndarray of int, (n_tracks,)
        The cluster of each track.

    Raises
    ------
    UserError
        When the partitions do not fit each other, or there are fewer tracks than clusters.
    """
    apart = 1 - together(partitions)
    if not 1 <= n_clusters <= len(apart):
        raise UserError(f"{len(apart)} tracks cannot make {n_clusters} clusters")
    merge = AgglomerativeClustering(n_clusters, metric="precomputed", linkage="average")
    return merge.fit_predict(apart)


def agreement(partitions: Sequence[np.ndarray]) -> np.ndarray:
    """Measure how well each partition agrees with the others: its mean ARI with them.

    No label is needed. Where partitions err in different ways, what they have in common is the
    truth, and the one closest to all is likely to be among the best [1]_.

    Parameters
    ----------
    partitions : sequence of ndarray of int, (n_tracks,)
        Two or more, of the same tracks.

    Returns
    -------
    ndarray, (n_partitions,)
        NaN for a single partition, which has no others.

    References
    ----------
    .. [1] X. Z. Fern, W. Lin, Cluster ensemble selection, Statistical Analysis and Data Mining
       1(3), 2008.
    """
    n = len(partitions)
    if n < 2:
        return np.full(n, np.nan)
    scores = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            scores[i, j] = scores[j, i] = adjusted_rand_score(partitions[i], partitions[j])
    return scores.sum(axis=1) / (n - 1)
