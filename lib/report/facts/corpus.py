"""Facts of the corpus that a run studied."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from lib.catalogue import CORPORA, FOLDER, LANGUAGES, REPRESENTATIONS
from lib.corpora import AUDIO_SUFFIXES
from lib.errors import UserError
from lib.report import wording


def read_note(path: Path) -> tuple[pd.DataFrame, bool]:
    """Read the note that ``music-clustering prepare`` leaves of a corpus.

    Returns the table of its tracks (all of it text), and whether any of its files is audio.
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


def facts(folder: Path, rows: pd.DataFrame) -> dict[str, str | bool]:
    """Say which music a results folder is about, how much of it, and what is known of it."""
    tracks, audio = read_note(folder / ".corpus")
    skipped = len(pd.read_csv(folder / "skipped.csv"))
    kind = rows["corpus"].iloc[0]
    if kind == "gtzan" and not audio:
        kind = "gtzan_table"
    name = CORPORA.get(kind, FOLDER)
    n_genres, n_seeds = len(set(tracks["genre"]) - {""}), rows["seed"].nunique()
    count, seeds = f"{len(tracks) - skipped:,}", wording.number(n_seeds)
    labels = f"{wording.number(n_genres)} genres" if n_genres > 1 else "no genre labels"
    languages = tracks.loc[tracks["language"].isin(["en", "bn"]), "language"].value_counts()
    spaces = rows["representation"].map(REPRESENTATIONS.get)
    found: dict[str, str | bool] = {
        "music": name.noun,
        "corpus": f"{name.noun}, {count} {name.tracks} with {labels}",
        "training": f"trained with {seeds} seeds and reported with intervals"
        if n_seeds > 1
        else "trained with one seed only, and so reported without intervals",
        "n_tracks": count,
        "n_skipped": f"{skipped:,}",
        "n_seeds": seeds,
        "n_clusters": f"{int(rows.loc[rows['algorithm'] == 'kmeans', 'n_clusters'].max())}",
        "demo": kind == "demo",
        "gtzan": kind in ("gtzan", "gtzan_table"),
        "fma": kind == "fma",
        "folder": name is FOLDER,
        "audio": audio,
        "labelled": n_genres > 1,
        "skipped": skipped > 0,
        "several_seeds": n_seeds > 1,
        "words": any(space is not None and space.family == "words" for space in spaces),
        "conv": "conv_vae" in set(rows["representation"]),
        "languages": len(languages) > 1,
    }
    if found["languages"]:
        found["language_list"] = wording.listed([LANGUAGES[code] for code in languages.index])
    latents = folder / "latents" / "tfidf.npz"
    if latents.exists():
        found["n_words"] = f"{np.isfinite(np.load(latents)['z'][0]).all(axis=1).sum():,}"
    return found
