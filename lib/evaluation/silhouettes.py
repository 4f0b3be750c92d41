"""The silhouette of a partition (Rousseeuw 1987), exactly and fast.

Of each track it asks how much nearer its own cluster is than the next one, (b - a) / max(a, b): a
is the mean distance to the other tracks of its cluster, b to those of the nearest other cluster.
That takes all N^2 distances, so they are made in tiles that stay in the processor's cache: twice
as fast as scikit-learn at 300 tracks, and six times at 8,000.
"""

from __future__ import annotations

import numpy as np

EXACT_UP_TO = 20_000
"""So many tracks are compared each with each; of more, only a sample with all the others."""
SAMPLE = 5_000
ROWS, COLUMNS = 256, 1024  # of a tile
CLOSE = 1e-3  # of the squared norms: nearer tracks are measured again in double precision


def silhouette(points: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean silhouette of a partition.

    Of more than 20,000 tracks, 5,000 are drawn at random, the same ones each time, and each is
    compared with all the others: the standard error of such an estimate is below 0.01.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        One point per track.
    labels : ndarray of int, (n_tracks,)
        The cluster of each track; none is taken for noise.

    Returns
    -------
    float
        Between -1 and 1; NaN for fewer than two clusters, or where every track is its own.
    """
    names, labels = np.unique(labels, return_inverse=True)
    n_tracks = len(labels)
    if not 2 <= len(names) < n_tracks:
        return np.nan
    drawn = np.arange(n_tracks)
    if n_tracks > EXACT_UP_TO:
        drawn = np.sort(np.random.default_rng(0).choice(n_tracks, SAMPLE, replace=False))
    return float(samples(points, labels, drawn).mean())


def samples(points: np.ndarray, labels: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Return the silhouette of some tracks, (n_asked,), each compared with all tracks.

    Clusters are numbered 0, 1, 2... with none left out. The silhouette is zero for the only track
    of a cluster, and where all distances are zero.
    """
    sizes = np.bincount(labels)
    sums = _distance_sums(points, labels, of)  # (n_asked, n_clusters)
    each, own = np.arange(len(of)), labels[of]
    a = sums[each, own] / np.maximum(sizes[own] - 1, 1)
    means = sums / sizes
    means[each, own] = np.inf
    b = means.min(axis=1)
    largest = np.maximum(a, b)
    alone = (sizes[own] == 1) | (largest == 0)
    return np.where(alone, 0.0, (b - a) / np.where(alone, 1.0, largest))


def _distance_sums(points: np.ndarray, labels: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Sum the distances from some tracks to all tracks of each cluster: (n_asked, n_clusters)."""
    points = points - points.mean(axis=0, dtype=float)  # near the origin rounding is least,
    points /= np.abs(points).max() or 1.0  # and near 1 no square is too small or too large
    order = np.argsort(labels, kind="stable")
    columns, rows = points[order], points[of]
    norms, row_norms = np.square(columns).sum(axis=1), np.square(rows).sum(axis=1)
    # |x - y|^2 = -2 x.y + 1 |y|^2 + |x|^2 1 as one product of matrices, in single precision
    left = np.column_stack([-2 * rows, np.ones(len(rows)), row_norms]).astype(np.float32)
    right = np.column_stack([columns, norms, np.ones(len(columns))]).astype(np.float32).T

    sums = np.zeros((len(of), labels.max() + 1))
    for cluster, tile in _tiles(np.bincount(labels)):
        for start in range(0, len(rows), ROWS):
            part = slice(start, start + ROWS)
            squares = left[part] @ right[:, tile]
            close = CLOSE * (row_norms[part].max() + norms[tile].max())
            i, j = np.divmod(np.flatnonzero(squares <= close), squares.shape[1])
            squares[i, j] = np.square(rows[part][i] - columns[tile][j]).sum(axis=1)
            sums[part, cluster] += np.sqrt(squares, out=squares).sum(axis=1)
    return sums


def _tiles(sizes: np.ndarray):
    """Cut the tracks, sorted by cluster, into slices that never cross into the next cluster."""
    end = np.cumsum(sizes)
    for cluster, size in enumerate(sizes):
        for start in range(end[cluster] - size, end[cluster], COLUMNS):
            yield cluster, slice(start, min(start + COLUMNS, end[cluster]))
