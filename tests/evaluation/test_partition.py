import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_samples, silhouette_score

from lib.clustering import algorithms as clustering
from lib.corpora import gtzan
from lib.evaluation import partition as metrics
from lib.evaluation import silhouette as tiles
from lib.evaluation.silhouette import silhouette

partitions = st.lists(st.integers(0, 4), min_size=6, max_size=40)


def blobs(n_clusters=4, per_cluster=25, spread=0.1, seed=0):
    rng = np.random.default_rng(seed)
    centres = 10 * np.eye(n_clusters)
    points = np.repeat(centres, per_cluster, axis=0)
    labels = np.repeat(np.arange(n_clusters), per_cluster)
    return points + spread * rng.standard_normal(points.shape), labels


def test_a_perfect_partition_has_perfect_scores():
    points, labels = blobs()
    found = clustering.kmeans(points, 4, seed=0)
    score = metrics.score(points, found, points, labels.astype(str))
    assert score["ari"] == score["purity"] == 1
    assert score["nmi"] == score["ami"] == pytest.approx(1)
    assert score["silhouette"] == score["silhouette_shared"] > 0.9
    assert (score["n_clusters"], score["noise_fraction"]) == (4, 0)


def test_random_labels_score_zero_where_chance_is_adjusted():
    rng = np.random.default_rng(0)
    truth = np.repeat(list("abcd"), 250)
    scores = [
        metrics.score(rng.normal(size=(1000, 3)), rng.integers(4, size=1000), points, truth)
        for points in rng.normal(size=(5, 1000, 3))
    ]
    for name in ("ari", "ami"):
        assert abs(np.mean([score[name] for score in scores])) < 0.005
    assert np.mean([score["purity"] for score in scores]) > 0.25


def test_the_shared_silhouette_unmasks_a_collapsed_space():
    """A partition of a space that forgot the tracks is neat at home and worthless abroad."""
    points, truth = blobs(spread=2.0)
    collapsed = np.random.default_rng(1).standard_normal((len(points), 1))
    labels = clustering.kmeans(collapsed, 4, seed=0)
    score = metrics.score(collapsed, labels, points, truth.astype(str))
    assert score["silhouette"] > 0.45 and score["silhouette_shared"] < 0.05
    assert abs(score["ami"]) < 0.1


@given(truth=partitions, data=st.data())
def test_purity_by_its_definition(truth, data):
    labels = data.draw(st.lists(st.integers(0, 4), min_size=len(truth), max_size=len(truth)))
    truth, labels = np.array(truth), np.array(labels)
    best = sum(np.bincount(truth[labels == cluster]).max() for cluster in np.unique(labels))
    assert metrics.purity(truth, labels) == pytest.approx(best / len(truth))
    assert metrics.purity(truth, truth) == 1
    assert metrics.purity(truth, np.arange(len(truth))) == 1


@given(labels=partitions, seed=st.integers(0, 1000))
def test_scores_do_not_depend_on_the_names_of_clusters(labels, seed):
    rng = np.random.default_rng(seed)
    labels = np.array(labels)
    points = rng.standard_normal((len(labels), 3))
    truth = rng.choice(list("ab"), len(labels))
    renamed = rng.permutation(5)[labels]
    a, b = (metrics.score(points, each, points, truth) for each in (labels, renamed))
    assert a == pytest.approx(b, nan_ok=True)


@pytest.mark.parametrize("labels", [np.zeros(8, int), np.full(8, -1), np.arange(8)])
def test_a_partition_that_has_no_geometry_scores_nan(labels):
    points = np.random.default_rng(0).standard_normal((8, 2))
    score = metrics.score(points, labels, points, np.repeat(["a", "b"], 4))
    assert np.isnan(score["silhouette"]) and np.isnan(score["silhouette_shared"])
    assert np.isfinite(score["ari"])


def test_without_labels_the_scores_that_need_them_are_absent():
    points, labels = blobs()
    score = metrics.score(points, labels, points, np.full(len(points), ""))
    assert all(np.isnan(score[name]) for name in ("ari", "nmi", "ami", "purity"))
    assert score["silhouette"] > 0.9


