"""The whole way from a folder of music to scored tables, on a corpus of a second's tracks."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from lib import models
from lib.errors import UserError
from lib.report import results, sentences
from lib.settings import Settings
from lib.study import Study, representation
from lib.study.representation import Representation


def settings(folder, results_dir, **changes):
    values = {
        "corpus": str(folder), "data_dir": "", "seeds": 2, "latent_dim": 3, "epochs": 5,
        "n_clusters": 0, "device": "cpu", "results_dir": str(results_dir),
    }  # fmt: skip
    return Settings(**{**values, **changes})


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setattr("lib.study.dataset.CACHE", tmp_path / "cache")


def run(folder, results_dir, **changes):
    study = Study("easy", settings(folder, results_dir, **changes))
    vae = representation("vae", study.learn("vae", models.VAE))
    spaces = [*study.represent("raw", "pca"), vae]
    scores = study.score(spaces)
    study.save(scores, spaces)
    return study, scores


def test_tones_and_noise_are_told_apart(tones, tmp_path):
    (tones / "low" / "broken.wav").write_bytes(b"no sound")
    study, scores = run(tones, tmp_path / "results")
    rows = scores.rows
    raw = rows[(rows["representation"] == "raw") & (rows["algorithm"] == "kmeans")]
    assert study.data.n_clusters == 2
    assert (raw["ari"] == 1).all()
    assert len(rows) == 3 * 2 + 2 + 1  # representations x seeds, random labels, the genres
    skipped = pd.read_csv(tmp_path / "results" / "skipped.csv")
    assert skipped["track_id"].tolist() == ["low/broken"]
    assert "tracks" in sentences.tracks(study.data.tracks).data


def test_sound_alone_asks_for_no_words_and_no_other_features(tones, tmp_path):
    study = Study("easy", settings(tones, tmp_path / "results"))
    assert [space.name for space in study.represent("raw", "pca")] == ["raw", "pca"]
    assert not {"words", "wide_features"} & set(vars(study.data))
    assert [s.name for s in study.represent("spectral", "sbert", "hybrid_tfidf")] == ["spectral"]


def test_a_member_that_diverged_counts_nowhere(tones, tmp_path):
    study = Study("easy", settings(tones, tmp_path / "results"))
    z = np.random.default_rng(0).normal(size=(2, 12, 3))
    z[1] = np.nan
    spaces = [Representation("vae", z), Representation("ae", z[1:])]
    half, none = (study.pca_matched(space).z.shape for space in spaces)
    assert half == study.pca_matched(Representation("vae", z[:1])).z.shape
    assert none == (1, 12, 1)
    scores = study.score(spaces)
    rows = scores.rows
    assert (rows.loc[(rows["representation"] == "ae"), "noise_fraction"] == 1).all()
    points, _ = study.against_noise(spaces, scores)
    assert points["method"].tolist() == ["VAE"] and points.notna().all(axis=None)


def test_two_runs_give_the_same_bytes(tones, tmp_path):
    for name in ("first", "second"):
        run(tones, tmp_path / name)
    for file in ("clustering_metrics.csv", "summary.csv", "latents/vae.npz"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_without_labels_nothing_is_scored_against_them(tones, tmp_path):
    flat = tmp_path / "flat"
    flat.mkdir()
    for file in tones.rglob("*.wav"):
        file.rename(flat / file.name)
    study, scores = run(flat, tmp_path / "results")
    rows = scores.rows
    assert study.data.n_clusters >= 2
    assert rows[["ari", "nmi", "ami", "purity"]].isna().all(axis=None)
    assert rows["silhouette_shared"].notna().all()
    assert "genres" not in set(rows["algorithm"])
    for sentence in (
        sentences.baselines(rows),
        sentences.duel(rows, "ami", "vae", "pca"),
        sentences.genres(study.data.truth, scores.clusters(*study.represent("raw"))[0]),
        sentences.neighbours(study.data.inputs, study.data.truth),
    ):
        assert "nan" not in sentence.data
    stored = pd.read_csv(tmp_path / "results" / "clustering_metrics.csv")
    assert list(stored.columns) == results.COLUMNS


def test_too_few_tracks_for_the_clusters_are_refused(tones, tmp_path):
    with pytest.raises(UserError, match="12 usable tracks, too few for 50 clusters"):
        _ = Study("easy", settings(tones, tmp_path, n_clusters=50)).data.n_clusters


def test_a_corpus_with_nothing_usable_is_refused(tmp_path):
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 22050)
    (tmp_path / "words.mp3").write_text("words")
    skipped = tmp_path / "results" / "skipped.csv"
    with pytest.raises(UserError, match=f"0 usable tracks.*{skipped} says what was skipped, and"):
        _ = Study("easy", settings(tmp_path, tmp_path / "results")).data.features
    reasons = pd.read_csv(skipped, index_col="track_id")["reason"]
    assert reasons["empty"] == "it holds no audio" and "not audio" in reasons["words"]


def test_a_track_that_can_be_read_no_longer_is_named(tones, tmp_path):
    study = Study("easy", settings(tones, tmp_path / "results"))
    _ = study.data.features
    (tones / "low" / "low 3.wav").write_text("words")
    with pytest.raises(UserError, match=r"low 3\.wav could be read before, and no longer: not aud"):
        _ = study.data.wide_features


def test_two_corpora_do_not_share_a_folder_of_results(tones, tmp_path):
    other = tones.rename(tmp_path / "before")
    Study("easy", settings(other, tmp_path / "results"))
    other.rename(tones)
    with pytest.raises(UserError, match=f"has the results of {other}, and those of {tones} would"):
        Study("easy", settings(tones, tmp_path / "results"))


def test_two_files_are_too_few_to_speak_of_clusters(tones, tmp_path):
    for file in sorted(tones.rglob("*.wav"))[2:]:
        file.unlink()
    with pytest.raises(UserError, match="2 usable tracks, and it takes three"):
        _ = Study("easy", settings(tones, tmp_path / "results")).data.features


def test_tracks_without_a_genre_are_no_genre(tones, tmp_path):
    loose = sorted(tones.rglob("*.wav"))[0]
    loose.rename(tones / loose.name)
    _, scores = run(tones, tmp_path / "results")
    rows = scores.rows
    genres = rows[rows["algorithm"] == "genres"]
    assert genres["n_clusters"].tolist() == [2]
