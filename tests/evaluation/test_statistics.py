import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.evaluation import statistics

values = st.lists(st.floats(-1, 1), min_size=2, max_size=12)


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    intervals = [statistics.interval(rng.normal(0.3, 0.1, 5)) for _ in range(2000)]
    covered = np.mean([i.low < 0.3 < i.high for i in intervals])
    assert 0.935 < covered < 0.965


@given(values=values, shift=st.floats(-5, 5))
def test_intervals_move_with_their_values(values, shift):
    a, b = statistics.interval(values), statistics.interval(np.array(values) + shift)
    assert b.mean == pytest.approx(a.mean + shift, abs=1e-9)
    assert b.half == pytest.approx(a.half, abs=1e-9)
    assert a.low <= a.mean <= a.high


def test_few_values_have_no_interval():
    assert np.isnan(statistics.interval([]).mean)
    single = statistics.interval([0.5, np.nan])
    assert single.mean == 0.5 and np.isnan(single.half)
    assert f"{single}" == "0.500"


def test_intervals_are_written_as_tables_need_them():
    assert f"{statistics.Interval(0.3121, 0.3, 0.32)}" == "0.312\u00a0±\u00a00.010"
    assert f"{statistics.Interval(12.34, 12.34, 12.34):.1f}" == "12.3"


def test_a_difference_that_every_seed_shows_is_clear_and_noise_is_not():
    rng = np.random.default_rng(0)
    luck = rng.normal(0, 0.05, 10)
    better, same = luck + 0.02 + rng.normal(0, 0.001, 10), luck + rng.normal(0, 0.01, 10)
    assert statistics.compare(better, luck)[1]
    assert not statistics.compare(same, luck)[1]
    assert not statistics.compare([0.9], [0.1])[1]
    assert not statistics.compare([0.9] * 5, [0.1] * 5)[1]


def test_summarise_keeps_methods_apart_and_in_order():
    rows = pd.DataFrame(
        {"name": ["b", "b", "a", "a"], "beta": [np.nan, np.nan, 1, 1], "ami": [0.1, 0.3, 0.5, 0.7]}
    )
    summary = statistics.summarise(rows, ["name", "beta"], ["ami"])
    assert summary["name"].tolist() == ["b", "a"]
    assert summary["ami"].tolist() == pytest.approx([0.2, 0.6])
    assert (summary["seeds"] == 2).all() and (summary["ami_low"] < summary["ami"]).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_is_between_the_raw_values_and_bonferroni(p):
    adjusted, p = statistics.holm(p), np.array(p)
    assert (adjusted >= p - 1e-12).all() and (adjusted <= np.minimum(1, len(p) * p) + 1e-12).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_holm_by_hand_and_what_cannot_be_judged():
    np.testing.assert_allclose(
        statistics.holm([0.01, np.nan, 0.04, 0.03]), [0.03, np.nan, 0.06, 0.06]
    )
    assert np.isnan(statistics.p_value([0.9] * 3, [0.1] * 3)) and np.isnan(
        statistics.p_value([1], [0])
    )
    assert statistics.p_value([0.31, 0.32, 0.33], [0.21, 0.23, 0.22]) < 0.05


def test_friedman_and_nemenyi_as_published():
    rng = np.random.default_rng(0)
    luck = rng.random((14, 4))
    p, critical_difference = statistics.friedman(luck)
    assert p > 0.05
    # Demsar 2006: q = 2.569 for four methods, so 1.25 on fourteen data sets
    assert critical_difference == pytest.approx(1.25, abs=0.005)
    assert statistics.friedman(luck + 2 * np.arange(4))[0] < 1e-8
    # all blocks agree on three methods: chi2 = 2 n_blocks with two degrees of freedom
    assert statistics.friedman([[1, 2, 3]] * 6)[0] == pytest.approx(np.exp(-6))