def test_unlabelled_tracks_do_not_count_against_labels():
    points, labels = blobs()
    truth = labels.astype(str)
    truth[::3] = ""
    assert metrics.score(points, labels, points, truth)["ari"] == 1


def test_noise_is_left_out_of_the_geometry_and_counted():
    points, labels = blobs()
    points, labels = np.vstack([points, 100 * np.ones((25, 4))]), np.append(labels, [-1] * 25)
    score = metrics.score(points, labels, points, labels.astype(str))
    assert score["silhouette"] > 0.9 and score["n_clusters"] == 4
    assert score["noise_fraction"] == pytest.approx(0.2)


def test_noise_that_is_scored_costs_what_noise_left_out_hides():
    """Noise is right about nothing: without it all is perfect, with it the cost is seen."""
    points, truth = blobs()
    labels = truth.copy()
    labels[::5] = -1
    both = metrics.score_noise(points, labels, points, truth.astype(str))
    without, with_noise = both["without noise"], both["with noise"]
    assert without["ari"] == without["purity"] == 1 and without["silhouette"] > 0.9
    assert with_noise["ari"] < 0.9 and with_noise["purity"] < 0.9
    assert with_noise["silhouette"] < with_noise["silhouette_shared"] + 0.1 < 0.9
    assert without["noise_fraction"] == with_noise["noise_fraction"] == pytest.approx(0.2)
    assert without["n_clusters"] == with_noise["n_clusters"] == 4
    between = metrics.score(points, labels, points, truth.astype(str))
    assert between["silhouette"] == without["silhouette"]
    assert between["ari"] == with_noise["ari"]


def test_a_partition_that_is_all_noise_has_no_score_without_it():
    points, truth = blobs()
    both = metrics.score_noise(points, np.full(len(truth), -1), points, truth.astype(str))
    assert both["without noise"]["n_clusters"] == 0 == both["with noise"]["ari"]
    assert all(both[way]["noise_fraction"] == 1 for way in both)
    for name in ("silhouette", "davies_bouldin", "ari", "nmi", "purity"):
        assert np.isnan(both["without noise"][name])


def exact_silhouettes(points, labels):
    """By the definition: plain differences in double precision, one track at a time."""
    distances = cdist(points, points)
    values = []
    for i, own in enumerate(labels):
        mates = (labels == own) & (np.arange(len(labels)) != i)
        if not mates.any():
            values.append(0.0)
            continue
        a = distances[i, mates].mean()
        b = min(distances[i, labels == c].mean() for c in set(labels) - {own})
        values.append((b - a) / max(a, b) if max(a, b) > 0 else 0.0)
    return np.array(values)


