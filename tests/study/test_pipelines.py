import warnings

import numpy as np
import pandas as pd
import pytest

from lib import training
from lib.errors import UserError
from lib.report import sentences, tables
from lib.study import pipelines

FEW = ("kmeans", "rank_kmeans", "vae", "vade", "balanced_neighbour_consensus")


def groups(n=120, k=4, seed=0):
    """Tracks of k groups, with columns of all three views, some of them skewed."""
    rng = np.random.default_rng(seed)
    truth = np.repeat([f"g{i}" for i in range(k)], n // k)
    centres = {g: rng.normal(0, 3, 15) for g in np.unique(truth)}
    values = np.stack([centres[g] for g in truth]) + rng.standard_normal((n, 15))
    values[:, 5:10] = np.exp(values[:, 5:10])
    names = [f"mfcc{i}_mean" for i in range(1, 6)] + [f"mfcc{i}_var" for i in range(1, 6)]
    names += ["tempo", "rms_mean", "rms_var", "flatness_mean", "rolloff_mean"]
    return pd.DataFrame(values, columns=names), truth


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def table(folder):
    features, truth = groups()
    return pipelines.run(features, truth, 4, [0, 1], folder=folder)


def test_every_pipeline_has_a_row_a_seed_and_finds_groups_that_lie_apart(table):
    expected = ["pipeline", "what", "family", "seed", *pipelines.GENRE_SCORES, "agreement"]
    assert sorted(table.columns) == sorted(expected)
    assert len(table) == 2 * len(pipelines.PIPELINES)
    assert set(table["pipeline"]) == set(pipelines.PIPELINES)
    means = table.groupby("pipeline")["ari"].mean()
    assert (means > 0.6).all(), means
    assert means[pipelines.chosen(table)] > 0.9


def test_a_rerun_finds_its_networks_and_gives_the_same_numbers(table, folder, monkeypatch):
    features, truth = groups()

    def forbidden(*args, **kwargs):
        raise AssertionError("a network was trained again")

    monkeypatch.setattr("lib.training.trainer.Stack", forbidden)
    monkeypatch.setattr(pipelines, "PIPELINES", {name: pipelines.PIPELINES[name] for name in FEW})
    again = pipelines.run(features, truth, 4, [0, 1], folder=folder)
    before = table[table["pipeline"].isin(FEW)]
    columns = ["pipeline", "seed", *pipelines.GENRE_SCORES]
    pd.testing.assert_frame_equal(
        before[columns].reset_index(drop=True), again[columns], check_exact=True
    )


def test_networks_are_trained_as_long_as_told_and_not_found_with_other_epochs(
    table, folder, tmp_path, monkeypatch
):
    features, truth = groups()
    asked, train = [], training.train

    def watched(*args, **settings):
        asked.append((settings["epochs"], settings["device"]))
        return train(*args, **settings)

    (tmp_path / "models").mkdir()
    for path in (folder / "models").iterdir():
        (tmp_path / "models" / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr("lib.training.train", watched)
    monkeypatch.setattr(pipelines, "PIPELINES", {name: pipelines.PIPELINES[name] for name in FEW})
    told = {"epochs": 2, "device": "cpu"}
    pipelines.run(features, truth, 4, [0, 1], folder=tmp_path, **told)
    assert set(asked) == {(2, "cpu")}


def test_ward_on_ranks_needs_no_seed_and_is_no_network(table):
    for name in ("rank_ward", "balanced_ward"):
        rows = table[table["pipeline"] == name]
        assert not rows["family"].any()
        assert rows["ari"].nunique() == 1


def test_labels_score_and_never_choose(folder, table, monkeypatch):
    monkeypatch.setattr(pipelines, "PIPELINES", {name: pipelines.PIPELINES[name] for name in FEW})
    features, truth = groups()
    shuffled = np.random.default_rng(0).permutation(truth)
    known = pipelines.run(features, truth, 4, [0, 1], folder=folder)
    wrong = pipelines.run(features, shuffled, 4, [0, 1], folder=folder)
    none = pipelines.run(features, np.full(len(truth), ""), 4, [0, 1], folder=folder)
    assert known["agreement"].tolist() == wrong["agreement"].tolist() == none["agreement"].tolist()
    assert pipelines.chosen(known) == pipelines.chosen(wrong) == pipelines.chosen(none)
    assert wrong["ari"].abs().max() < 0.2
    assert none[list(pipelines.GENRE_SCORES)].isna().all(axis=None)
    assert pipelines.best(none) == ""
    assert pipelines.summary(none)[["ari", "purity", "difference"]].isna().all(axis=None)


def scored(*rows, seeds=(0, 1)):
    """Make the table of pipelines from name, family, score, how much that varies, and agreement."""
    return pd.DataFrame(
        [
            {
                "pipeline": name,
                "what": pipelines.PIPELINES[name].what,
                "family": family,
                "seed": seed,
                "agreement": agreement + seed / 100,
            }
            | dict.fromkeys(pipelines.GENRE_SCORES, score + seed * step)
            for name, family, score, step, agreement in rows
            for seed in seeds
        ]
    )


def test_the_summary_names_both_choices_and_only_a_vae_is_chosen():
    table = scored(
        ("kmeans", False, 0.9, 0.01, 0.9), ("vae", True, 0.2, 0.01, 0.5),
        ("vade", True, 0.4, 0.01, 0.3),
    )  # fmt: skip
    assert (pipelines.chosen(table), pipelines.best(table)) == ("vae", "vade")
    summary = pipelines.summary(table)
    assert list(summary.index) == ["kmeans", "vae", "vade"]
    assert summary["best by"].to_dict() == {
        "kmeans": "labels, no network", "vae": "agreement", "vade": "labels",
    }  # fmt: skip
    assert summary["difference"].to_list() == pytest.approx([0, -0.7, -0.5])
    # half the width of Student's interval for two values 0.01 apart: 12.706 x 0.005
    bounds = summary.loc["vae", ["ari", "ari_low", "ari_high"]].to_list()
    assert bounds == pytest.approx([0.205, 0.205 - 0.0635, 0.205 + 0.0635], abs=1e-4)
    shown = tables.pipelines(summary).loc["vae", "ARI"]
    assert shown.replace("\u00a0", " ") == "0.205 ± 0.064"


@pytest.mark.parametrize(
    ("step", "seeds", "judged", "choice"),
    [
        (0.01, (0, 1), "beyond the noise of the seeds", "chosen the same"),
        (0.2, (0, 1), "inside the noise", "found none that is clearly better"),
        (0, (0,), "with no spread over seeds to judge it by", "found none that is clearly better"),
    ],
)
def test_the_chosen_pipeline_is_held_against_the_best_without_a_network(
    step, seeds, judged, choice
):
    table = scored(
        ("kmeans", False, 0.2, 0, 0.1), ("rank_ward", False, 0.4, 0, 0.2),
        ("vae", True, 0.6, step, 0.5), ("vade", True, 0.3, 0, 0.3), seeds=seeds,
    )  # fmt: skip
    text = sentences.pipelines(table, pipelines.summary(table)).data.replace("\u00a0", " ")
    assert "k-means on the standardised features, the plainest of all, AMI 0.200" in text
    assert "without a network, the labels like Ward on ranks best (AMI 0.400" in text
    assert judged in text.split("the chosen one minus this one is +")[1]
    assert f"labels would have {choice}: in AMI, VaDE on ranks, its own clusters, the best" in text
    shown = tables.pipelines(pipelines.summary(table))
    assert {"AMI", "ARI", "Purity"} <= set(shown) and not {"NMI", "difference"} & set(shown)


def test_labels_choose_another_pipeline_only_beyond_the_noise():
    table = scored(
        ("kmeans", False, 0.2, 0, 0.1), ("vae", True, 0.3, 0.01, 0.5), ("vade", True, 0.6, 0, 0.3)
    )
    text = sentences.pipelines(table, pipelines.summary(table)).data
    assert "labels would have chosen another: in AMI" in text


@pytest.mark.parametrize("n, k", [(12, 4), (30, 20)])
def test_too_few_tracks_are_refused_in_one_line(n, k):
    features, truth = groups()
    with pytest.raises(UserError, match=f"{n} tracks are too few.*add music"):
        pipelines.run(features[:n], truth[:n], k, [0])


def test_features_that_are_no_numbers_are_refused():
    features, truth = groups()
    features.iloc[3, 2] = np.nan
    with pytest.raises(UserError, match="NaN or infinity"):
        pipelines.run(features, truth, 4, [0])


def test_the_real_table_gets_further_balanced_than_raw(music_data, monkeypatch):
    """Without networks, which would take minutes: the anchors alone."""
    from lib.corpora import gtzan

    tracks, features = gtzan.read_table(gtzan.find_table(music_data))
    names = ("kmeans", "rank_kmeans", "balanced_kmeans")
    monkeypatch.setattr(pipelines, "PIPELINES", {name: pipelines.PIPELINES[name] for name in names})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = pipelines.run(features, tracks["genre"].to_numpy(str), 10, range(3))
    ari = table.groupby("pipeline")["ari"].mean()
    assert 0.16 < ari["kmeans"] < 0.19 < ari["rank_kmeans"] < ari["balanced_kmeans"]
