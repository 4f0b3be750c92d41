import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from sklearn.datasets import make_blobs, make_moons
from sklearn.metrics import adjusted_rand_score as ari

from lib.clustering import algorithms as clustering
from lib.clustering.algorithms import ALGORITHMS
from lib.clustering.neighbours import graph, nearest
from lib.errors import UserError

every = pytest.mark.parametrize("name", ALGORITHMS)
with_k = pytest.mark.parametrize("name", [n for n, a in ALGORITHMS.items() if not a.finds_k])
by_density = pytest.mark.parametrize("name", [n for n, a in ALGORITHMS.items() if a.finds_k])


def blobs(n=300, spread=1.0, seed=0):
    """Four blobs in five dimensions, far apart."""
    return make_blobs(n, centers=20 * np.eye(5)[:4], cluster_std=spread, random_state=seed)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@every
def test_separated_blobs_are_found(name):
    points, truth = blobs()
    labels = ALGORITHMS[name](points, 4, 0)
    assert labels.shape == truth.shape and labels.dtype.kind == "i"
    assert ari(truth[labels >= 0], labels[labels >= 0]) == 1
    assert np.mean(labels < 0) < 0.15


@pytest.mark.parametrize("name", ["dbscan", "hdbscan", "spectral"])
def test_moons_are_found_by_those_that_follow_shapes(name):
    points, truth = make_moons(2000, noise=0.05, random_state=0)
    assert ari(truth, ALGORITHMS[name](points, 2, 0)) > 0.9
    assert ari(truth, ALGORITHMS["kmeans"](points, 2, 0)) < 0.5


@by_density
def test_scattered_tracks_are_noise(name):
    points, truth = make_blobs(400, centers=4, cluster_std=0.4, random_state=3)
    scattered = np.random.default_rng(0).uniform(-15, 15, (60, 2))
    labels = ALGORITHMS[name](np.vstack([points, scattered]), 4, 0)
    assert ari(truth, labels[:400]) > 0.9
    assert np.mean(labels[400:] < 0) > 0.6 and np.mean(labels[:400] < 0) < 0.1


@every
def test_the_registry_tells_what_the_seed_changes(name):
    points = np.random.default_rng(0).standard_normal((200, 4))
    runs = [ALGORITHMS[name](points, 8, seed) for seed in (0, 0, 1, 2, 3)]
    assert (runs[0] == runs[1]).all()
    assert any((run != runs[0]).any() for run in runs) == ALGORITHMS[name].seeded


@with_k
@settings(max_examples=15)
@given(n=st.integers(2, 12), data=st.data())
def test_few_points_make_no_more_clusters_than_asked(name, n, data):
    k = data.draw(st.integers(1, n))
    points = np.random.default_rng(data.draw(st.integers(0, 99))).standard_normal((n, 3))
    labels = ALGORITHMS[name](points, k, 0)
    assert len(labels) == n and labels.min() >= 0
    assert len(np.unique(labels)) == k or name in ("gmm", "spectral")
    assert len(np.unique(labels)) <= k


@with_k
@pytest.mark.parametrize(("n", "k"), [(2, 3), (5, 6), (4, 0)])
def test_impossible_numbers_of_clusters_cost_one_clear_line(name, n, k):
    with pytest.raises(UserError, match=rf"^{n} tracks cannot make {k} clusters: .*$"):
        ALGORITHMS[name](np.eye(n), k, 0)


@every
def test_points_that_are_not_finite_cost_one_clear_line(name):
    points, _ = blobs(20)
    points[3, 1] = np.nan
    with pytest.raises(UserError, match="not finite"):
        ALGORITHMS[name](points, 2, 0)


@by_density
@pytest.mark.parametrize("n", [2, 3, 4])
def test_too_few_points_for_density_are_noise(name, n):
    assert (ALGORITHMS[name](np.eye(n), 2, 0) == -1).all()


@every
def test_a_collapsed_space_crashes_nothing(name):
    labels = ALGORITHMS[name](np.ones((40, 3)), 3, 0)
    assert len(labels) == 40 and len(np.unique(labels)) <= 3


@every
def test_copies_of_few_tracks_crash_nothing(name):
    points = np.repeat(np.random.default_rng(0).standard_normal((4, 3)), 10, axis=0)
    for k in (2, 3, 4):
        labels = ALGORITHMS[name](points, k, 0)
        assert len(labels) == 40 and len(np.unique(labels)) <= max(4, k)


@every
def test_single_precision_will_do(name):
    points, truth = blobs()
    labels = ALGORITHMS[name](points.astype(np.float32), 4, 0)
    assert ari(truth[labels >= 0], labels[labels >= 0]) == 1