@st.composite
def partitioned(draw):
    """Points with duplicates, clusters of one track, tight clusters far from the origin."""
    n, n_dims = draw(st.integers(3, 60)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(draw(st.integers(2, n)), size=n)
    labels[:3] = [0, 1, 1]
    kinds = ("normal", "grid", "constant", "tight", "far")
    points = {
        "normal": lambda: rng.standard_normal((n, n_dims)),
        "grid": lambda: rng.integers(-1, 2, (n, n_dims)).astype(float),
        "constant": lambda: np.full((n, n_dims), 0.1),
        "tight": lambda: labels[:, None] + 1e-4 * rng.standard_normal((n, n_dims)),
        "far": lambda: 1e4 + rng.standard_normal((n, n_dims)),
    }[draw(st.sampled_from(kinds))]()
    return draw(st.sampled_from([1.0, 1e-15, 1e15])) * points, labels


@settings(max_examples=300)
@given(partitioned())
def test_the_silhouette_by_its_definition(case):
    points, labels = case
    labels = np.unique(labels, return_inverse=True)[1]
    exact = exact_silhouettes(points, labels)
    assert tiles.samples(points, labels, np.arange(len(labels))) == pytest.approx(exact, abs=1e-4)
    if len(set(labels)) < len(labels):
        assert silhouette(points, labels)[0] == pytest.approx(exact.mean(), abs=1e-5)


@settings(max_examples=100)
@given(st.integers(3, 80), st.integers(1, 20), st.integers(2, 9), st.integers(0, 999))
def test_the_silhouette_as_of_scikit_learn(n, n_dims, k, seed):
    rng = np.random.default_rng(seed)
    points, labels = rng.standard_normal((n, n_dims)), rng.integers(k, size=n)
    labels[:3] = [0, 1, 1]
    points[labels == 1] = points[1]  # (equal points in two clusters: there sklearn divides 0 by 0)
    value, error = silhouette(points, labels)
    assert value == pytest.approx(silhouette_score(points, labels), abs=1e-5) and error == 0
    renamed = 100 - 7 * rng.permutation(9)[labels]
    assert silhouette(points, renamed)[0] == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("n_dims", [1, 2, 24])
def test_the_silhouette_across_the_borders_of_tiles(n_dims):
    """More rows than a tile has, one cluster wider than a tile and one of a single track."""
    rng = np.random.default_rng(0)
    labels = np.repeat([3, 0, 7, 1], [1500, 1024, 1, 100])
    points = rng.standard_normal((len(labels), n_dims)) + labels[:, None]
    order = rng.permutation(len(labels))
    points, labels = points[order], labels[order]
    ours = tiles.samples(points, np.unique(labels, return_inverse=True)[1], np.arange(len(labels)))
    assert ours == pytest.approx(silhouette_samples(points, labels), abs=1e-5)
    single = silhouette(points.astype(np.float32), labels)[0]
    assert single == pytest.approx(silhouette_score(points, labels), abs=1e-5)


def test_a_sampled_silhouette_is_as_wrong_as_it_says(monkeypatch):
    monkeypatch.setattr(tiles, "SAMPLE", 100)
    off = []
    for seed in range(60):
        points = np.random.default_rng(seed).standard_normal((400, 3))
        labels = (points[:, 0] > 0).astype(int)
        value, error = silhouette(points, labels, exact_up_to=399)
        assert 0 < error < 0.05
        off.append((value - silhouette(points, labels)[0]) / error)
    assert abs(np.mean(off)) < 0.4 and 0.7 < np.std(off) < 1.3
    assert silhouette(points, labels, exact_up_to=399) == (value, error)


def test_partitions_without_a_silhouette():
    points = np.random.default_rng(0).standard_normal((6, 2))
    for labels in (np.zeros(6, int), np.arange(6), np.zeros(0, int)):
        assert np.isnan(silhouette(points[: len(labels)], labels)).all()


def test_effective_dimensions():
    rng = np.random.default_rng(0)
    flat = rng.standard_normal((5000, 4))
    assert metrics.effective_dimensions(flat) == pytest.approx(4, abs=0.05)
    assert metrics.effective_dimensions(flat * [1, 0, 0, 0]) == pytest.approx(1)
    assert metrics.effective_dimensions(flat[:, :1]) == pytest.approx(1)
    assert metrics.effective_dimensions(np.ones((10, 3))) == 0


def test_the_noise_line_falls_with_dimensions():
    line = [metrics.noise_silhouette(np.ones(d), 300, 10) for d in (1, 2, 4, 8)]
    assert line == sorted(line, reverse=True)
    assert 0.5 < line[0] < 0.6  # known: 0.53 at n = 1000, k = 10


def test_known_values_on_the_real_table(music_data):
    """k-means on GTZAN's 20 MFCC means, k = 10: ARI 0.154, NMI 0.289, purity 0.363."""
    tracks, table = gtzan.read_table(gtzan.find_table(music_data))
    points = table[[f"mfcc{i}_mean" for i in range(1, 21)]].to_numpy()
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    truth = tracks["genre"].to_numpy(str)
    scores = [
        metrics.score(points, clustering.kmeans(points, 10, seed), points, truth)
        for seed in range(5)
    ]
    for name, known in (("ari", 0.154), ("nmi", 0.289), ("purity", 0.363)):
        assert np.mean([score[name] for score in scores]) == pytest.approx(known, abs=0.01)
