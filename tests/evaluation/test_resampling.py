import numpy as np
import pytest

from lib.evaluation import external_scores, resampling, silhouette


def noisy(rng, truth, right):
    """Cluster as the truth does, but for a share of tracks that land anywhere."""
    labels = np.unique(truth, return_inverse=True)[1]
    wrong = rng.random(len(labels)) > right
    labels[wrong] = rng.integers(labels.max() + 1, size=wrong.sum())
    return labels


@pytest.fixture(scope="module")
def tracks():
    rng = np.random.default_rng(0)
    truth = np.repeat([f"genre {i}" for i in range(6)], 40)
    centres = rng.normal(size=(6, 4))
    return truth, np.repeat(centres, 40, axis=0) + 0.5 * rng.normal(size=(240, 4))


def test_scores_of_all_tracks_are_those_of_the_tables(monkeypatch, tracks):
    monkeypatch.setattr(resampling, "N_DRAWS", 5)
    truth, shared = tracks
    rng = np.random.default_rng(1)
    partitions = {
        "good": [noisy(rng, truth, 0.8) for _ in range(3)],
        "many clusters": [rng.integers(40, size=240) for _ in range(3)],
        "with noise": [np.where(rng.random(240) < 0.2, -1, noisy(rng, truth, 0.7))] * 3,
        "alone": [noisy(rng, truth, 0.5)],
    }
    draws = resampling.half_samples(partitions, truth, shared)
    for place, given in enumerate(partitions.values()):
        for seed in range(3):
            labels = given[seed % len(given)]
            expected = external_scores(labels, truth)
            placed = labels >= 0
            expected["silhouette_shared"] = silhouette(shared[placed], labels[placed])
            for score, value in expected.items():
                assert draws[score].by_seed[seed, place] == pytest.approx(value, abs=1e-6)


def test_scores_of_a_draw_are_those_of_its_tracks(tracks):
    truth, _ = tracks
    labels = noisy(np.random.default_rng(2), truth, 0.6)
    weights = resampling._halves(240, 20, np.random.default_rng(3))
    assert (weights.sum(axis=1) == 120).all()
    _, drawn = resampling._External(truth, np.arange(240), weights)(labels)["ami"]
    for weight, value in zip(weights, drawn, strict=True):
        there = weight > 0
        expected = external_scores(labels[there], truth[there])["ami"]
        assert value == pytest.approx(expected, abs=1e-6)


def test_half_samples_spread_as_samples_of_all_tracks_do(monkeypatch):
    monkeypatch.setattr(resampling, "N_DRAWS", 200)
    rng = np.random.default_rng(0)
    genres = np.repeat(list("abcdef"), 40)
    fresh, spread = [], []
    for _ in range(60):  # as many corpora, each of tracks drawn anew
        right = {"m": [noisy(rng, genres, 0.5)]}
        draws = resampling.half_samples(right, genres, np.zeros((240, 1)))["ami"]
        fresh.append(draws.means[0])
        spread.append(draws.values.std())
    # the standard deviation of 60 values is itself known to about 9 %
    assert np.mean(spread) == pytest.approx(np.std(fresh, ddof=1), rel=0.3)


def test_the_best_is_found_and_equals_are_not_told_apart(monkeypatch, tracks):
    monkeypatch.setattr(resampling, "N_DRAWS", 300)
    truth, shared = tracks
    rng = np.random.default_rng(4)
    rights = {"best": 0.9, "one": 0.5, "other": 0.5, "worst": 0.05}
    partitions = {n: [noisy(rng, truth, right) for _ in range(5)] for n, right in rights.items()}
    draws = resampling.half_samples(partitions, truth, shared)["ami"]
    ranks = draws.ranks().set_index("method")
    assert ranks.index[0] == "best" and ranks.index[-1] == "worst"
    assert ranks.loc["best", "rank"] == 1 and ranks.loc["best", "first"] == 1
    assert ranks.loc["one", "low"] == 2 and ranks.loc["one", "high"] == 3
    assert [set(group) for group in draws.groups()] == [{"one", "other"}]
    pair = draws.differences([("best", "worst")]).iloc[0]
    assert pair["low"] < draws.means[0] - draws.means[3] < pair["high"] and pair["clear"]


