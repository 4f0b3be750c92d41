import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score as ami

from lib.errors import UserError
from lib.lyrics import fusion


def gap(rows: np.ndarray, block: np.ndarray) -> np.ndarray:
    block = block.copy()
    block[rows] = np.nan
    return block


def total_variance(block: np.ndarray) -> float:
    return block.var(axis=0).sum()


@given(
    st.integers(1, 40), st.integers(1, 40), st.floats(1e-6, 1e6), st.floats(-1e3, 1e3),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_blocks_weigh_the_same_whatever_their_width_unit_and_place(d1, d2, unit, place, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((30, d1)), rng.standard_normal((30, d2)) * unit + place * unit
    joined = fusion.concatenate({"audio": a, "text": b})
    assert joined.shape == (30, d1 + d2)
    assert total_variance(joined[:, :d1]) == pytest.approx(1)
    assert total_variance(joined[:, d1:]) == pytest.approx(1)
    assert np.abs(joined.mean(axis=0)).max() < 1e-6


def test_columns_keep_their_proportions():
    block = np.random.default_rng(0).standard_normal((50, 3)) * [5, 2, 1]
    scaled = fusion._scale({"text": block})["text"]
    np.testing.assert_allclose(scaled.std(0) / scaled.std(0)[0], block.std(0) / block.std(0)[0])


def test_scale_is_learned_from_tracks_that_have_the_block():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((40, 3)), rng.standard_normal((40, 5)) + 7
    lacking = np.arange(0, 40, 4)
    scaled = fusion._scale({"audio": a, "text": gap(lacking, b)})
    assert np.isnan(scaled["text"][lacking]).all() and np.isfinite(scaled["audio"]).all()
    assert total_variance(np.delete(scaled["text"], lacking, axis=0)) == pytest.approx(1)


def test_track_without_words_borrows_those_of_what_sounds_most_like_it():
    audio = np.array([[0.0], [0.1], [10.0], [10.1]])
    words = np.array([[1.0, 0], [np.nan, np.nan], [0, 1.0], [np.nan, np.nan]])
    joined = fusion.concatenate({"audio": audio, "text": words})
    np.testing.assert_allclose(joined[1, 1:], joined[0, 1:])
    np.testing.assert_allclose(joined[3, 1:], joined[2, 1:])
    assert not np.allclose(joined[1, 1:], joined[3, 1:])


def test_clusters_do_not_find_the_gaps():
    """Words in three groups, a third of them missing at random: zeros would be a fourth."""
    rng = np.random.default_rng(0)
    audio = rng.standard_normal((300, 4))
    words = np.eye(3)[rng.integers(3, size=300)] + 0.1 * rng.standard_normal((300, 3))
    missing = rng.random(300) < 1 / 3
    blocks = {"audio": audio, "text": gap(missing, words)}

    def found(space: np.ndarray) -> float:
        return ami(missing, KMeans(4, n_init=10, random_state=0).fit_predict(space))

    zeros = np.nan_to_num(np.concatenate(list(fusion._scale(blocks).values()), axis=1))
    assert found(zeros) > 0.3
    assert found(fusion.concatenate(blocks)) < 0.05


A = np.arange(8.0).reshape(4, 2)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"audio": A, "text": A[:3]}, "a row for each track"),
        ({"audio": A, "text": np.where(A == 3, np.nan, A)}, "text: row 1 is NaN or infinite in"),
        ({"audio": gap([2], A), "text": gap([2, 3], A)}, "row 2 has none of audio, text"),
        ({"audio": A, "text": gap([0, 1, 2], A)}, "text: 1 tracks have it, too few"),
        ({"audio": A, "text": np.ones((4, 2))}, "text is the same for all tracks"),
        ({"audio": gap([0, 1], A), "text": gap([2, 3], A)}, "no track has all of audio, text"),
    ],
)
def test_bad_blocks_are_named(blocks, message):
    with pytest.raises(UserError, match=message):
        fusion.concatenate(blocks)


# For a likelihood --------------------------------------------------------------------------------


def test_columns_have_unit_variance_over_the_tracks_that_have_them():
    rng = np.random.default_rng(0)
    audio, words = rng.standard_normal((300, 6)), 100 * rng.standard_normal((300, 5)) + 7
    missing = rng.random(300) < 0.3
    data = fusion.fill_missing({"audio": audio, "text": gap(missing, words)})
    assert list(data) == ["audio", "text", "mask"]
    for block in (data["audio"], data["text"][~missing]):
        np.testing.assert_allclose(block.mean(0), 0, atol=1e-9)
        np.testing.assert_allclose(block.std(0), 1)
    assert data["mask"].tolist() == [[1.0, 0.0 if gone else 1.0] for gone in missing]
    assert fusion.sizes(data) == {"audio": 6, "text": 5}


def test_what_is_missing_is_borrowed_from_the_nearest_track():
    audio = np.array([[0.0], [0.1], [10.0], [10.1]])
    words = np.array([[1.0, 0], [np.nan, np.nan], [0, 1.0], [np.nan, np.nan]])
    data = fusion.fill_missing({"audio": audio, "text": words})
    np.testing.assert_allclose(data["text"][[1, 3]], data["text"][[0, 2]])
    data = fusion.fill_missing({"audio": audio, "text": np.full((4, 2), np.nan)})
    assert (data["text"] == 0).all() and (data["mask"][:, 1] == 0).all()


def test_constant_columns_do_no_harm():
    data = fusion.fill_missing({"audio": A, "text": np.ones((4, 2))})
    assert (data["text"] == 0).all()


def test_a_track_with_nothing_is_refused():
    with pytest.raises(UserError, match="row 3 has none of audio, text"):
        fusion.fill_missing({"audio": gap([3], A), "text": np.full((4, 2), np.nan)})
