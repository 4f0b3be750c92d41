import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from scipy import stats

from lib.errors import UserError
from lib.report import compare as compare_runs
from lib.report import results


def rows(ami, representation="vae", seeds=None, **more):
    """Make tidy rows: one a seed, with these AMIs."""
    table = pd.DataFrame({"ami": ami, "seed": range(len(ami)) if seeds is None else seeds})
    fixed = dict(
        corpus="demo", task="easy", features="mfcc_mean", representation=representation,
        beta=np.nan, latent_dim=16, algorithm="kmeans", n_clusters=10, noise_fraction=0.0, kl=1.0,
    )  # fmt: skip
    return table.assign(**fixed | more).reindex(columns=results.COLUMNS)


def test_the_same_seeds_are_compared_one_by_one():
    spread = np.array([0.1, 0.5, 0.3, 0.7])
    shift = np.array([0.01, 0.02, 0.015, 0.018])
    (row,) = compare_runs.compare(rows(spread), rows(spread + shift), "ami").itertuples()
    assert row.test == "paired" and row.difference.clear
    assert row.difference.p == pytest.approx(stats.ttest_rel(spread + shift, spread).pvalue)
    assert row.difference.mean == pytest.approx(shift.mean())


def test_the_order_of_rows_does_not_matter_to_the_pairing():
    a, b = rows([0.1, 0.5, 0.3]), rows([0.12, 0.53, 0.31])
    (straight,) = compare_runs.compare(a, b, "ami").itertuples()
    (turned,) = compare_runs.compare(a, b[::-1], "ami").itertuples()
    assert straight.difference == turned.difference


@pytest.mark.parametrize(
    "other", [{"corpus": "gtzan"}, {"seeds": [5, 6, 7, 8]}], ids=["corpora", "seeds"]
)
def test_what_does_not_belong_together_is_compared_by_welch(other):
    a, b = [0.1, 0.5, 0.3, 0.7], [0.9, 0.8, 0.95, 0.85]
    (row,) = compare_runs.compare(rows(a), rows(b, **other), "ami").itertuples()
    expected = stats.ttest_ind(b, a, equal_var=False)
    assert row.test == "Welch"
    assert row.difference.p == pytest.approx(expected.pvalue)
    assert (row.difference.low, row.difference.high) == pytest.approx(
        tuple(expected.confidence_interval(0.95))
    )


def test_a_method_of_one_run_only_is_shown_without_a_difference():
    a = pd.concat([rows([0.1, 0.2]), rows([0.3, 0.4], "pca")])
    table = compare_runs.compare(a, rows([0.1, 0.3]), "ami").set_index("method")
    assert table.loc["PCA", "b"] is None and table.loc["PCA", "difference"] is None
    assert table.loc["VAE", "test"] == "paired"


def test_betas_are_methods_of_their_own_and_latent_sizes_are_not():
    a = pd.concat([rows([0.1, 0.2], "beta_vae", beta=beta) for beta in (1.0, 4.0)])
    b = pd.concat([rows([0.2, 0.4], "beta_vae", beta=beta, latent_dim=8) for beta in (4.0, 10.0)])
    table = compare_runs.compare(a, b, "ami").set_index("method")
    tests = {"VAE, beta 1": "", "VAE, beta 4": "paired", "VAE, beta 10": ""}
    assert table["test"].to_dict() == tests


def test_p_values_are_corrected_for_their_number():
    rng = np.random.default_rng(0)
    names = [f"method {i}" for i in range(20)]
    noise = [pd.concat([rows(rng.normal(size=5), n) for n in names]) for _ in range(2)]
    corrected = compare_runs.compare(*noise, "ami")["difference"]
    single = [compare_runs.compare(*(r[r["representation"] == n] for r in noise), "ami")
              for n in names]  # fmt: skip
    alone = [table["difference"][0].p for table in single]
    assert ([difference.p for difference in corrected] >= np.array(alone)).all()
    assert not any(difference.clear for difference in corrected)


def test_the_page_holds_both_runs_and_asks_for_nothing(tmp_path):
    for name, ami in (("x <b>", [0.1, 0.2, 0.3]), ("y", [0.5, 0.7, 0.6])):
        results.save_rows(tmp_path / name, "easy", rows(ami, representation="<script>"))
        figure = plt.figure()
        results.save_figure(tmp_path / name, "easy_maps", figure)
        plt.close(figure)
    page = compare_runs.page(tmp_path / "x <b>", tmp_path / "y")
    assert page.count("data:image/png;base64,") == 2 and "easy maps, y" in page
    assert "<script" not in page and "x <b>" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert "+0.400" in page and "paired" in page


def test_a_folder_without_scores_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        compare_runs.load(tmp_path / "nowhere")
    (tmp_path / "clustering_metrics.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="lacks the columns corpus"):
        compare_runs.load(tmp_path)
    (tmp_path / "clustering_metrics.csv").write_text("")
    with pytest.raises(UserError, match="cannot be read"):
        compare_runs.load(tmp_path)
