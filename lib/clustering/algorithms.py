"""Partitions: from points to labels. Noise, where an algorithm knows it, is labelled -1.

Nothing here ever sees a genre: what must be chosen (the radius of DBSCAN, the shape of a mixture)
is chosen from the points alone. All algorithms take points (n_tracks, n_dims), and where it
applies the number of clusters and a seed, and return the cluster of each track, (n_tracks,) of
int. `Algorithm` refuses more clusters than tracks and points that are not finite, for all of them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps

import numpy as np
from sklearn import cluster
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from lib import catalogue
from lib.clustering.neighbours import graph, nearest
from lib.errors import UserError

WARD_UP_TO = 10_000
DENSITY_UP_TO = 20_000


@dataclass(frozen=True)
class Algorithm:
    """A way to partition, called as ``algorithm(points, n_clusters, seed)``.

    Where another seed gives no other partition, the spread over seeds comes from the
    representations alone. One that finds k itself leaves some tracks out as noise.
    """

    function: Callable[..., np.ndarray]  # of points, k unless it finds k, the seed if seeded
    seeded: bool = True
    finds_k: bool = False

    def __call__(self, points: np.ndarray, n_clusters: int, seed: int) -> np.ndarray:
        """Return the cluster of each track, (n_tracks,) of int, -1 for noise; or refuse."""
        k, seeds = [n_clusters] * (not self.finds_k), [seed] * self.seeded
        _check(points, *k)
        return self.function(points, *k, *seeds)


ALGORITHMS: dict[str, Algorithm] = {}
"""By key, in the order of `lib.catalogue.ALGORITHMS`."""


def algorithm(**options) -> Callable:
    """Register a function under its name, which is also its key in `lib.catalogue.ALGORITHMS`.

    Parameters
    ----------
    **options
        ``seeded`` and ``finds_k``, both as in `Algorithm`.

    Returns
    -------
    callable
        A decorator that leaves the function as it is.
    """

    def register(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        ALGORITHMS[function.__name__] = Algorithm(function, **options)
        for key in filter(ALGORITHMS.get, catalogue.ALGORITHMS):  # in the catalogue's order
            ALGORITHMS[key] = ALGORITHMS.pop(key)
        return function

    return register


def _by_sample(partition: Callable[[np.ndarray], np.ndarray]) -> Callable:
    """Of more than 20,000 tracks partition a sample; each other track joins its nearest one."""

    @wraps(partition)
    def sampled(points: np.ndarray) -> np.ndarray:
        if len(points) <= DENSITY_UP_TO:
            return partition(points)
        drawn = np.random.default_rng(0).choice(len(points), DENSITY_UP_TO, replace=False)
        labels = partition(points[drawn])
        search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(points[drawn])
        return labels[search.kneighbors(points, return_distance=False)[:, 0]]

    return sampled


@algorithm()
def kmeans(points: np.ndarray, n_clusters: int, seed: int) -> np.ndarray:
    """Partition by k-means, the best of ten starts.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        One point per track.
    n_clusters, seed : int
        How many clusters, and the seed of the starts.
    """
    _check(points, n_clusters)  # as other rooms call it by itself
    with _quiet():
        return cluster.KMeans(n_clusters, n_init=10, random_state=seed).fit_predict(points)


@algorithm(seeded=False)
def agglomerative(points: np.ndarray, n_clusters: int) -> np.ndarray:
    """Partition by merging, at each step the two clusters that grow the variance least.

    That is Ward's method (1963). It keeps all N^2 distances, so of more than 10,000 tracks only
    clusters that touch on the graph of the nearest neighbours may merge.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        One point per track.
    n_clusters : int
        How many clusters to stop at.
    """
    _check(points, n_clusters)  # as other rooms call it by itself
    touching = graph(points) if len(points) > WARD_UP_TO else None
    return cluster.AgglomerativeClustering(n_clusters, connectivity=touching).fit_predict(points)


@algorithm(seeded=False, finds_k=True)
@_by_sample
def dbscan(points: np.ndarray) -> np.ndarray:
    """Partition by density: tracks within reach of dense places belong together (Ester 1996).

    A place is dense when ``min_samples`` tracks lie within eps of it. ``min_samples`` is ln(N),
    but at least 5 (Birant and Kut 2007). Eps is the knee of the sorted distances to the
    ``min_samples``-th track: where they fall furthest below the straight line between the first
    and the last of them (Satopää et al. 2011). It may be all noise, or all one cluster.
    """
    min_samples = max(5, round(np.log(len(points))))
    reach = np.sort(nearest(points, min_samples)[1][:, -1])
    rise = (reach - reach[0]) / (reach[-1] - reach[0] or 1.0)
    knee = np.argmax(np.linspace(0, 1, len(points)) - rise)
    eps = reach[knee] or np.finfo(float).tiny  # tracks that are all the same are a dense place
    return cluster.DBSCAN(eps=eps, min_samples=min_samples).fit_predict(points)


@algorithm(seeded=False, finds_k=True)
@_by_sample
def hdbscan(points: np.ndarray) -> np.ndarray:
    """Partition by density at every radius, and keep the clusters that last (Campello 2013).

    A cluster has at least a hundredth of all tracks, and at least 5; it may be all noise.
    """
    smallest = max(5, len(points) // 100)
    if len(points) < smallest:
        return np.full(len(points), -1)
    return cluster.HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(points)


@algorithm()
def gmm(points: np.ndarray, n_clusters: int, seed: int) -> np.ndarray:
    """Partition by a mixture of Gaussians: each track goes to the one most likely to have made it.

    The covariances are full, diagonal, spherical or one for all, whichever has the lowest BIC
    (Schwarz 1978).
    """
    points = np.asarray(points, float)
    # Without a floor in proportion to the data, Gaussians of few tracks collapse onto planes,
    # where their likelihood has no bounds and BIC falls for it.
    floor = 1e-3 * points.var(axis=0).mean() or 1.0
    shapes = ["diag", "spherical"]
    # BIC never pays for many more parameters than there are numbers to fit them to.
    if 2 * points.shape[1] <= len(points):
        shapes.append("tied")
    if n_clusters * points.shape[1] <= 2 * len(points):
        shapes.append("full")
    with _quiet():
        mixtures = [
            GaussianMixture(n_clusters, covariance_type=shape, reg_covar=floor, random_state=seed)
            .fit(points)
            for shape in shapes
        ]  # fmt: skip
    return min(mixtures, key=lambda mixture: mixture.bic(points)).predict(points)


@algorithm()
def spectral(points: np.ndarray, n_clusters: int, seed: int) -> np.ndarray:
    """Partition the graph of the nearest neighbours by its slowest vibrations (Ng et al. 2001)."""
    if n_clusters == 1:  # which the solver refuses
        return np.zeros(len(points), int)
    with _quiet():
        # LOBPCG needs no factors of the graph, which in ten dimensions are all but dense
        return cluster.SpectralClustering(
            n_clusters, affinity="precomputed", eigen_solver="lobpcg", random_state=seed
        ).fit_predict(graph(points))


def _check(points: np.ndarray, n_clusters: int = 1) -> None:
    if not np.isfinite(points).all():
        raise UserError("some points are not finite: did the training diverge? Lower its rate")
    if not 1 <= n_clusters <= len(points):
        raise UserError(
            f"{len(points)} tracks cannot make {n_clusters} clusters: "
            "lower n_clusters, or add music"
        )
    if len(points) < 2:
        raise UserError("a single track cannot be clustered: add music")


@contextmanager
def _quiet():
    """Silence what a collapsed space provokes at every call: its health row says it once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # LOBPCG: short of its tolerance, or solved without it as the graph is tiny
        warnings.filterwarnings("ignore", "Exited|Failed|The problem size", UserWarning)
        yield
