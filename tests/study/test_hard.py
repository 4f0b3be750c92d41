"""The networks of the Hard task, on a corpus of a second's tracks."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lib.report import results
from lib.settings import SweepSettings
from lib.study import HardStudy, by_beta, pipelines, representation
from lib.study.representation import Representation


def study(folder, results_dir, **changes):
    values = {
        "corpus": str(folder), "data_dir": "", "seeds": 2, "latent_dim": 3, "epochs": 4,
        "n_clusters": 0, "betas": "0.5,1", "beta": 4.0, "device": "cpu",
        "results_dir": str(results_dir),
    }  # fmt: skip
    return HardStudy("hard", SweepSettings(**{**values, **changes}))


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setattr("lib.study.dataset.CACHE", tmp_path / "cache")


@pytest.fixture
def told(tones):
    """Give each tone words, in one of two languages."""
    lines = {"en": "the river runs down to the sea", "bn": "নদী বয়ে যায় সাগরের দিকে"}
    files = [f.relative_to(tones).with_suffix("") for f in sorted(tones.rglob("*.wav"))]
    languages = ["en", "bn"] * (len(files) // 2)
    table = pd.DataFrame({"track_id": [f.as_posix() for f in files], "language": languages})
    table["text"] = [f"{lines[language]} {i}" for i, language in enumerate(languages)]
    (tones / "lyrics").mkdir()
    table.to_csv(tones / "lyrics" / "lyrics.csv", index=False)
    return tones


def test_a_sweep_has_every_beta_with_every_seed(tones, tmp_path):
    swept = study(tones, tmp_path / "results").sweep()
    assert sorted(zip(swept.betas, swept.seeds, strict=True)) == [
        (beta, seed) for beta in (0.5, 1, 4) for seed in (0, 1)
    ]
    spaces = by_beta(swept)
    assert [(s.name, s.beta) for s in spaces] == [("beta_vae", beta) for beta in (0.5, 1.0, 4.0)]
    for space in spaces:
        np.testing.assert_array_equal(space.z, swept.z[swept.betas == space.beta])


def test_at_beta_1_the_sweep_is_the_vae_and_is_ranked_once(tones, tmp_path):
    run = study(tones, tmp_path / "results")
    swept = run.sweep()
    vae = run.earlier()["vae"]
    np.testing.assert_allclose(swept.select(beta=1).z, vae.z, atol=1e-3)
    scores = run.score([*by_beta(swept), representation("vae", vae)])
    methods = run.rank(scores)["method"].tolist()
    assert sorted(methods) == ["VAE", "VAE, beta 0.5", "VAE, beta 4"]


def test_the_files_of_a_sweep_do_not_overwrite_each_other(tones, tmp_path):
    run = study(tones, tmp_path / "results")
    spaces = by_beta(run.sweep())
    run.save(run.score(spaces), spaces)
    files = {path.stem for path in (tmp_path / "results" / "latents").iterdir()}
    assert files == {"beta_vae_0.5", "beta_vae_1", "beta_vae"}
    stored = np.load(tmp_path / "results" / "latents" / "beta_vae.npz")["z"]
    np.testing.assert_array_equal(stored, spaces[-1].z)
    betas = pd.read_csv(tmp_path / "results" / "clustering_metrics.csv")["beta"]
    assert set(betas) == {0.5, 1, 4}


@pytest.mark.parametrize("seeds", [1, 2])
def test_vade_brings_clusters_of_its_own(tones, tmp_path, seeds):
    run = study(tones, tmp_path / "results", seeds=seeds)
    space = representation("vade", run.vade())
    scores = run.score([space])
    rows = scores.rows
    assert set(rows["algorithm"]) == {"kmeans", "mixture", "random", "genres"}
    assert (rows["algorithm"] == "mixture").sum() == seeds
    np.testing.assert_array_equal(scores.clusters(space, "mixture")[-1], space.mixture[-1])


def test_measures_of_disentanglement_come_with_the_health_of_what_is_measured(tmp_path):
    rng = np.random.default_rng(0)
    levels = pd.DataFrame(rng.integers(0, 3, (60, 2)), columns=["tempo", "family"])
    z, health = rng.normal(size=(2, 60, 3)), pd.DataFrame({"verdict": ["healthy", "collapsed"]})
    spaces = [Representation("beta_vae", z, 4.0, health),
              Representation("pca", z[:1])]  # fmt: skip
    here, known = SimpleNamespace(folder=tmp_path), SimpleNamespace(levels=levels)
    rows = HardStudy.disentanglement(here, spaces, known)
    assert rows["health"].tolist() == ["healthy", "collapsed", ""]
    stored = pd.read_csv(tmp_path / "disentanglement.csv", keep_default_na=False)
    assert stored["health"].tolist() == rows["health"].tolist()


def test_without_words_no_network_reads_any(tones, tmp_path):
    run = study(tones, tmp_path / "results")
    assert run.multimodal() == {}
    assert set(run.conditional()) == {"cvae_genre"}  # nobody knows the language of a tone
    probed = run.probe_conditions({})
    assert list(probed.columns) == ["attribute", "chance", "conditional", "plain"] and not len(
        probed
    )


def test_networks_with_words_say_what_they_were_made_of(told, tmp_path):
    run = study(told, tmp_path / "results")
    networks = run.conditional() | run.multimodal()
    spaces = {name: representation(name, ensemble) for name, ensemble in networks.items()}
    assert {name: space.features for name, space in spaces.items()} == {
        "cvae": "mfcc_mean+language",
        "cvae_genre": "mfcc_mean+genre",
        "multimodal_vae": "mfcc_mean+tfidf",
        "multimodal_poe": "mfcc_mean+tfidf",
    }
    assert all(np.isfinite(space.z).all() for space in spaces.values())
    scores = run.score(list(spaces.values()))
    table = run.rank(scores).set_index("representation")
    assert table.loc["cvae_genre", "saw"] == "genre"
    assert np.isnan(table.loc["cvae_genre", "place"])  # it has seen what it would be ranked by
    assert list(scores.rows.columns) == results.COLUMNS
    probed = run.probe_conditions(networks | run.earlier())
    assert sorted(probed["attribute"]) == ["genre", "genre", "language", "language"]


def test_only_the_demo_corpus_has_known_factors(tones, tmp_path):
    run = study(tones, tmp_path / "results")
    known = run.factors()
    spaces = run.factor_spaces(known)
    shown = run.disentanglement(spaces, known), run.probe_factors(spaces, known)
    assert run.correlate(shown[0], pd.DataFrame()).reason == known.reason
    assert known.reason and [table.reason for table in shown] == [known.reason, ""]  # said once


def test_a_dozen_tracks_are_too_few_for_pipelines_and_no_reason_to_stop(tones, tmp_path):
    run = study(tones, tmp_path / "results")
    rows = run.pipelines()
    assert rows.reason and run.rank_pipelines(rows).reason == rows.reason


def test_pipelines_are_ranked_and_kept(tones, tmp_path):
    run = study(tones, tmp_path / "results")
    row = {"agreement": 0.5} | dict.fromkeys(pipelines.GENRE_SCORES, 0.4)
    of = {"pipeline": ["kmeans", "vae"], "what": ["k-means", "a VAE"], "family": [False, True]}
    rows = pd.concat([pd.DataFrame(of | row | {"seed": seed}) for seed in (0, 1)])
    summary = run.rank_pipelines(rows)
    written = pd.read_csv(run.folder / "pipelines.csv")
    assert written["what"].tolist() == summary["what"].tolist()
    assert summary.loc["vae", "best by"] == "agreement and labels"
