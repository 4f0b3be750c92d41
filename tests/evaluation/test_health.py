"""Health of codes whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lib.evaluation import health

rng = np.random.default_rng(0)


def test_r2_of_perfect_mean_and_half():
    x = rng.standard_normal((200, 5)) * [1, 2, 3, 4, 5]
    assert health.r2(x, x) == 1
    assert health.r2(x, np.broadcast_to(x.mean(0), x.shape)) == pytest.approx(0)
    assert health.r2(x, x.mean(0) + (x - x.mean(0)) / 2) == pytest.approx(0.75)


def test_r2_of_constant_targets_is_no_number():
    assert np.isnan(health.r2(np.ones((5, 2)), np.zeros((5, 2))))


def test_r2_of_images_counts_all_pixels():
    x = rng.standard_normal((30, 1, 4, 5))
    y = x + rng.standard_normal(x.shape)
    assert health.r2(x, y) == pytest.approx(health.r2(x.reshape(30, -1), y.reshape(30, -1)))


@settings(max_examples=30)
@given(
    arrays(float, (12, 3), elements=st.floats(-10, 10)),
    st.floats(0.1, 10),
    st.floats(-5, 5),
)
def test_r2_knows_no_units(x, scale, shift):
    x = x + np.arange(12)[:, None]  # never constant
    y = x[::-1]
    assert health.r2(x * scale + shift, y * scale + shift) == pytest.approx(health.r2(x, y))


def test_active_units_need_variance_and_kl():
    z = rng.standard_normal((500, 4)) * [1, 0.05, 1, 0.5]
    assert health.active_units(z).tolist() == [True, False, True, True]
    assert health.active_units(z, [1, 1, 0.001, 1]).tolist() == [True, False, False, True]


def test_total_correlation_of_gaussians():
    independent = rng.standard_normal((20_000, 3))
    assert health.total_correlation(independent) == pytest.approx(0, abs=2e-3)
    rho = 0.8
    pair = np.column_stack(
        [independent[:, 0], rho * independent[:, 0] + np.sqrt(1 - rho**2) * independent[:, 1]]
    )
    assert health.total_correlation(pair) == pytest.approx(-0.5 * np.log(1 - rho**2), rel=0.02)
    assert health.total_correlation(pair * [5, 0.1] + 3) == pytest.approx(
        health.total_correlation(pair)
    )


def test_total_correlation_of_copies_and_of_one_dimension():
    z = rng.standard_normal((100, 1))
    assert health.total_correlation(np.hstack([z, z])) > 15  # infinite, but for rounding
    assert health.total_correlation(z) == 0


@pytest.mark.parametrize(
    "r2, kl, n_active, word",
    [
        (0.72, 4.8, 10, "healthy"),
        (0.49, 1.4, 2, "weak"),
        (0.08, 0.1, 4, "collapsed"),
        (0.30, 0.1, 4, "collapsed"),
        (0.30, 2.0, 0, "collapsed"),
        (0.90, np.nan, 16, "healthy"),
        (np.nan, np.nan, 0, "diverged"),
    ],
)
def test_statuses(r2, kl, n_active, word):
    assert health.status(r2, kl, n_active) == word


def test_a_collapsed_code_is_called_collapsed():
    x = rng.standard_normal((100, 5))
    z = np.full((100, 4), 1e-4) * rng.standard_normal((100, 4))
    row = health.record(x, np.zeros_like(x), z, np.full(4, 1e-5))
    assert row["verdict"] == "collapsed"
    assert row["active_units"] == 0
    assert row["total_correlation"] == 0


def test_codes_that_are_no_numbers_have_a_row_too():
    x = rng.standard_normal((10, 5))
    nothing = np.full((10, 4), np.nan)
    row = health.record(x, np.full_like(x, np.nan), nothing, np.full(4, np.nan))
    assert row["verdict"] == "diverged"
    assert np.isnan(row["r2"])


def test_divergence_of_what_is_no_dimension_counts_in_the_sum_alone():
    """As of VaDE's cluster: it comes after the dimensions of the code."""
    x = rng.standard_normal((50, 3))
    row = health.record(x, x, x, np.array([1.0, 0.0, 2.0, 0.5]))
    assert row["kl"] == 3.5 and row["active_units"] == 2


def test_the_networks_of_a_method_are_counted_where_they_differ():
    rows = pd.DataFrame({"representation": "vae", "r2": [0.8, 0.8, 0.02], "kl": 4.0,
                         "active_units": 3})  # fmt: skip
    assert health.overall_status(rows) == "2 healthy, 1 collapsed"
    assert health.overall_status(rows[:2]) == "healthy"
    assert health.overall_status(rows.assign(representation="random_encoder")) == "untrained"
    assert health.overall_status(rows.assign(active_units=np.nan)) == ""


def test_effective_dimensions():
    flat = rng.standard_normal((5000, 4))
    assert health.effective_dimensions(flat) == pytest.approx(4, abs=0.05)
    assert health.effective_dimensions(flat * [1, 0, 0, 0]) == pytest.approx(1)
    assert health.effective_dimensions(flat[:, :1]) == pytest.approx(1)
    assert health.effective_dimensions(np.ones((10, 3))) == 0


def test_the_mean_correlation_is_that_of_pairs_of_dimensions():
    a, b = rng.standard_normal((2, 5000))
    code = np.stack([a, 0.6 * a + 0.8 * b, -0.6 * a + 0.8 * b], axis=1)
    assert health.mean_correlation(code) == pytest.approx((0.6 + 0.6 + 0.28) / 3, abs=0.02)


def test_a_collapsed_code_does_not_pass_for_an_uncorrelated_one():
    z = 1e-3 * rng.standard_normal((500, 8))
    assert not health.active_units(z).any()
    assert np.isnan(health.mean_correlation(z[:, health.active_units(z)]))
