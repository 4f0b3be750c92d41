"""The results folder: tables that notebooks share, latents, figures. Nothing is ever half written.

Every file is written under another name first and renamed when whole, and the tables are locked
while a notebook replaces its rows: notebooks may run side by side.
"""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from filelock import FileLock
from matplotlib.figure import Figure

from lib import evaluation
from lib.catalogue import HEALTH, SCORES
from lib.errors import UserError
from lib.files import whole_file, write_csv
from lib.report import latex

COLUMNS = [
    "corpus", "task", "features", "representation", "beta", "latent_dim", "seed", "algorithm",
    "n_clusters", "noise_fraction", *SCORES, *HEALTH,
]  # fmt: skip
METHOD_COLUMNS = ["task", "features", "representation", "beta", "latent_dim", "algorithm"]
"""The columns that tell methods apart; what is left are seeds."""


def save_rows(folder: Path, task: str, rows: pd.DataFrame) -> None:
    """Put a notebook's tidy rows into ``clustering_metrics.csv`` in place of its earlier ones.

    ``summary.csv``, the same over seeds, is written anew from all rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "clustering_metrics.csv"
    with FileLock(folder / ".clustering_metrics.lock"):
        if path.exists():
            others = pd.read_csv(path)
            rows = pd.concat([others[others["task"] != task], rows[COLUMNS]])
        # by task, so that the file does not depend on the order in which notebooks ran
        rows = rows[COLUMNS].sort_values("task", kind="stable", ignore_index=True)
        write_csv(path, rows)
        write_csv(folder / "summary.csv", summarise(rows))


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per method: means and 95% bounds over seeds, rank in its task, health."""
    summary = evaluation.summarise(rows, METHOD_COLUMNS, [*SCORES, *HEALTH])
    real = ~summary["algorithm"].isin(["random", "genres"])
    summary["rank"] = summary["ami"].where(real).groupby(summary["task"]).rank(ascending=False)
    methods = rows.groupby(METHOD_COLUMNS, sort=False, dropna=False)
    summary["verdict"] = [evaluation.health.overall_status(members) for _, members in methods]
    return summary


def claim(folder: Path, corpus: str) -> None:
    """Keep a results folder to one corpus, by what tells that from all others.

    A folder of music may have the name of another: then this raises a `UserError`.
    """
    note = folder / ".corpus_name"
    name = os.fsencode(corpus)
    if not note.exists():
        with whole_file(note) as half:
            half.write_bytes(name)
    elif (other := note.read_bytes()) != name:
        raise UserError(
            f"{folder} has the results of {os.fsdecode(other)}, and those of {corpus} would mix "
            f"with them: rename one of the two, remove {folder}, or set results_dir"
        )


def save_table(folder: Path, name: str, table: pd.DataFrame, caption: str) -> None:
    """Write ``<name>.tex``: the table for a paper, with the rules of the booktabs package."""
    with whole_file(folder / f"{name}.tex") as half:
        half.write_text(latex.table(table, caption, name), encoding="utf-8")


def save_latents(folder: Path, name: str, z: np.ndarray, track_id: np.ndarray) -> None:
    """Write ``latents/<name>.npz``: ``z`` (seed, n_tracks, n_dims) and ``track_id``."""
    with whole_file(folder / "latents" / f"{name}.npz") as half:
        np.savez_compressed(half, z=z, track_id=track_id)


def save_figure(folder: Path, name: str, figure: Figure) -> None:
    """Write ``latent_visualization/<name>.png`` and ``.svg``: same figure, same bytes."""
    target = folder / "latent_visualization" / name
    options = {"png": {"dpi": 150}, "svg": {"metadata": {"Date": None}}}
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        for kind, more in options.items():
            with whole_file(target.with_suffix(f".{kind}")) as half:
                figure.savefig(half, format=kind, bbox_inches="tight", **more)
