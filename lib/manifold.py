"""Features brought to one scale by their ranks, and the manifold on which the tracks lie."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.stats import norm, rankdata

from lib import jit
from lib.errors import UserError
from lib.neighbours import nearest


def rank_normal(features: np.ndarray) -> np.ndarray:
    """Bring each feature to a normal distribution by its ranks (van der Waerden 1952).

    Variances and energies have long tails, and standardised by mean and deviation they still let a
    few extreme tracks rule all distances. Ranks do not; and they are the same for a variance, its
    root and its logarithm.

    Parameters
    ----------
    features : ndarray, (n_tracks, n_features)
        In any units.

    Returns
    -------
    ndarray, (n_tracks, n_features)
        The normal quantile of (rank - 1/2) / n_tracks; ties share their mean rank, so that a
        constant feature is 0 throughout.

    Raises
    ------
    UserError
        For features that are not finite.
    """
    if not np.isfinite(features).all():
        raise UserError("features have NaN or infinity: leave those tracks or columns out")
    return norm.ppf((rankdata(features, axis=0) - 0.5) / len(features))


def unfold(
    points: np.ndarray, seed: int = 0, n_neighbors: int = 40, n_dims: int = 10
) -> np.ndarray:
    """Unfold the manifold of the points by UMAP, to be partitioned (McInnes et al. 2018).

    More neighbours and more dimensions than a map to look at has. Distances between the groups
    still mean little, but a partition needs only to tell them apart. Partitions of an
    autoencoder's code that was unfolded so are N2D [1]_.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        One point a track.
    seed : int
        Seed of the layout.
    n_neighbors : int
        How many neighbours make a neighbourhood, the track itself counted. At most a tenth of the
        tracks, but not fewer than 5.
    n_dims : int
        Of the result, at most those of the points.

    Returns
    -------
    ndarray, (n_tracks, n_dims)
        Float32.

    Raises
    ------
    UserError
        For fewer than six tracks.

    References
    ----------
    .. [1] R. McConville, R. Santos-Rodriguez, R. J. Piechocki, I. Craddock, N2D: (not too) deep
       clustering via clustering the local manifold of an autoencoded embedding, ICPR 2021.
    """
    if len(points) < 6:
        raise UserError(f"{len(points)} tracks make no manifold: it takes six, add music")
    n_neighbors = max(5, min(n_neighbors, len(points) // 10))
    # Exact neighbours: UMAP would search approximately, and compile its search in each process.
    indices, distances = nearest(points, n_neighbors)
    n_dims = min(n_dims, points.shape[1], len(points) - 2)
    mapper = jit.umap().UMAP(
        n_neighbors=n_neighbors,
        n_components=n_dims,
        init="pca" if np.ptp(points, axis=0).any() else "random",
        random_state=seed,
        n_jobs=1,
        precomputed_knn=(indices, distances, None),
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "precomputed_knn")  # we map no new points later
        return mapper.fit_transform(np.ascontiguousarray(points, np.float32))
