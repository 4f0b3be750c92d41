import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.audio.scaling import feature_groups, half_whiten, rank_normal
from lib.errors import UserError


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 60))
def test_ranks_stay_the_same_under_any_rising_map(seed, n):
    x = np.random.default_rng(seed).uniform(0.1, 5, (n, 3))
    found = rank_normal(x)
    np.testing.assert_allclose(found, rank_normal(np.log(x)))
    np.testing.assert_allclose(found, rank_normal(x**3))
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-12)
    assert (np.argsort(found[:, 0]) == np.argsort(x[:, 0])).all()


def test_ranks_are_normal_and_a_constant_is_zero():
    x = np.column_stack([np.random.default_rng(0).exponential(size=1000), np.full(1000, 7.0)])
    found = rank_normal(x)
    assert abs(found[:, 0].std() - 1) < 0.01
    assert (found[:, 1] == 0).all()


def test_what_is_not_finite_has_no_rank():
    with pytest.raises(UserError, match="NaN"):
        rank_normal(np.array([[1.0, np.nan], [2.0, 3.0]]))


def test_columns_find_their_groups():
    names = ["mfcc1_mean", "mfcc1_std", "mfcc1_var", "mfcc2_std", "tempo", "rms_var", "length"]
    expected = ["timbre", "", "change", "change", "spectrum", "spectrum", ""]
    assert feature_groups(names).tolist() == expected


def test_half_whitening_takes_roots_of_deviations_and_gives_each_group_its_share():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    x = np.column_stack([rng.standard_normal((2000, 3)) * [16, 4, 1] @ turn,
                         rng.standard_normal((2000, 2)) * 5])  # fmt: skip
    found = half_whiten(x, ["a"] * 3 + ["b"] * 2)
    assert found.shape == (2000, 5)
    deviations = found.std(axis=0)
    np.testing.assert_allclose(deviations[:3] / deviations[2], [4, 2, 1], rtol=0.05)
    np.testing.assert_allclose(np.square(deviations[:3]).sum(), 2.5, rtol=1e-6)
    np.testing.assert_allclose(np.square(deviations[3:]).sum(), 2.5, rtol=1e-6)
    np.testing.assert_allclose(np.corrcoef(found[:, :3].T), np.eye(3), atol=1e-8)


def test_half_whitening_does_not_blow_up_what_does_not_vary():
    x = np.random.default_rng(0).standard_normal((50, 2))
    twins = np.column_stack([x, x, np.zeros((50, 3))])
    found = half_whiten(twins, ["a"] * 4 + ["b"] * 3)
    assert found.shape == (50, 2)  # a copy is no new direction, and a constant group is none
    assert np.isfinite(found).all()
    assert half_whiten(np.zeros((50, 3)), ["a"] * 3).shape == (50, 1)
