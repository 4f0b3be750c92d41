import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import inspection
from lib.audio import wide_columns
from lib.inspection.contents import _typical, contrast, feature_name
from lib.inspection.words import distinctive_words, log_odds, tokens
from lib.report import sentences, tables


@pytest.fixture
def planted():
    """Make three clusters of 40 tracks; the second is fast and dull, the third has its words."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 40)
    points = np.eye(3)[labels] * 10 + rng.normal(size=(120, 3))
    features = pd.DataFrame(
        {
            "tempo": rng.normal(120, 10, 120) + 20 * (labels == 1),
            "spectral_centroid_mean": rng.normal(2000, 300, 120) - 900 * (labels == 1),
            "rms_mean": rng.normal(size=120),
            "chroma_stft_mean": rng.normal(size=120),
        }
    )
    common = "the sun and the rain"
    endings = np.array(["", "", " নদী boat"])[labels]
    texts = [f"{common} {rng.choice(list('abcdefgh'))}x{ending}" for ending in endings]
    return points, labels, features, texts


def test_what_was_planted_is_found(planted):
    points, labels, features, texts = planted
    genres = np.where(labels == 0, "jazz", "rock")
    found = inspection.clusters(points, labels, genres=genres, features=features, texts=texts)
    assert [cluster.label for cluster in found] == [0, 1, 2]
    assert [cluster.size for cluster in found] == [40, 40, 40]
    assert [cluster.genres.to_dict() for cluster in found] == [
        {"jazz": 1},
        {"rock": 1},
        {"rock": 1},
    ]
    fast = found[1].features.set_index("feature")
    assert list(fast.index) == ["spectral_centroid_mean", "tempo"]
    assert fast.loc["tempo", "low"] < 2 < fast.loc["tempo", "high"]
    assert (
        fast.loc["spectral_centroid_mean", "low"] < -3 < fast.loc["spectral_centroid_mean", "high"]
    )
    assert set(found[2].words) == {"নদী", "boat"}
    assert not found[0].words
    assert not found[1].words


def test_the_table_says_it_in_words(planted):
    points, labels, features, texts = planted
    titles = [f"Song {i}" for i in range(120)]
    found = inspection.clusters(
        points, labels, features=features, texts=texts, languages=["bn", "en"] * 60
    )
    table = tables.clusters(found, titles)
    assert list(table) == ["Cluster", "Tracks", "Languages", "Sounds like", "Says", "Most typical"]
    assert table["Sounds like"][1].startswith("spectral centroid low (-")
    assert "tempo high (+" in table["Sounds like"][1]
    assert table["Languages"][0] in ("Bangla 50%, English 50%", "English 50%, Bangla 50%")
    places = inspection.examples(found, titles)
    assert len(places) == 3
    for place, cluster, title in zip(places.values(), found, places, strict=True):
        assert place == cluster.typical[0]
        assert title == f"Cluster {cluster.label}: Song {place}"
    assert "spectral centroid of cluster 1" in sentences.clusters(found).data


def test_it_works_with_nothing_but_points():
    points, labels = (
        np.random.default_rng(0).normal(size=(9, 2)),
        np.array([0, 0, 0, 1, 1, 1, 2, 2, -1]),
    )
    points[8] = np.nan  # a track without a place
    found = inspection.clusters(points, labels)
    table = tables.clusters(found, list("abcdefghi"))
    assert list(table) == ["Cluster", "Tracks", "Most typical"]
    assert len(table) == 3
    assert all(8 not in cluster.typical for cluster in found)
    assert "from 2 to 3 tracks" in sentences.clusters(found).data


def test_a_single_track_is_an_outlier_and_no_pure_cluster():
    labels = [0] * 6 + [1] * 6 + [2]
    genres = ["a"] * 5 + ["b"] + ["b"] * 3 + ["a"] * 2 + ["c", "d"]
    points = np.random.default_rng(0).normal(size=(13, 2))
    text = sentences.clusters(inspection.clusters(points, labels, genres=genres)).data
    assert "Cluster 0 is the purest of those with 5 tracks or more (83% a)" in text
    assert "Clusters of a single track, outliers: 1 of 3." in text
    small = inspection.clusters(points[:4], [0, 0, 1, 1], genres=["a", "a", "b", "c"])
    text = sentences.clusters(small).data
    assert "Cluster 0 is the purest (100% a)" in text and "outliers" not in text


@pytest.mark.parametrize("genres", [["", "", "", ""], ["a", "", "", ""]])
def test_unknown_genres_do_not_count(genres):
    first, second = inspection.clusters(np.arange(8.0).reshape(4, 2), [0, 0, 1, 1], genres=genres)
    assert first.genres.to_dict() == ({"a": 1.0} if genres[0] else {})
    assert second.genres.empty


def test_one_cluster_has_nothing_to_differ_from(planted):
    points, _, features, texts = planted
    (only,) = inspection.clusters(points, np.zeros(120, int), features=features, texts=texts)
    assert only.features.empty
    assert not only.words


def test_the_most_typical_are_the_nearest_to_the_mean():
    points = np.array([[0.0], [1], [2], [9], [100], [101]])
    inside = np.array([True, True, True, True, False, False])
    assert list(_typical(points, inside)) == [2, 1, 0]  # the mean is 3
    assert len(_typical(points, ~inside)) == 2


def test_chance_differences_are_rarely_named():
    rng = np.random.default_rng(0)
    named = 0
    for _ in range(60):
        features = pd.DataFrame(rng.normal(size=(80, 20))).add_prefix("f")
        named += bool(len(contrast(features, rng.random(80) < 0.3)))
    assert named <= 8  # 3 are expected; more than 8 come once in 200


def test_an_effect_lies_in_its_interval_as_often_as_it_says():
    rng = np.random.default_rng(0)
    inside = np.arange(100) < 30
    held = []
    for _ in range(150):
        features = pd.DataFrame({"tempo": rng.normal(size=100) + 1.5 * inside})
        row = contrast(features, inside).iloc[0]
        held.append(row["low"] < 1.5 < row["high"])
    assert 0.9 <= np.mean(held) <= 0.99


def test_two_features_that_say_the_same_are_named_once():
    rng = np.random.default_rng(0)
    inside = np.arange(100) < 40
    shift = rng.normal(size=100) + 3 * inside
    features = pd.DataFrame(
        {
            "a": shift,
            "b": -shift + 0.1 * rng.normal(size=100),
            "c": rng.normal(size=100) + 2 * inside,
        }
    )
    assert list(contrast(features, inside)["feature"]) == ["a", "c"]


def test_missing_constant_and_separating_features_do_no_harm():
    inside = np.arange(40) < 10
    rng = np.random.default_rng(0)
    holes = rng.normal(size=40) + 3 * inside
    holes[::4] = np.nan
    features = pd.DataFrame(
        {
            "constant": 1.0,
            "nothing": np.nan,
            "holes": holes,
            "unknown_inside": np.where(inside, np.nan, rng.normal(size=40)),
        }
    )
    assert list(contrast(features, inside)["feature"]) == ["holes"]
    switch = contrast(features.assign(switch=inside.astype(float)), inside)
    assert switch["feature"][0] == "switch"
    assert switch["effect"][0] > 10


def test_features_without_a_name_make_way_for_those_that_have_one(planted):
    points, labels, features, _ = planted
    shifted = {
        f"mfcc{i}_mean": np.random.default_rng(i).normal(size=120) + 9 * labels for i in (2, 5)
    }
    mixed = inspection.clusters(points, labels, features=features.assign(**shifted))
    assert {"mfcc2_mean"} <= set(mixed[2].features["feature"])
    assert "mfcc5_mean" not in set(mixed[2].features["feature"])
    alone = inspection.clusters(points, labels, features=pd.DataFrame(shifted)[["mfcc5_mean"]])
    assert list(alone[2].features["name"]) == ["MFCC 5"]


def test_every_feature_has_a_name_of_its_own():
    columns = wide_columns()
    names = [feature_name(column) for column in columns if not column.endswith("_std")]
    assert len(set(names)) == len(names)
    assert not any("_" in name for name in names)
    assert feature_name("contrast3_mean") == "spectral contrast at 400–800 Hz"
    assert feature_name("my_feature") == "my feature"


def test_log_odds_are_those_of_the_paper():
    ours, others = np.array([8.0, 2, 10]), np.array([2.0, 8, 30])
    prior = np.array([10.0, 10, 40]) / 60 * 20
    for i in range(3):
        delta = np.log((ours[i] + prior[i]) / (20 + 20 - ours[i] - prior[i]))
        delta -= np.log((others[i] + prior[i]) / (40 + 20 - others[i] - prior[i]))
        variance = 1 / (ours[i] + prior[i]) + 1 / (others[i] + prior[i])
        assert log_odds(ours, others)[i] == pytest.approx(delta / np.sqrt(variance))
    assert log_odds(ours, ours) == pytest.approx(np.zeros(3))


def words(texts, inside, languages=None):
    languages = [""] * len(texts) if languages is None else languages
    return distinctive_words([tokens(t) for t in texts], np.array(inside), languages)


def test_a_chorus_counts_once_and_rare_words_not_at_all():
    inside = [True] * 20 + [False] * 20
    texts = ["the sea " + 50 * "again "] + ["the sea lonely"] * 2 + ["the sea"] * 17 + ["the"] * 20
    assert words(texts, inside) == ["sea"]


def test_a_cluster_of_one_language_is_not_told_by_its_articles():
    languages = ["en"] * 30 + ["bn"] * 30
    texts = ["the road"] * 15 + ["the sea"] * 15 + ["আমার নদী"] * 30
    inside = [True] * 15 + [False] * 45
    assert words(texts, inside, languages) == ["road"]
    assert words(texts, inside) == ["road", "the"]
    assert words(texts, [True] * 30 + [False] * 30, languages) == []


def test_words_keep_their_signs():
    assert tokens("আমার সোনার, বাংলা।") == ["আমার", "সোনার", "বাংলা"]
    assert tokens("Don't STOP – 'believin'' 99 x") == ["don't", "stop", "believin"]
    assert tokens("naïve cafe\u0301") == ["naïve", "cafe\u0301"]
    assert tokens("... 123 !") == []


@given(st.text())
def test_tokens_are_pieces_of_the_text(text):
    for token in tokens(text):
        assert token in text.lower()
        assert not any(char.isspace() or char.isdigit() for char in token)
