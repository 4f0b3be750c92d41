import numpy as np
import pytest
from sklearn.datasets import make_blobs

from lib.clustering import choose_n_clusters, noise_silhouette
from lib.errors import UserError


def test_choosing_k_without_labels():
    points, _ = make_blobs(125, centers=10 * np.eye(5), cluster_std=0.1, random_state=0)
    assert choose_n_clusters(points) == 5
    assert choose_n_clusters(points[:3]) == 2
    assert choose_n_clusters(np.repeat(points[:4], 10, axis=0)) <= 3
    with pytest.raises(UserError, match="no k to choose"):
        choose_n_clusters(np.ones((9, 2)))


def test_the_noise_line_falls_with_dimensions():
    line = [noise_silhouette(np.ones(d), 300, 10) for d in (1, 2, 4, 8)]
    assert line == sorted(line, reverse=True)
    assert 0.5 < line[0] < 0.6  # known: 0.53 at n = 1000, k = 10
