import numpy as np
import pytest

from lib.evaluation import chance_accuracy, knowledge, probe_accuracy


def space(separation, n=200, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.choice(["a", "b"], n, p=[0.7, 0.3])
    points = rng.standard_normal((n, 4))
    points[:, 2] += separation * (labels == "a")
    return points, labels


def test_a_planted_label_is_read_and_noise_is_not():
    assert probe_accuracy(*space(10)) > 0.98
    assert probe_accuracy(*space(0, n=2000)) == pytest.approx(0.5, abs=0.06)


def test_tracks_without_a_place_or_a_label_are_left_out():
    points, labels = space(10)
    points[:20], labels[20:40] = np.nan, ""
    labels[40] = "rare"
    assert probe_accuracy(points, labels) > 0.98


def test_where_there_is_nothing_to_tell_the_answer_is_nan():
    points, _ = space(0)
    assert np.isnan(probe_accuracy(points, np.full(len(points), "a")))
    assert np.isnan(chance_accuracy(np.full(len(points), "")))


def test_chance_is_what_a_classifier_reaches_that_does_not_look():
    labels = np.array(["a"] * 60 + ["b"] * 30 + ["c"] * 10 + [""] * 5 + ["rare"] * 4)
    blind = np.random.default_rng(0).standard_normal((len(labels), 1)) * 1e-9
    assert chance_accuracy(labels) == pytest.approx(1 / 3)
    known = knowledge({"blind": blind[None]}, {"letter": labels, "nothing": [""] * len(labels)})
    assert known.columns.tolist() == ["letter"] and known.index.tolist() == ["blind", "chance"]
    assert known.loc["blind", "letter"] == pytest.approx(1 / 3, abs=0.15)
