import numpy as np
import pandas as pd
import pytest

from lib import evaluation
from lib.catalogue import EXTERNAL, SCORES, Method, Score
from lib.evaluation import comparison, ranking
from lib.report import results, sentences, tables

SEEDS = range(4)


def make(truth, right, rng):
    """Cluster as the truth does, but for a share of tracks that land anywhere."""
    labels = np.unique(truth, return_inverse=True)[1]
    wrong = rng.random(len(labels)) > right
    labels[wrong] = rng.integers(labels.max() + 1, size=wrong.sum())
    return labels


def row(name, beta, algorithm, seed, labels, truth, shared, **more):
    """Make a tidy row of a partition."""
    scores = evaluation.score(shared, labels, shared, truth)
    method = {"corpus": "x", "task": "hard", "features": "f", "latent_dim": 2, "seed": seed}
    method |= {"representation": name, "beta": beta, "algorithm": algorithm}
    return method | scores | more


class World:
    """Methods of which we know which is best: rows and partitions as a study leaves them."""

    def __init__(self, labelled=True):
        rng = np.random.default_rng(1)
        self.truth = np.repeat([f"genre {i}" for i in range(5)], 40)
        centres = rng.normal(0, 2, (5, 3))
        self.shared = np.repeat(centres, 40, axis=0) + rng.normal(size=(200, 3))
        self.labels, rows = {}, []
        for name, beta, algorithm, right in [
            ("raw", np.nan, "agglomerative", 0.5),
            ("pca", np.nan, "kmeans", 0.5),
            ("vae", 1.0, "kmeans", 0.5),
            ("beta_vae", 0.5, "kmeans", 0.5),
            ("beta_vae", 1.0, "kmeans", 0.5),
            ("beta_vae", 4.0, "kmeans", 0.9),
            ("beta_vae", 10.0, "kmeans", 0.1),
            ("cvae", 1.0, "kmeans", 0.5),
            ("cvae_genre", 1.0, "kmeans", 1.0),
            ("vade", np.nan, "mixture", 0.6),
            ("vade", np.nan, "dbscan", 1.0),
            ("multimodal_vae", 1.0, "kmeans", 0.8),
        ]:
            health = {"active_units": np.nan, "kl": np.nan, "r2": 1.0}
            if name not in ("raw", "pca"):
                health = {"active_units": 2, "kl": 4.0, "r2": 0.02 if beta == 10 else 0.8}
            for seed in SEEDS:
                if algorithm != "agglomerative" or seed == 0:
                    labels = make(self.truth, right, rng)
                    if algorithm == "dbscan":
                        labels[rng.random(200) < 0.3] = -1
                    self.labels[Method(name, algorithm, beta), seed] = labels
                known = self.truth if labelled else np.full(200, "")
                rows.append(row(name, beta, algorithm, seed, labels, known, self.shared, **health))
        if not labelled:
            self.truth = np.full(200, "")
        rows.append(row("raw", np.nan, "random", 0, labels, self.truth, self.shared))
        self.rows = pd.DataFrame(rows, columns=results.COLUMNS)
        self.table = ranking.table(self.rows, self.labels)
        self.draws = ranking.resample(self.table, self.labels, self.truth, self.shared)


@pytest.fixture(scope="module")
def world():
    return World()


def test_the_best_method_is_first_and_the_leak_is_not_ranked(world):
    table = world.table.set_index("method")
    assert table.index[0] == "VAE, beta 4" and table["place"].iloc[0] == 1
    leak = table.loc["CVAE, genre given"]
    assert leak["saw"] == "genre" and leak["ami"] == pytest.approx(1)
    assert np.isnan(leak["place"]) and np.isnan(leak["ami_rank"])
    assert table.loc["CVAE, language given", "saw"] == "language"
    noisy = table.loc["VaDE, DBSCAN"]
    assert noisy["noise"] > 0.2 and np.isnan(noisy["place"]) and noisy["ami"] > 0
    assert table.loc["VAE, beta 10", "health"] == "collapsed"


def test_the_mean_of_ranks_is_what_it_says(world):
    ranked = world.table[world.table["place"].notna()]
    ranks = [ranked[score].rank(ascending=False) for score in EXTERNAL]
    np.testing.assert_allclose(ranked["mean_rank"], np.mean(ranks, axis=0))
    assert ranked["mean_rank"].is_monotonic_increasing
    assert ranked["mean_rank"].mean() == pytest.approx((len(ranked) + 1) / 2)


def test_where_less_is_better_the_least_ranks_first(world, monkeypatch):
    monkeypatch.setitem(SCORES, "purity", Score("purity", "Purity", "labels", lower_is_better=True))
    ranked = ranking.table(world.rows, world.labels)
    ranked = ranked[ranked["place"].notna()]
    np.testing.assert_allclose(ranked["purity_rank"], ranked["purity"].rank())
    np.testing.assert_allclose(ranked["ami_rank"], ranked["ami"].rank(ascending=False))
    assert ranking.by_score(world.rows, "purity")["mean"].is_monotonic_increasing