@every
def test_scale_does_not_matter(name):
    """A latent space that has all but collapsed is partitioned as it was before."""
    points, _ = make_blobs(200, 3, centers=5, random_state=1)
    a, b = (ALGORITHMS[name](scale * points, 5, 0) for scale in (1, 2.0**-20))
    assert ari(a, b) > 0.99


def test_dbscan_takes_its_radius_from_the_points_alone():
    """Eps lies between what is usual in a blob and what parts the blobs."""
    points, truth = blobs(400)
    labels = clustering.dbscan(points)
    assert len(np.unique(labels[labels >= 0])) == 4
    far = points.copy()
    far[truth == 0] += 1e3
    assert (clustering.dbscan(far) == labels).all()


def test_a_mixture_of_few_tracks_does_not_fall_for_degenerate_gaussians():
    centres = 4 * np.eye(20)[:5]
    points, truth = make_blobs(60, centers=centres, cluster_std=0.5, random_state=0)
    assert ari(truth, clustering.gmm(points, 5, 0)) == 1


def test_a_mixture_takes_the_shape_that_the_points_have():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((600, 2)) * [3, 0.3]
    truth = np.repeat([0, 1], 300)
    points[truth == 1] += [3, 2]
    assert ari(truth, clustering.gmm(points, 2, 0)) > 0.98
    assert ari(truth, clustering.kmeans(points, 2, 0)) < 0.3


def test_wards_method_on_a_graph_is_close_to_the_exact_one(monkeypatch):
    points, _ = make_blobs(1500, 6, centers=12, cluster_std=2, random_state=0)
    exact = clustering.agglomerative(points, 8)
    monkeypatch.setattr(clustering, "WARD_UP_TO", 1499)
    assert ari(exact, clustering.agglomerative(points, 8)) > 0.9


def test_beyond_the_limit_density_is_judged_on_a_sample(monkeypatch):
    points, truth = blobs(600)
    monkeypatch.setattr(clustering, "DENSITY_UP_TO", 300)
    for name in ("dbscan", "hdbscan"):
        labels = ALGORITHMS[name](points, 4, 0)
        assert ari(truth[labels >= 0], labels[labels >= 0]) == 1
        assert np.mean(labels < 0) < 0.15


def test_a_function_joins_the_algorithms_by_its_decorator(monkeypatch):
    monkeypatch.setattr(clustering, "ALGORITHMS", {})

    @clustering.algorithm(seeded=False)
    def halves(points, n_clusters):
        return (points[:, 0] > 0).astype(int) % n_clusters

    halves_of = clustering.ALGORITHMS["halves"]
    assert halves_of(np.array([[-1.0], [1]]), 2, seed=0).tolist() == [0, 1]
    assert not halves_of.seeded and not halves_of.finds_k


@settings(max_examples=25)
@given(st.integers(2, 60), st.integers(1, 30), st.integers(1, 4), st.integers(0, 99))
def test_nearest_neighbours_by_their_definition(n, k, n_dims, seed):
    points = np.random.default_rng(seed).integers(-3, 4, (n, n_dims)).astype(float)
    indices, distances = nearest(points, k)
    every = np.sqrt(np.square(points[:, None] - points).sum(axis=2))
    assert indices.shape == distances.shape == (n, min(k, n))
    assert distances == pytest.approx(np.sort(every, axis=1)[:, :k], abs=1e-6)
    assert distances == pytest.approx(np.take_along_axis(every, indices, axis=1), abs=1e-6)


def test_neighbours_are_searched_once_and_nobody_can_spoil_them(monkeypatch):
    points = np.random.default_rng(5).standard_normal((50, 3))
    indices, distances = nearest(points, 5)
    kept = indices.copy()
    indices[:], distances[:] = 0, 0
    monkeypatch.setattr(
        "lib.clustering.neighbours.NearestNeighbors", None
    )  # a second search would fail
    assert (nearest(points.astype(float), 5)[0] == kept).all()
    assert (nearest(points, 12)[0][:, :5] == kept).all()


@settings(max_examples=25)
@given(st.integers(2, 80), st.integers(1, 6), st.integers(0, 99))
def test_the_graph_is_whole_and_has_all_neighbours(n, n_places, seed):
    rng = np.random.default_rng(seed)
    points = 100.0 * rng.integers(n_places, size=(n, 1)) + rng.integers(3, size=(n, 2))
    links = graph(points)
    assert connected_components(links)[0] == 1
    assert (links != links.T).nnz == 0 and set(links.data) == {1}
    rows = np.arange(n)[:, None]
    assert links[rows.repeat(min(n, 11), 1), nearest(points, 11)[0]].toarray().all()