def test_equal_methods_are_seldom_told_apart(monkeypatch):
    monkeypatch.setattr(resampling, "N_DRAWS", 150)
    rng = np.random.default_rng(5)
    genres = np.repeat(list("abcde"), 30)
    alarms = 0
    for _ in range(40):
        equals = {name: [noisy(rng, genres, 0.6) for _ in range(3)] for name in "uvwx"}
        draws = resampling.half_samples(equals, genres, np.zeros((150, 1)))["ami"]
        alarms += draws.differences()["clear"].any()
    assert alarms <= 6  # of 40; 5 % would be 2


def test_what_does_not_vary_is_judged_by_its_tracks_alone(monkeypatch, tracks):
    monkeypatch.setattr(resampling, "N_DRAWS", 100)
    truth, shared = tracks
    same = noisy(np.random.default_rng(6), truth, 0.6)
    draws = resampling.half_samples({"a": [same], "b": [same.copy()]}, truth, shared)["ami"]
    row = draws.differences().iloc[0]
    assert row["mean"] == row["low"] == row["high"] == 0 and not row["clear"]
    assert draws.groups() == [["a", "b"]]


def test_few_seeds_widen_the_interval():
    rng = np.random.default_rng(7)
    luck = rng.normal(0, 0.1, (3, 2))
    seeds = rng.integers(3, size=(4000, 2))
    by_luck = resampling.Draws(["a", "b"], luck, luck[seeds].mean(axis=1))
    row = by_luck.differences().iloc[0]
    error = np.std(luck[:, 0] - luck[:, 1], ddof=1) / np.sqrt(3)
    # Student with two degrees of freedom: 4.3 standard errors, where 2 would do for the normal
    assert (row["high"] - row["low"]) / 2 == pytest.approx(4.3 * error, rel=0.2)


def test_without_genres_the_shared_silhouette_is_left(monkeypatch, tracks):
    monkeypatch.setattr(resampling, "N_DRAWS", 50)
    truth, shared = tracks
    good = np.unique(truth, return_inverse=True)[1]
    partitions = {"good": [good], "none": [np.zeros(240, int)], "noise": [np.full(240, -1)]}
    draws = resampling.half_samples(partitions, np.full(240, ""), shared)
    assert set(draws) == {"silhouette_shared"}
    assert draws["silhouette_shared"].means.tolist()[1:] == [-1, -1]
    assert draws["silhouette_shared"].ranks()["method"].iloc[0] == "good"


def test_of_very_many_tracks_some_are_judges(monkeypatch, tracks):
    monkeypatch.setattr(resampling, "N_DRAWS", 20)
    monkeypatch.setattr(resampling, "JUDGED_UP_TO", 100)
    truth, shared = tracks
    labels = {"good": [np.unique(truth, return_inverse=True)[1]]}
    draws = resampling.half_samples(labels, truth, shared)
    assert draws["ami"].means[0] == pytest.approx(1) and draws["purity"].means[0] == 1


def test_groups_are_the_largest_in_which_no_two_differ():
    """A chain of overlapping pairs between two outliers."""
    rng = np.random.default_rng(8)
    levels = np.array([0.9, 0.55, 0.5, 0.45, 0.0])
    values = levels + 0.02 * rng.standard_normal((2000, 5))
    draws = resampling.Draws(list("ebcda"), levels[None], values)
    clear = draws.differences().set_index(["a", "b"])["clear"]
    assert not clear["b", "c"] and not clear["c", "d"] and clear["b", "d"]
    assert draws.groups() == [["b", "c"], ["c", "d"]]
