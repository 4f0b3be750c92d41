"""Maps of a latent space in two dimensions: pictures to look at, never evidence to cluster on.

Neighbours on such a map are neighbours in the space; the distances between groups, and the sizes
of groups, mean nothing.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.manifold import TSNE

from lib import runtime
from lib.clustering.neighbours import nearest
from lib.errors import UserError


def tsne(points: np.ndarray) -> np.ndarray:
    """Map by t-SNE (van der Maaten and Hinton 2008), started from the principal components.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        One point per track; NaN for tracks without a place, which have none on the map either.

    Returns
    -------
    ndarray of float32, (n_tracks, 2)
        The map.
    """
    there = np.isfinite(points).all(axis=1)
    placed = points[there]
    perplexity = min(30.0, (len(placed) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, init=_start(placed), random_state=0)
    flat = np.full((len(points), 2), np.nan, np.float32)
    flat[there] = tsne.fit_transform(placed)
    return flat


def umap(points: np.ndarray, seed: int = 0, n_dims: int = 2, n_neighbors: int = 15) -> np.ndarray:
    """Map by UMAP (McInnes, Healy and Melville 2018), on the exact nearest neighbours.

    In two dimensions it is a map to look at. In more, with more neighbours, it unfolds the manifold
    that the points lie on, to be partitioned (N2D: McConville et al., ICPR 2021): distances between
    groups still mean little, but a partition needs only to tell them apart.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        One point per track; three or more, else this raises a `UserError`.
    seed : int
        Seed of the layout.
    n_dims, n_neighbors : int
        Of the map, and of a neighbourhood, the track itself counted.

    Returns
    -------
    ndarray of float32, (n_tracks, n_dims)
        The map.
    """
    if len(points) < 3:
        raise UserError(f"{len(points)} tracks make no map by UMAP: it takes three, add music")
    n_neighbors = min(n_neighbors, len(points) - 1)
    # UMAP would search neighbours approximately, and compile its search anew in each process.
    indices, distances = nearest(points, n_neighbors)
    mapper = runtime.umap().UMAP(
        n_neighbors=n_neighbors,
        n_components=n_dims,
        # By default 200 on large corpora; the 500 on small ones only polish a picture.
        n_epochs=None if n_dims == 2 else 200,
        init=_start(points, n_dims),
        random_state=seed,
        n_jobs=1,
        precomputed_knn=(indices, distances, None),
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "precomputed_knn")  # we map no new points later
        return mapper.fit_transform(np.ascontiguousarray(points, np.float32))


def _start(points: np.ndarray, n_dims: int = 2) -> str:
    """Start from the principal components where there are enough, and anything varies at all."""
    return "pca" if points.shape[1] >= n_dims and np.ptp(points, axis=0).any() else "random"
