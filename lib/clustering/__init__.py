"""Partitions, maps and neighbours of points."""

from lib.clustering.algorithms import (
    ALGORITHMS,
    DENSITY_UP_TO,
    WARD_UP_TO,
    agglomerative,
    algorithm,
    kmeans,
)
from lib.clustering.consensus import consensus
from lib.clustering.neighbours import neighbourhoods
from lib.clustering.projection import tsne, umap
from lib.clustering.selection import choose_n_clusters, noise_silhouette

__all__ = [
    "ALGORITHMS", "DENSITY_UP_TO", "WARD_UP_TO", "agglomerative", "algorithm", "choose_n_clusters",
    "consensus", "kmeans", "neighbourhoods", "noise_silhouette", "tsne", "umap",
]  # fmt: skip
