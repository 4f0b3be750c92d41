import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from lib import catalogue, clustering, evaluation
from lib.corpora import gtzan
from lib.errors import UserError
from lib.evaluation.partition import METRICS, purity

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
    score = evaluation.score(points, found, points, labels.astype(str))
    assert score["ari"] == score["purity"] == 1
    assert score["nmi"] == score["ami"] == pytest.approx(1)
    assert score["silhouette"] == score["silhouette_shared"] > 0.9
    assert (score["n_clusters"], score["noise_fraction"]) == (4, 0)


def test_random_labels_score_zero_where_chance_is_adjusted():
    rng = np.random.default_rng(0)
    truth = np.repeat(list("abcd"), 250)
    scores = [
        evaluation.score(rng.normal(size=(1000, 3)), rng.integers(4, size=1000), points, truth)
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
    score = evaluation.score(collapsed, labels, points, truth.astype(str))
    assert score["silhouette"] > 0.45 and score["silhouette_shared"] < 0.05
    assert abs(score["ami"]) < 0.1


@given(truth=partitions, data=st.data())
def test_purity_by_its_definition(truth, data):
    labels = data.draw(st.lists(st.integers(0, 4), min_size=len(truth), max_size=len(truth)))
    truth, labels = np.array(truth), np.array(labels)
    best = sum(np.bincount(truth[labels == cluster]).max() for cluster in np.unique(labels))
    assert purity(truth, labels) == pytest.approx(best / len(truth))
    assert purity(truth, truth) == 1
    assert purity(truth, np.arange(len(truth))) == 1


@given(labels=partitions, seed=st.integers(0, 1000))
def test_scores_do_not_depend_on_the_names_of_clusters(labels, seed):
    rng = np.random.default_rng(seed)
    labels = np.array(labels)
    points = rng.standard_normal((len(labels), 3))
    truth = rng.choice(list("ab"), len(labels))
    renamed = rng.permutation(5)[labels]
    a, b = (evaluation.score(points, each, points, truth) for each in (labels, renamed))
    assert a == pytest.approx(b, nan_ok=True)


@pytest.mark.parametrize("labels", [np.zeros(8, int), np.full(8, -1), np.arange(8)])
def test_a_partition_that_has_no_geometry_scores_nan(labels):
    points = np.random.default_rng(0).standard_normal((8, 2))
    score = evaluation.score(points, labels, points, np.repeat(["a", "b"], 4))
    assert np.isnan(score["silhouette"]) and np.isnan(score["silhouette_shared"])
    assert np.isfinite(score["ari"])


def test_without_labels_the_scores_that_need_them_are_absent():
    points, labels = blobs()
    score = evaluation.score(points, labels, points, np.full(len(points), ""))
    assert all(np.isnan(score[name]) for name in ("ari", "nmi", "ami", "purity"))
    assert score["silhouette"] > 0.9


def test_unlabelled_tracks_do_not_count_against_labels():
    points, labels = blobs()
    truth = labels.astype(str)
    truth[::3] = ""
    assert evaluation.score(points, labels, points, truth)["ari"] == 1


def test_noise_is_left_out_of_the_geometry_and_counted():
    points, labels = blobs()
    points, labels = np.vstack([points, 100 * np.ones((25, 4))]), np.append(labels, [-1] * 25)
    score = evaluation.score(points, labels, points, labels.astype(str))
    assert score["silhouette"] > 0.9 and score["n_clusters"] == 4
    assert score["noise_fraction"] == pytest.approx(0.2)


def test_noise_that_is_scored_costs_what_noise_left_out_hides():
    """Noise is right about nothing: without it all is perfect, with it the cost is seen."""
    points, truth = blobs()
    labels = truth.copy()
    labels[::5] = -1
    both = evaluation.score_noise(points, labels, points, truth.astype(str))
    without, with_noise = both["without noise"], both["with noise"]
    assert without["ari"] == without["purity"] == 1 and without["silhouette"] > 0.9
    assert with_noise["ari"] < 0.9 and with_noise["purity"] < 0.9
    assert with_noise["silhouette"] < with_noise["silhouette_shared"] + 0.1 < 0.9
    assert without["noise_fraction"] == with_noise["noise_fraction"] == pytest.approx(0.2)
    assert without["n_clusters"] == with_noise["n_clusters"] == 4
    between = evaluation.score(points, labels, points, truth.astype(str))
    assert between["silhouette"] == without["silhouette"]
    assert between["ari"] == with_noise["ari"]


def test_a_partition_that_is_all_noise_has_no_score_without_it():
    points, truth = blobs()
    both = evaluation.score_noise(points, np.full(len(truth), -1), points, truth.astype(str))
    assert both["without noise"]["n_clusters"] == 0 == both["with noise"]["ari"]
    assert all(both[way]["noise_fraction"] == 1 for way in both)
    for name in ("silhouette", "davies_bouldin", "ari", "nmi", "purity"):
        assert np.isnan(both["without noise"][name])


def test_known_values_on_the_real_table(music_data):
    """k-means on GTZAN's 20 MFCC means, k = 10: ARI 0.154, NMI 0.289, purity 0.363."""
    tracks, table = gtzan.read_table(gtzan.find_table(music_data))
    points = table[[f"mfcc{i}_mean" for i in range(1, 21)]].to_numpy()
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    truth = tracks["genre"].to_numpy(str)
    scores = [
        evaluation.score(points, clustering.kmeans(points, 10, seed), points, truth)
        for seed in range(5)
    ]
    for name, known in (("ari", 0.154), ("nmi", 0.289), ("purity", 0.363)):
        assert np.mean([score[name] for score in scores]) == pytest.approx(known, abs=0.01)


def noisy(truth, share, rng, k=4):
    """The partition with some tracks moved anywhere, and its clusters renamed."""
    moved = rng.random(len(truth)) < share
    labels = np.where(moved, rng.integers(k, size=len(truth)), truth)
    return rng.permutation(k)[labels]


def test_agreement_ranks_partitions_as_the_truth_would():
    rng = np.random.default_rng(1)
    truth = rng.integers(4, size=300)
    shares = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    found = evaluation.mean_pairwise_ari([noisy(truth, share, rng) for share in shares])
    assert (np.diff(found[:5]) < 0).all()
    assert abs(found[-1]) < 0.05  # random labels agree with nobody


def test_agreement_of_two_is_their_ari_and_of_one_unknown():
    a, b = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 2])
    np.testing.assert_allclose(evaluation.mean_pairwise_ari([a, b]), adjusted_rand_score(a, b))
    assert np.isnan(evaluation.mean_pairwise_ari([a])).all()


