import numpy as np
import pandas as pd
import pytest

from lib.evaluation import comparison, ranking
from lib.report import tables
from lib.report.results import COLUMNS


def row(name, beta, algorithm, seed, ami, noise=0.0):
    return {"representation": name, "beta": beta, "algorithm": algorithm, "seed": seed,
            "ami": ami, "noise_fraction": noise}  # fmt: skip


@pytest.fixture
def rows():
    found = [
        row("beta_vae", beta, "kmeans", seed, 0.1 * beta + 0.01 * seed + 0.001 * seed * beta)
        for beta in (0.5, 1, 4)
        for seed in range(3)
    ]
    found += [row("vade", np.nan, "mixture", seed, 0.3 + 0.01 * seed) for seed in range(3)]
    found += [row("vae", 1.0, "dbscan", seed, 0.9, noise=0.5) for seed in range(3)]
    found += [row("raw", np.nan, "random", 0, 0.0)]
    return pd.DataFrame(found).reindex(columns=COLUMNS)


def test_betas_of_a_sweep_are_spaces_of_their_own(rows):
    spaces = ["VAE, beta 0.5", "VAE, beta 1", "VAE, beta 4", "VaDE", "VAE"]
    assert comparison.methods(rows)["space"].unique().tolist() == spaces
    assert comparison.means(rows, "ami").loc["VAE, beta 4", "k-means"] == pytest.approx(0.414)
    table = tables.matrix(rows, "ami").set_index("Space")
    assert table.index.tolist() == spaces
    assert table.loc["VaDE", "own mixture"].startswith("0.310")
    assert table.loc["VaDE", "k-means"] == "" and table.loc["VAE, beta 1", "own mixture"] == ""


def test_ranking_leaves_out_what_leaves_out_tracks(rows):
    ranked = ranking.by_score(rows, "ami")["method"].tolist()
    assert ranked == ["VAE, beta 4", "VaDE, own mixture", "VAE, beta 1", "VAE, beta 0.5"]


def test_two_betas_are_compared_seed_by_seed(rows):
    pairs = {"more": ("VAE, beta 4", "VAE, beta 1"), "absent": ("PCA", "VAE, beta 1")}
    found = comparison.differences(rows, "ami", pairs)
    assert found["pair"].tolist() == ["more"] and found["clear"].all()
    assert found["mean"].iloc[0] == pytest.approx(0.303)


def test_tables_of_scores_tell_betas_apart(rows):
    methods = tables.scores(rows, ["ami"])["Representation"].tolist()
    assert methods[:3] == ["VAE, beta 0.5", "VAE, beta 1", "VAE, beta 4"]
    assert "VaDE, own mixture" in methods and methods[-1] == "Random labels"
    assert comparison.means(rows, "ami").columns.tolist() == ["k-means", "own mixture", "DBSCAN"]