@pytest.mark.parametrize("score", ["silhouette", "silhouette_shared"])
def test_beside_labels_no_silhouette_changes_a_place(world, score):
    flattered = world.rows.assign(**{score: np.random.default_rng(0).random(len(world.rows))})
    again = ranking.table(flattered, world.labels)
    pd.testing.assert_series_equal(again["method"], world.table["method"])
    pd.testing.assert_series_equal(again["place"], world.table["place"])


def test_a_score_that_is_not_defined_ranks_last():
    rows = World(labelled=False).rows.copy()
    rows.loc[rows["representation"] == "pca", "silhouette_shared"] = np.nan
    table = ranking.table(rows).set_index("method")
    worst = table["silhouette_shared_rank"].max()
    assert table.loc["PCA", "silhouette_shared_rank"] == worst == table["place"].notna().sum()


def test_stability_is_the_agreement_of_seeds():
    labels = np.repeat([0, 1, 2], 10)
    found = ranking.stability(
        {
            (Method("vae", "kmeans"), 0): labels,
            (Method("vae", "kmeans"), 1): (labels + 1) % 3,  # the same under other names
            (Method("ae", "kmeans"), 0): labels,
            (Method("ae", "kmeans"), 1): np.tile([0, 1, 2], 10),
            (Method("raw", "agglomerative"), 0): labels,
        }
    )
    assert found["VAE"] == 1 and found["Autoencoder"] < 0.05 and "Raw features, Ward" not in found


def test_other_tracks_and_seeds_confirm_what_is_clear_and_nothing_else(world):
    ami = world.draws["ami"]
    assert "CVAE, genre given" not in ami.names and "VaDE, DBSCAN" not in ami.names
    pairs = ami.differences([("VAE, beta 4", "PCA"), ("VAE", "PCA"), ("VAE", "Raw features, Ward")])
    assert pairs["clear"].tolist() == [True, False, False]


def test_betas_are_held_against_beta_one(world):
    betas = comparison.betas(world.rows, "ami").set_index("beta")
    assert betas.index.tolist() == [0.5, 1, 4, 10]
    assert np.isnan(betas.loc[1, "difference"])
    assert betas.loc[4, "difference"] > 0.2 and bool(betas.loc[4, "clear"])
    assert not betas.loc[0.5, "clear"] and betas.loc[10, "health"] == "collapsed"
    without = comparison.betas(world.rows[world.rows["beta"] != 1], "ami")
    assert without["difference"].isna().all() and len(without) == 3
    assert not len(comparison.betas(world.rows[world.rows["representation"] == "pca"], "ami"))


def test_words_are_held_against_the_sound_alone(world):
    pairs = comparison.with_words(world.rows)
    assert pairs == {"Multimodal VAE − VAE": ("Multimodal VAE", "VAE")}
    compared = comparison.differences(world.rows, "ami", pairs)
    assert compared["algorithm"].tolist() == ["k-means"] and compared["clear"].all()


def test_the_layout_shows_marks_and_leaves_out_what_is_empty(world):
    text = tables.overall(world.table)
    assert all(isinstance(cell, str) for cell in text.to_numpy().ravel())
    told = text.set_index("Method")["Was told"]
    assert told["CVAE, genre given"] == "genre" and told["PCA"] == ""
    assert text.set_index("Method").loc["CVAE, genre given", "Place"] == ""
    assert "nan" not in " ".join(text.to_numpy().ravel())
    assert "Was told" not in tables.overall(world.table[:2])


def test_sentences_say_what_the_tables_hold(world):
    text = sentences.verdict(world.table, world.draws, "ami").data
    assert "overall is VAE, beta 4" in text and "VAE, beta 10 (collapsed)" in text
    assert "are left out as noise: 1 (1 under DBSCAN)" in text and "CVAE, genre given" in text
    assert "clearly better are 2" in text  # beta 4 and the one with words
    betas = sentences.betas(comparison.betas(world.rows, "ami"), "ami").data
    assert "the best of 4 betas is 4" in betas and "beyond the noise of the seeds" in betas
    leak = sentences.leak(world.table, "ami").data
    assert "AMI 1.000" in leak and "nothing about music" in leak
    for words in (text, betas, leak):
        assert "nan" not in words and "None" not in words


def test_a_corpus_without_labels_is_ranked_by_its_shared_silhouette():
    world = World(labelled=False)
    assert ranking.scores(world.rows) == ["silhouette_shared"]
    assert world.table["method"].iloc[0] == "VAE, beta 4"
    h = "silhouette_shared"
    words = [
        sentences.verdict(world.table, world.draws, h).data,
        sentences.betas(comparison.betas(world.rows, h), h).data,
        sentences.leak(world.table, h).data,
        *tables.overall(world.table).to_numpy().ravel(),
    ]
    assert "as its only rank" in words[0] and "nan" not in " ".join(words)


def test_one_seed_is_enough_to_run_and_too_little_to_judge(world):
    rows = world.rows[world.rows["seed"] == 0]
    labels = {key: value for key, value in world.labels.items() if key[1] == 0}
    table = ranking.table(rows, labels)
    draws = ranking.resample(table, labels, world.truth, world.shared)
    text = sentences.verdict(table, draws, "ami").data
    text += sentences.stability(table, "ami").data
    assert "Too few methods vary" in text
    betas = comparison.betas(rows, "ami")
    assert "no spread over seeds" in sentences.betas(betas, "ami").data
