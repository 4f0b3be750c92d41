import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from lib.errors import UserError
from lib.evaluation import disentanglement as dis

LEVELS = (4, 5, 3, 2)


def factors(n=500, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(levels, size=n) for levels in LEVELS], axis=1)


def noise(n=500, d=8, seed=1):
    return np.random.default_rng(seed).standard_normal((n, d))


def identity(n=500):
    return factors(n) + 0.05 * noise(n, len(LEVELS))


def rotated():
    code = identity()
    rotation = np.linalg.qr(noise(len(LEVELS), len(LEVELS)))[0]
    return (code - code.mean(axis=0)) / code.std(axis=0) @ rotation


def test_the_factors_themselves_score_one():
    for code in (factors().astype(float), np.hstack([identity(), noise()])):
        scores = dis.score(code, factors())
        assert all(0.85 < scores[name] < 1.05 for name in dis.MEASURES), scores


def test_no_luck_carries_a_perfect_code_above_one():
    for seed in range(10):
        levels = factors(seed=seed)
        scores = dis.score(levels.astype(float), levels)
        assert scores["sap"] > 0.97 and max(scores.values()) <= 1, scores


def test_random_codes_score_nothing():
    scores = [dis.score(noise(seed=seed), factors()) for seed in range(6)]
    for name in dis.MEASURES:
        assert np.mean([s[name] for s in scores]) == pytest.approx(0, abs=0.025), name


def test_few_tracks_do_not_pass_for_knowledge():
    codes = [noise(100, seed=seed) for seed in range(20)]
    assert np.mean([dis.mutual_information(z, factors(100)) for z in codes]) == pytest.approx(
        0, abs=0.01
    )
    assert np.mean([dis.sap(z, factors(100)) for z in codes]) == pytest.approx(0, abs=0.04)


def test_a_constant_code_scores_nothing():
    scores = dis.score(np.zeros((500, 6)), factors())
    assert {scores[name] for name in ("mig", "sap", "disentanglement", "completeness")} == {0.0}
    assert scores["informativeness"] == pytest.approx(0, abs=0.08)


def test_a_factor_held_twice_has_no_gap_and_is_not_complete():
    once, twice = identity(), np.hstack([identity(), identity()])
    assert dis.mig(twice, factors()) == pytest.approx(0, abs=1e-12)
    assert dis.sap(twice, factors()) == pytest.approx(0, abs=1e-12)
    single, double = dis.dci(once, factors()), dis.dci(twice, factors())
    assert double["completeness"] < single["completeness"] - 0.2
    assert double["disentanglement"] > 0.9


def test_a_rotated_code_informs_and_is_entangled():
    scores = dis.score(rotated(), factors())
    assert scores["informativeness"] > 0.5
    assert max(scores[name] for name in dis.MEASURES if name != "informativeness") < 0.5


def test_one_dimension_for_two_factors_is_complete_and_not_disentangled():
    pair = np.random.default_rng(0).integers(2, size=(600, 2))
    code = np.stack([pair @ [2, 1], np.zeros(600)], axis=1)
    scores = dis.dci(code, pair)
    assert scores["disentanglement"] == pytest.approx(0, abs=0.01)
    assert scores["completeness"] == 1


def test_one_factor_on_two_dimensions_is_disentangled_and_half_complete():
    rng = np.random.default_rng(0)
    bits = rng.integers(2, size=(1000, 3))
    scores = dis.dci(bits, np.stack([bits[:, :2] @ [2, 1], bits[:, 2]], axis=1))
    assert scores["disentanglement"] == pytest.approx(1)
    halves = 1 - np.log(2) / np.log(3)
    assert scores["completeness"] == pytest.approx((halves + 1) / 2, abs=0.01)
    assert scores["informativeness"] == pytest.approx(1)


def test_gaps_are_those_computed_by_hand():
    rng = np.random.default_rng(0)
    bit = rng.integers(2, size=20000)
    code = np.stack([bit ^ (rng.random(20000) < p) for p in (0.2, 0.4, 0.5)], axis=1)
    entropies = [entropy([p, 1 - p], base=2) for p in (0.2, 0.4)]
    assert dis.mig(code, bit[:, None]) == pytest.approx(entropies[1] - entropies[0], abs=0.02)
    assert dis.sap(code, bit[:, None]) == pytest.approx(2 * (0.8 - 0.6), abs=0.03)


def test_a_rare_level_counts_as_much_as_a_common_one():
    rng = np.random.default_rng(0)
    rare = (rng.random(5000) < 0.1).astype(int)
    code = np.stack([rare ^ (rng.random(5000) < 0.2), np.zeros(5000)], axis=1)
    assert dis.sap(code, rare[:, None]) == pytest.approx(0.6, abs=0.05)


def test_information_is_adjusted_by_what_shuffled_tracks_have():
    rng = np.random.default_rng(0)
    factor = rng.integers(5, size=200)
    code = (factor + rng.integers(3, size=200)) % 6
    shuffled = np.mean([mutual_info_score(rng.permutation(factor), code) for _ in range(300)])
    own, most = mutual_info_score(factor, code), entropy(np.bincount(factor))
    expected = (own - shuffled) / (most - shuffled)
    found = dis.mutual_information(code[:, None], factor[:, None])
    assert found == pytest.approx(np.array([[expected]]), abs=0.005)


@settings(max_examples=12)
@given(
    st.integers(0, 1000),
    st.floats(0.01, 100),
    st.floats(-10, 10),
    st.permutations(range(5)),
)
def test_neither_scale_nor_shape_nor_order_of_dimensions_counts(seed, scale, shift, order):
    rng = np.random.default_rng(seed)
    levels = np.stack([rng.integers(3, size=200), rng.integers(2, size=200)], axis=1)
    code = rng.standard_normal((200, 5))
    code[:, :2] += levels * rng.uniform(0, 3, 2)
    assert dis.mig(code[:, order], levels) == pytest.approx(dis.mig(code, levels))
    scaled = code * scale + shift
    assert dis.mig(scaled, levels) == pytest.approx(dis.mig(code, levels))
    assert dis.sap(np.exp(code), levels) == pytest.approx(dis.sap(code, levels))


def test_forests_see_neither_scale_nor_shape_and_hardly_the_order_of_dimensions():
    code = np.hstack([identity(), noise()])
    scores = dis.dci(code, factors())
    assert dis.dci(np.exp(3 * code - 1), factors()) == pytest.approx(scores)
    assert dis.dci(code[:, ::-1], factors()) == pytest.approx(scores, abs=0.02)


def test_names_of_levels_do_not_count():
    names = np.array(["keys", "plucked", "bowed", "wind", "synth"], object)
    assert dis.score(identity(), names[factors()]) == pytest.approx(
        dis.score(identity(), np.argsort(np.argsort(names))[factors()])
    )


def test_one_dimension_alone_can_hold_a_factor():
    code, factor = identity()[:, :1], factors()[:, :1]
    scores = dis.score(code, factor)
    assert all(scores[name] > 0.9 for name in dis.MEASURES), scores


def test_a_model_that_diverged_has_no_scores():
    code = identity()
    code[3, 0] = np.nan
    assert all(np.isnan(score) for score in dis.score(code, factors()).values())


@pytest.mark.parametrize(
    ("codes", "levels", "says"),
    [
        (noise(500), factors(400), "same n tracks"),
        (noise(500)[:, 0], factors(500), "same n tracks"),
        (noise(500), np.ones((500, 2)), "same level"),
    ],
)
def test_what_cannot_be_scored_is_refused(codes, levels, says):
    with pytest.raises(UserError, match=says):
        dis.score(codes, levels)
