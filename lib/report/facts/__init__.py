"""Facts of a run that the book's prose quotes: texts and conditions by name, from its results.

No number that a run determines is typed into the prose. It is computed here from the tables that
the notebooks left, as short as ``0.320 ± 0.029`` or as long as a clause where another result would
need other words. A text that a corpus cannot give, without labels or words say, is absent, and the
prose asks for the condition (a fact that is true or false) before it speaks of it.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lib.catalogue import SCORES
from lib.errors import UserError
from lib.report.facts import corpus, findings, training

__all__ = ["gather"]


def gather(folder: Path) -> dict[str, str | bool]:
    """Compute all facts that a results folder gives.

    Parameters
    ----------
    folder : Path
        With ``clustering_metrics.csv``, ``skipped.csv``, the note of the corpus, ``models/`` and
        ``latents/``, as the notebooks and ``music-clustering prepare`` leave them.

    Returns
    -------
    dict of str to (str or bool)
        Texts, and conditions. Every condition is always there; a text only where it makes sense.

    Raises
    ------
    UserError
        Where the tables of the run, or the note of its corpus, are missing.
    """
    table = folder / "clustering_metrics.csv"
    if not table.exists():
        raise UserError(f"{table} is missing: run the notebooks first (make report)")
    rows = pd.read_csv(table)
    facts = corpus.facts(folder, rows)
    facts |= training.facts(folder / "models", int(facts["n_tracks"].replace(",", "")))
    score = "ami" if facts["labelled"] else "silhouette_shared"
    facts["score"] = SCORES[score].noun
    return facts | findings.facts(folder, rows, score)
