"""Nearest neighbours, searched once for each space and shared by all who ask for them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from lib.errors import UserError

LINKS = 10  # of each track in the graph
PERPLEXITY = 15.0  # neighbours of a track in the sense of t-SNE; at most a third of the tracks
LEAST = 16  # UMAP wants 15, DBSCAN and the graphs about 10: one search serves them all


def nearest(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the k nearest tracks of each track, exactly. A space seen before costs nothing.

    Both results are (n_tracks, k): indices, with the track itself first (or one that lies exactly
    where it does), and Euclidean distances.
    """
    k = min(k, len(points))
    points = np.ascontiguousarray(points, float)
    wider = min(max(k, LEAST), len(points))
    indices, distances = _search(points.tobytes(), points.shape, wider)
    return indices[:, :k].copy(), distances[:, :k].copy()


def graph(points: np.ndarray) -> sparse.csr_array:
    """Return the graph of the nearest neighbours, (n_tracks, n_tracks), as a single piece.

    It is 1 where one of two tracks is among the nearest of the other. Where that leaves several
    pieces, the nearest of them are joined by the tracks nearest to their means.
    """
    n_tracks = len(points)
    near, _ = nearest(points, LINKS + 1)
    links = _links(np.arange(n_tracks), near, n_tracks)
    while True:
        n_pieces, piece = sparse.csgraph.connected_components(links, directed=False)
        if n_pieces == 1:
            return links
        member = sparse.csr_array((np.ones(n_tracks), (piece, np.arange(n_tracks))))
        means = (member @ points) / np.bincount(piece)[:, None]
        off = np.square(points - means[piece]).sum(axis=1)
        order = np.lexsort((off, piece))
        middle = order[np.unique(piece[order], return_index=True)[1]]
        links = links.maximum(_links(middle, middle[nearest(means, 2)[0]], n_tracks))


def neighbourhoods(features: np.ndarray) -> dict[str, np.ndarray]:
    """Find how wide each track's neighbourhood is: the data of `lib.models.NeighbourVAE`.

    Parameters
    ----------
    features : ndarray, (N, F)
        Standardised.

    Returns
    -------
    dict
        ``x`` (N, F), the features, and ``precision`` (N, 1).

    Raises
    ------
    UserError
        For features that are not finite, and for fewer than four tracks.
    """
    features = np.asarray(features, float)
    if len(features) < 4 or not np.isfinite(features).all():
        raise UserError("neighbourhoods take four tracks or more, and features that are finite")
    perplexity = min(PERPLEXITY, len(features) / 3)
    squares = cdist(features, features, "sqeuclidean")
    np.fill_diagonal(squares, np.inf)
    squares -= squares.min(axis=1, keepdims=True)  # shifts no probability, and nothing underflows
    finite = np.where(np.isfinite(squares), squares, 0.0)
    scale = finite.sum(axis=1) / (len(features) - 1)
    low, high = np.full(len(features), -20.0), np.full(len(features), 20.0)
    for _ in range(50):  # the entropy falls as the precision grows: halve the interval of its log
        middle = (low + high) / 2
        p = np.exp(-squares * (np.exp(middle) / np.maximum(scale, 1e-12))[:, None])
        p /= p.sum(axis=1, keepdims=True)
        entropy = -np.sum(p * np.log(np.maximum(p, 1e-300)), axis=1)
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, middle, low), np.where(wide, high, middle)
    return {"x": features, "precision": (np.exp(middle) / np.maximum(scale, 1e-12))[:, None]}


def _links(tracks: np.ndarray, near: np.ndarray, n_tracks: int) -> sparse.csr_array:
    """Link some tracks, (n,), with others, (n, k), both ways."""
    ends = np.stack([np.repeat(tracks, near.shape[1]), near.ravel()]).astype(np.int32)
    links = sparse.coo_array((np.ones(near.size), tuple(ends)), (n_tracks, n_tracks)).tocsr()
    links.data[:] = 1  # what is named twice was summed
    return links.maximum(links.T)


@lru_cache(maxsize=8)
def _search(content: bytes, shape: tuple[int, int], k: int) -> tuple[np.ndarray, np.ndarray]:
    """Search by brute force: trees do not help in the ten or more dimensions that we have."""
    points = np.frombuffer(content).reshape(shape)
    search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points)
    distances, indices = search.kneighbors(points)
    return indices, distances