def test_a_metric_takes_a_function_and_a_line_in_the_catalogue(monkeypatch):
    monkeypatch.setattr("lib.evaluation.partition.METRICS", dict(METRICS))
    for key, needs in (("largest_genre", "labels"), ("width", "points"), ("input_width", "input")):
        monkeypatch.setitem(catalogue.SCORES, key, catalogue.Score(key, key, needs))

    @evaluation.metric
    def largest_genre(truth, labels):
        return np.unique(truth, return_counts=True)[1].max() / len(labels)

    @evaluation.metric
    def width(points, labels):
        return points.shape[1]

    @evaluation.metric
    def input_width(shared, labels):
        return shared.shape[1]

    points, labels = blobs()
    found = evaluation.score(points, labels, points[:, :3], labels.astype(str))
    assert (found["largest_genre"], found["width"], found["input_width"]) == (0.25, 4, 3)
    unlabelled = evaluation.score(points, labels, points, np.full(len(points), ""))
    assert np.isnan(unlabelled["largest_genre"]) and unlabelled["width"] == 4
    assert np.isnan(evaluation.score(points, 0 * labels, points, labels.astype(str))["width"])


def test_a_metric_that_returns_no_number_costs_one_clear_line(monkeypatch):
    points, labels = blobs()
    for key in ("ari", "davies_bouldin"):
        with monkeypatch.context() as patch:
            patch.setitem(METRICS, key, lambda *_: None)
            with pytest.raises(UserError, match=f"metric {key} must return a number, not NoneType"):
                evaluation.score(points, labels, points, labels.astype(str))
