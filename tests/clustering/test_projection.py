import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import KNeighborsClassifier

from lib import ROOT
from lib.clustering import projection
from lib.clustering.algorithms import kmeans
from lib.errors import UserError

both = pytest.mark.parametrize("project", [projection.tsne, projection.umap])


@both
def test_neighbours_in_the_space_are_neighbours_on_the_map(project):
    points, truth = make_blobs(200, 10, centers=5, random_state=0)
    flat = project(points)
    assert flat.shape == (200, 2)
    assert KNeighborsClassifier(5).fit(flat, truth).score(flat, truth) > 0.98


@both
def test_same_points_same_map(project):
    points = np.random.default_rng(0).standard_normal((60, 4))
    assert (project(points) == project(points)).all()


@both
@pytest.mark.parametrize("shape", [(3, 4), (5, 2), (30, 1)])
def test_few_tracks_and_few_dimensions_make_a_map(project, shape):
    points = np.random.default_rng(0).standard_normal(shape)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "n_jobs value")
        assert np.isfinite(project(points)).all()


def test_an_unfolded_manifold_keeps_its_groups_apart():
    points, truth = make_blobs(150, 12, centers=3, cluster_std=2, random_state=0)
    found = projection.umap(points, seed=1, n_dims=10, n_neighbors=40)
    assert found.shape == (150, 10)
    assert adjusted_rand_score(truth, kmeans(found, 3, 0)) == 1
    np.testing.assert_array_equal(found, projection.umap(points, 1, 10, 40))


def test_two_tracks_are_too_few_for_umap():
    with pytest.raises(UserError, match="2 tracks make no map"):
        projection.umap(np.eye(2))


def test_a_collapsed_space_makes_a_map():
    """In a process of its own: scikit-learn's t-SNE can crash on points that are all the same."""
    script = """
import numpy as np
from lib.clustering import projection
for project in (projection.tsne, projection.umap):
    assert np.isfinite(project(np.ones((40, 3)))).all()
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
