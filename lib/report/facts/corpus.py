"""Facts of the corpus that a run studied: see `lib.report.facts.gather`, which adds what was found in it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from lib.catalogue import LANGUAGES
from lib.corpora import AUDIO_SUFFIXES
from lib.errors import UserError
from lib.report import wording
from lib.report.wording import Facts

WORDS = ("tfidf", "sbert", "hybrid_tfidf", "hybrid_sbert")


def read_note(path: Path) -> tuple[pd.DataFrame, bool]:
    """Read the note that ``music-clustering prepare`` leaves of a corpus.

    Parameters
    ----------
    path : Path
        The table of the tracks, then a line for each file.

    Returns
    -------
    tracks : DataFrame
        As in `lib.corpora.Corpus`, without paths; all of it text.
    audio : bool
        Whether any of the files is audio.

    Raises
    ------
    UserError
        Where there is no such file.
    """
    if not path.exists():
        raise UserError(f"{path} is missing: it tells which corpus this is (make data)")
    with path.open(encoding="utf-8", newline="") as lines:
        table = csv.reader(lines)
        header = next(table)
        tracks = []
        for line in table:  # numbered from 0; what follows are files, whose lines have no number
            if line[:1] != [str(len(tracks))]:
                break
            tracks.append(line)
    text = path.read_text(encoding="utf-8")
    files = (line.split("\t")[0] for line in text.splitlines() if line.count("\t") == 2)
    audio = any(Path(file).suffix.lower() in AUDIO_SUFFIXES for file in files)
    return pd.DataFrame(tracks, columns=header), audio


def facts(folder: Path, rows: pd.DataFrame) -> Facts:
    """Say which music this is, how much of it, and what is known of it.

    Parameters
    ----------
    folder : Path
        The results folder.
    rows : DataFrame
        Its tidy rows.

    Raises
    ------
    UserError
        Where the note of the corpus is missing.
    """
    tracks, audio = read_note(folder / ".corpus")
    skipped = len(pd.read_csv(folder / "skipped.csv"))
    name = rows["corpus"].iloc[0]
    genres = sorted(set(tracks["genre"]) - {""})
    seeds = rows["seed"].nunique()
    count = f"{len(tracks) - skipped:,}"
    labels = f"{wording.number(len(genres))} genres" if len(genres) > 1 else "no genre labels"
    kinds = {
        "demo": ("the demo corpus", "composed tracks"),
        "gtzan": ("GTZAN", "recordings"),
        "gtzan_table": ("the feature table of GTZAN", "tracks"),
        "fma": ("the Free Music Archive", "clips"),
    }
    kind = name if audio or name != "gtzan" else "gtzan_table"
    music, tracks_of = kinds.get(kind, ("a folder of music", "tracks"))
    facts: Facts = {
        "music": music,
        "corpus": f"{music}, {count} {tracks_of} with {labels}",
        "training": f"trained with {wording.number(seeds)} seeds and reported with intervals"
        if seeds > 1
        else "trained with one seed only, and so reported without intervals",
        "n_tracks": count,
        "n_skipped": f"{skipped:,}",
        "n_seeds": wording.number(seeds),
        "n_clusters": f"{int(rows.loc[rows['algorithm'] == 'kmeans', 'n_clusters'].max())}",
        "demo": kind == "demo",
        "gtzan": kind in ("gtzan", "gtzan_table"),
        "fma": kind == "fma",
        "folder": kind not in kinds,
        "audio": audio,
        "labelled": len(genres) > 1,
        "skipped": skipped > 0,
        "several_seeds": seeds > 1,
        "words": bool(rows["representation"].isin(WORDS).any()),
        "conv": "conv_vae" in set(rows["representation"]),
    }
    if len(genres) > 1:
        facts["n_genres"] = wording.number(len(genres))
    hours = pd.to_numeric(tracks["duration"]).sum() / 3600
    if hours > 0:
        facts["hours"] = f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.0f} minutes"
    languages = tracks.loc[tracks["language"].isin(["en", "bn"]), "language"].value_counts()
    facts["languages"] = len(languages) > 1
    if len(languages) > 1:
        facts["language_list"] = wording.listed([LANGUAGES[code] for code in languages.index])
    latents = folder / "latents" / "tfidf.npz"
    if latents.exists():
        facts["n_words"] = f"{np.isfinite(np.load(latents)['z'][0]).all(axis=1).sum():,}"
    return facts


def fewness(facts: Facts) -> str:
    """Say whether there is enough music to learn from, by the crudest of measures."""
    more = "Results with far more tracks may differ, and the notebooks run on them as they are."
    if not facts["networks"]:
        return more
    count = {
        key: int(facts[key].replace(",", "")) for key in ("n_tracks", "n_mfcc", "vae_parameters")
    }
    numbers = count["n_tracks"] * count["n_mfcc"]
    least = "more" if count["vae_parameters"] > numbers else "fewer"
    return (
        f"The VAE has {facts['vae_parameters']} parameters, {least} than the {numbers:,} numbers "
        f"that it learns from. {more}"
    )
