import numpy as np
import pytest

from lib.evaluation import probes


def space(separation, n=200, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.choice(["a", "b"], n, p=[0.7, 0.3])
    points = rng.standard_normal((n, 4))
    points[:, 2] += separation * (labels == "a")
    return points, labels


def test_a_planted_label_is_read_and_noise_is_not():
    assert probes.linear(*space(10)) > 0.98
    assert probes.linear(*space(0, n=2000)) == pytest.approx(0.5, abs=0.06)
    assert probes.chance(*space(10)) == 0.5


def test_tracks_without_a_place_or_a_label_are_left_out():
    points, labels = space(10)
    points[:20], labels[20:40] = np.nan, ""
    labels[40] = "rare"
    assert probes.linear(points, labels) > 0.98


def test_where_there_is_nothing_to_tell_the_answer_is_nan():
    points, _ = space(0)
    assert np.isnan(probes.linear(points, np.full(len(points), "a")))
    assert np.isnan(probes.chance(points, np.full(len(points), "")))
