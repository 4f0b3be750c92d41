"""Many partitions of the same tracks made one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.cluster import AgglomerativeClustering

from lib.errors import UserError


def coassociation(partitions: Sequence[np.ndarray]) -> np.ndarray:
    """Count how often two tracks fall into the same cluster, as a share; noise is alone."""
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

    Evidence accumulation, Fred and Jain, IEEE TPAMI 27(6), 2005. Like all algorithms it returns
    the cluster of each track, (n_tracks,) of int.

    Parameters
    ----------
    partitions : sequence of ndarray of int, (n_tracks,)
        Of the same tracks; the numbers of clusters may differ. -1 is noise.
    n_clusters : int
        How many clusters to stop at.

    Raises
    ------
    UserError
        When the partitions do not fit each other, or there are fewer tracks than clusters.
    """
    apart = 1 - coassociation(partitions)
    if not 1 <= n_clusters <= len(apart):
        raise UserError(f"{len(apart)} tracks cannot make {n_clusters} clusters")
    merge = AgglomerativeClustering(n_clusters, metric="precomputed", linkage="average")
    return merge.fit_predict(apart)
