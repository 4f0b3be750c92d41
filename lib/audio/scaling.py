"""Features brought to one scale by their ranks, and the manifold on which the tracks lie."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from scipy.stats import norm, rankdata

from lib import runtime
from lib.clustering.neighbours import nearest
from lib.errors import UserError


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


def views(columns: Sequence[str]) -> np.ndarray:
    """Say for each column of wide features which view of a track it belongs to.

    Parameters
    ----------
    columns : sequence of str
        As in the tables of `lib.corpora.gtzan` and `lib.audio.descriptors`.

    Returns
    -------
    ndarray of str, (n_columns,)
        ``timbre`` for means of MFCCs, ``change`` for how much they vary, ``spectrum`` for all else;
        "" for what is to be left out: the length, which belongs to the excerpt and not to the
        music, and deviations of MFCCs that stand there as variances too.
    """
    names = set(columns)
    found = []
    for name in columns:
        twin = name.endswith("_std") and name.replace("_std", "_var") in names
        if name == "length" or twin:
            found.append("")
        elif name.startswith("mfcc"):
            found.append("timbre" if name.endswith("_mean") else "change")
        else:
            found.append("spectrum")
    return np.array(found)


def balance(features: np.ndarray, views: Sequence[str]) -> np.ndarray:
    """Let no view of the tracks, and no direction in a view, rule the distances alone.

    Each view is turned onto its principal components, whose deviations are replaced by their
    square roots. That is half of the way to whitening: many features that say the same no longer
    count as many, and yet the noise in the last components is not blown up to the size of the
    first. Then each view is given the same variance in total.

    Parameters
    ----------
    features : ndarray, (n_tracks, n_features)
        On one scale, as from `rank_normal`.
    views : sequence of str
        The view of each feature, as from `views`.

    Returns
    -------
    ndarray, (n_tracks, n_components)
        View by view, with a mean variance of 1. Components without variance are left out.
    """
    parts = []
    names = np.asarray(views)
    for view in dict.fromkeys(views):
        x = features[:, names == view]
        axes, deviations, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
        kept = deviations > 1e-6 * max(deviations.max(), 1e-12)
        if deviations.max() > 1e-9:
            part = axes[:, kept] * np.sqrt(deviations[kept])
            parts.append(part / np.sqrt(part.var(axis=0).sum()))
    if not parts:
        return np.zeros((len(features), 1))
    balanced = np.concatenate(parts, axis=1)
    return balanced * np.sqrt(balanced.shape[1] / len(parts))


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
    mapper = runtime.umap().UMAP(
        n_neighbors=n_neighbors,
        n_components=n_dims,
        n_epochs=200,  # the default on large corpora; the 500 on small ones polish a picture
        init="pca" if np.ptp(points, axis=0).any() else "random",
        random_state=seed,
        n_jobs=1,
        precomputed_knn=(indices, distances, None),
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "precomputed_knn")  # we map no new points later
        return mapper.fit_transform(np.ascontiguousarray(points, np.float32))
