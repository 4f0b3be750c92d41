"""Sentences say what the numbers say."""

import numpy as np
import pandas as pd

from lib.evaluation.statistics import HIGHER, NO_SPREAD, NOISE
from lib.report import sentences


def rows(**scores) -> pd.DataFrame:
    """Tidy rows of k-means: for each representation an AMI a seed."""
    table = [
        {"representation": name, "algorithm": "kmeans", "beta": np.nan, "seed": seed, "ami": ami,
         "silhouette": -ami, "n_clusters": 3, "noise_fraction": 0.0}
        for name, values in scores.items()
        for seed, ami in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(table)


def test_a_duel_is_corrected_for_the_number_of_opponents():
    vae = np.array([0.30, 0.31, 0.32, 0.33])
    close = vae - [0.01, 0.02, 0.005, 0.02]  # p = 0.035 by itself
    alone = sentences.duel(rows(vae=vae, pca=close), "ami", "vae", "pca").data
    assert "the VAE is ahead beyond the noise of the seeds" in alone
    others = {"pca": close, "raw": vae - [0.2, 0.201, 0.2, 0.201], "ae": vae[::-1]}
    many = sentences.duel(rows(vae=vae, **others), "ami", "vae", *others).data
    assert many.count("the VAE is ahead") == 1  # of the raw features, with three to be wrong about
    assert many.count("not beyond the noise of so many comparisons") == 1
    assert many.count("inside the noise") == 1


def test_a_network_without_a_name_goes_by_its_own():
    said = sentences.duel(rows(mine=[0.1, 0.2], pca=[0.1, 0.1]), "ami", "mine", "pca").data
    assert "mine minus PCA" in said


def test_each_score_has_its_leader():
    said = sentences.leaders(rows(raw=[0.1], vae=[0.2]), ["ami", "silhouette"]).data
    assert said == "Under k-means, AMI puts the VAE first; silhouette puts the raw features first."


def test_what_still_moved_at_the_end_of_training():
    epochs = pd.DataFrame({"seed": 0, "epoch": range(20), "total": 100.0, "kl": np.nan})
    epochs.loc[19, "total"] = 99.0
    said = sentences.settled({"autoencoder": epochs}).data
    assert "by −1.0% for the autoencoder," in said
    assert "KL" not in said
    assert (
        "its KL by +10.0%" in sentences.settled({"VAE": epochs.assign(kl=[2.0] * 19 + [2.2])}).data
    )
    assert "KL" not in sentences.settled({"VAE": epochs.assign(kl=0.0)}).data
    assert "a single epoch" in sentences.settled({"VAE": epochs[:1]}).data


def test_neighbours_of_one_genre_are_counted_over_known_tracks():
    truth = np.array(["a", "a", "b", "b", ""])
    apart = np.array([[0.0], [0.1], [5.0], [5.1], [0.05]])
    mixed = np.array([[0.0], [5.0], [0.1], [5.1], [np.nan]])
    said = sentences.nearest({"good": apart, "bad": mixed}, truth).data
    assert "most often in good (100%) and least often in bad (0%)" in said
    assert "by chance it would be 33%" in said
    assert "nothing to compare" in sentences.nearest({"good": apart}, truth[[4] * 5]).data
    lone = np.where(np.arange(5)[:, None] == 0, apart, np.nan)  # words for a single track, say
    said = sentences.nearest({"good": apart, "lone": lone}, truth).data
    assert "most often in good (100%) and least often in good" in said
    assert "In no space" in sentences.nearest({"lone": lone}, truth).data


def test_the_best_read_space_is_named_for_each_fact():
    table = pd.DataFrame(
        {"genre": [0.5, 0.4, 0.1], "language": [0.6, 0.9, 0.5]}, index=["A", "B", "chance"]
    )
    assert sentences.knowledge(table).data == (
        "The genre is read best from A (0.50; chance is 0.10) and the language is read best from "
        "B (0.90; chance is 0.50)."
    )
    assert "nan" not in sentences.knowledge(table[[]]).data


def test_what_a_conditional_code_keeps_is_told_where_it_can_be_read():
    table = pd.DataFrame({"attribute": "genre", "conditional": [0.3, 0.31], "plain": [0.5, 0.52]})
    table["chance"] = 0.1
    said = sentences.conditional(table).data
    assert "chance is 0.10): so it leaves much of it out" in said
    few = table.assign(conditional=np.nan, plain=np.nan, chance=np.nan)
    assert "too few tracks" in sentences.conditional(few).data
    assert "no CVAE was trained" in sentences.conditional(table[:0]).data


def test_a_ranking_says_how_many_cannot_be_told_from_the_best():
    table = pd.DataFrame(
        {"method": ["A", "B", "C"], "mean": [0.3, 0.25, 0.1], "low": [0.2, 0.2, 0.05],
         "high": [0.4, 0.3, 0.15]}
    )  # fmt: skip
    assert "the intervals of one other reach into its own" in sentences.best(table, "ami").data
    table.loc[1, "high"] = 0.19
    assert "the intervals of no others reach" in sentences.best(table, "ami").data


def test_what_was_added_is_counted_by_verdict():
    found = [("a, k-means", 0.1, HIGHER), ("a, Ward", 0.2, NO_SPREAD), ("b, Ward", -0.1, NO_SPREAD),
             ("b, k-means", 0.01, NOISE), ("c, k-means", 0.05, HIGHER)]  # fmt: skip
    table = pd.DataFrame(found, columns=["name", "mean", "verdict"])
    said = sentences.added(table, "adding words").data
    assert "helped in 2 of 5 comparisons, hurt in 0, and made no difference beyond" in said
    assert "The other 2 cannot be judged" in said and "between −0.100 and +0.200" in said
    assert said.endswith("The largest clear gain is +0.100 (a, k-means).")
    assert "cannot be said" in sentences.added(table[:0], "adding words").data
