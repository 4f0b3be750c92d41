import threading

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from lib import files
from lib.errors import UserError
from lib.report import results


def rows(task, ami, representation="vae", **more):
    """Make tidy rows: one a seed, with these AMIs."""
    health = {"active_units": 9, "kl": 4.0, "r2": 0.7}
    table = pd.DataFrame({"ami": ami, "seed": range(len(ami)), **health, **more})
    table = table.assign(
        corpus="demo", task=task, features="mfcc_mean", representation=representation,
        beta=1.0, latent_dim=16, algorithm="kmeans", n_clusters=10, noise_fraction=0.0,
    )  # fmt: skip
    return table.reindex(columns=results.COLUMNS)


def test_a_rerun_replaces_its_own_rows_only(tmp_path):
    results.save_rows(tmp_path, "medium", rows("medium", [0.5, 0.6]))
    results.save_rows(tmp_path, "easy", rows("easy", [0.1, 0.2, 0.3]))
    first = (tmp_path / "clustering_metrics.csv").read_bytes()
    results.save_rows(tmp_path, "easy", rows("easy", [0.9]))
    table = pd.read_csv(tmp_path / "clustering_metrics.csv")
    assert table["ami"].tolist() == [0.9, 0.5, 0.6]
    assert list(table.columns) == results.COLUMNS
    results.save_rows(tmp_path, "easy", rows("easy", [0.1, 0.2, 0.3]))
    assert (tmp_path / "clustering_metrics.csv").read_bytes() == first


def test_notebooks_that_save_at_once_lose_nothing(tmp_path):
    tasks = [f"task {i}" for i in range(8)]
    savers = [
        threading.Thread(target=results.save_rows, args=(tmp_path, task, rows(task, [0.1])))
        for task in tasks
    ]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()
    assert pd.read_csv(tmp_path / "clustering_metrics.csv")["task"].tolist() == tasks


def test_the_summary_ranks_and_judges(tmp_path):
    all_rows = pd.concat(
        [
            rows("easy", [0.2, 0.3], "pca", active_units=np.nan, kl=np.nan),
            rows("easy", [0.4, 0.5], "vae"),
            rows("easy", [0.1, 0.1], "beta_vae", kl=0.1, r2=0.01, active_units=0),
            rows("easy", [0.1, 0.2], "random_encoder", r2=-0.1),
            rows("easy", [0.0, 0.05], "ae", r2=[0.9, np.nan]),
            rows("easy", [0.0, 0.0], "raw").assign(algorithm="random", active_units=np.nan),
        ]
    )
    results.save_rows(tmp_path, "easy", all_rows)
    summary = pd.read_csv(tmp_path / "summary.csv", keep_default_na=False)
    verdicts = summary["verdict"].tolist()
    assert verdicts == ["", "healthy", "collapsed", "untrained", "1 healthy, 1 diverged", ""]
    assert summary["rank"].tolist() == ["2", "1", "4", "3", "5", ""]


def test_latents_come_back_without_pickle(tmp_path):
    z = np.random.default_rng(0).normal(size=(2, 3, 4))
    results.save_latents(tmp_path, "vae", z, np.array(["a", "b", "গান"]))
    with np.load(tmp_path / "latents" / "vae.npz", allow_pickle=False) as stored:
        np.testing.assert_array_equal(stored["z"], z)
        assert stored["track_id"].tolist() == ["a", "b", "গান"]


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        figure, axis = plt.subplots()
        axis.plot([1, 3, 2], label="line")
        axis.legend()
        results.save_figure(tmp_path / name, "figure", figure)
        plt.close(figure)
    for kind in ("png", "svg"):
        first, second = (
            (tmp_path / name / "latent_visualization" / f"figure.{kind}").read_bytes()
            for name in ("first", "second")
        )
        assert first == second


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "latents").write_text("a file where a folder should be")
    with pytest.raises(UserError, match=r"latents/vae.npz cannot be written"):
        results.save_latents(tmp_path, "vae", np.zeros((1, 2, 3)), np.array(["a", "b"]))


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    files.write_csv(tmp_path / "table.csv", pd.DataFrame({"a": [1]}))
    with pytest.raises(ZeroDivisionError), files.whole_file(tmp_path / "table.csv") as half:
        half.write_text("half of it")
        _ = 1 / 0
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]
    assert (tmp_path / "table.csv").read_text() == "a\n1\n"


def test_the_summary_tells_betas_and_a_mixture_of_its_own_apart(tmp_path):
    sweep = [rows("hard", [0.1 * beta] * 2, "beta_vae").assign(beta=beta) for beta in (0.5, 1, 4)]
    vade = rows("hard", [0.2, 0.3], "vade").assign(beta=np.nan)
    all_rows = pd.concat([*sweep, vade, vade.assign(algorithm="mixture", ami=0.9)])
    results.save_rows(tmp_path, "hard", all_rows)
    summary = pd.read_csv(tmp_path / "summary.csv")
    assert summary["beta"].tolist()[:3] == [0.5, 1, 4] and len(summary) == 5
    assert summary["ami"].tolist() == pytest.approx([0.05, 0.1, 0.4, 0.25, 0.9])
    assert summary["rank"].tolist() == [5, 4, 2, 3, 1] and (summary["seeds"] == 2).all()


def test_a_table_is_written_as_a_paper_needs_it(tmp_path):
    table = pd.DataFrame({"Method": ["A & B"], "AMI": ["0.31\u00a0±\u00a00.02"]})
    results.save_table(tmp_path, "best", table, "The best, 95 % interval.")
    latex = (tmp_path / "best.tex").read_text()
    assert r"A \& B & 0.31~\ensuremath{\pm}~0.02 \\" in latex and r"\label{tab:best}" in latex
    assert r"\toprule" in latex and r"95 \% interval" in latex
