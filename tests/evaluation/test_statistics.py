import numpy as np
import pandas as pd
import pytest
import scipy.stats
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


def test_numbers_for_people_have_a_minus_and_a_sign_where_asked():
    assert f"{statistics.Interval(-0.5, -0.6, -0.4)}" == "−0.500\u00a0±\u00a00.100"
    assert f"{statistics.Interval(0.5, 0.4, 0.6):+.2f}" == "+0.50\u00a0±\u00a00.10"


def test_a_difference_that_every_seed_shows_is_clear_and_noise_is_not():
    rng = np.random.default_rng(0)
    luck = rng.normal(0, 0.05, 10)
    better, same = luck + 0.02 + rng.normal(0, 0.001, 10), luck + rng.normal(0, 0.01, 10)
    ahead = statistics.compare(better, luck)
    assert ahead.clear and ahead.verdict == statistics.HIGHER and ahead.n_seeds == 10
    assert statistics.compare(luck, better).verdict == statistics.LOWER
    assert statistics.compare(same, luck).verdict == statistics.NOISE


def test_without_a_spread_there_is_nothing_to_judge_by():
    for a, b in (([0.9], [0.1]), ([0.9] * 5, [0.1] * 5), ([0.9, np.nan], [0.1, 0.2])):
        found = statistics.compare(a, b)
        assert found.fixed and not found.clear and found.verdict == statistics.NO_SPREAD
        assert found.mean == pytest.approx(0.8)
    assert statistics.compare([0.3] * 3, [0.3] * 3).verdict == statistics.SAME
    assert statistics.compare([0.3] * 3, [0.1] * 2, paired=False).fixed


@pytest.mark.filterwarnings("ignore:Precision loss")
@given(values, st.floats(-1, 1))
def test_a_single_difference_is_clear_where_its_interval_leaves_zero_out(a, shift):
    a, b = np.round(a, 3), np.random.default_rng(0).normal(size=len(a)) + shift
    for found in (statistics.compare(a, b), statistics.compare(a, b, paired=False)):
        if not found.fixed:
            assert found.clear == (found.low > 0 or found.high < 0)


def test_comparisons_are_judged_by_paired_tests_and_corrected_together():
    a, b = np.array([0.31, 0.32, 0.34]), np.array([0.21, 0.23, 0.22])
    alone = statistics.compare(a, b)
    assert alone.p == pytest.approx(scipy.stats.ttest_rel(a, b).pvalue)
    fixed = statistics.compare([1, 1], [0, 0])
    several = statistics.correct([alone, fixed, *[statistics.compare(b, b[::-1])] * 20])
    assert several[0].p == pytest.approx(21 * alone.p) and several[1].fixed
    assert alone.clear and several[0].verdict == statistics.NOT_CORRECTED


def test_scores_of_different_seeds_are_compared_by_welch():
    a, b = np.array([0.31, 0.35, 0.33, 0.30]), np.array([0.21, 0.29])
    found = statistics.compare(a, b, paired=False)
    error = np.sqrt(a.var(ddof=1) / 4 + b.var(ddof=1) / 2)
    assert found.mean == pytest.approx(a.mean() - b.mean()) and found.n_seeds == 2
    assert found.p == pytest.approx(scipy.stats.ttest_ind(a, b, equal_var=False).pvalue)
    assert found.half > 1.96 * error


def test_summarise_keeps_methods_apart_and_in_order():
    rows = pd.DataFrame(
        {"name": ["b", "b", "a", "a"], "beta": [np.nan, np.nan, 1, 1], "ami": [0.1, 0.3, 0.5, 0.7]}
    )
    summary = statistics.summarise(rows, ["name", "beta"], ["ami"])
    assert summary["name"].tolist() == ["b", "a"]
    assert summary["ami"].tolist() == pytest.approx([0.2, 0.6])
    assert (summary["seeds"] == 2).all() and (summary["ami_low"] < summary["ami"]).all()


def corrected(p):
    return np.array([d.p for d in statistics.correct(statistics.Difference(0, 0, 0, x) for x in p)])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_is_between_the_raw_values_and_bonferroni(p):
    adjusted, p = corrected(p), np.array(p)
    assert (adjusted >= p - 1e-12).all() and (adjusted <= np.minimum(1, len(p) * p) + 1e-12).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_holm_by_hand():
    np.testing.assert_allclose(corrected([0.01, np.nan, 0.04, 0.03]), [0.03, np.nan, 0.06, 0.06])
