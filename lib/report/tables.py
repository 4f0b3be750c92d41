"""Layouts: tables of numbers as tables of text, in the order and with the names that are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lib.catalogue import EXTERNAL, FEATURES, LANGUAGES, SCORES, algorithm, title, with_titles
from lib.errors import unless_missing
from lib.evaluation import comparison, ranking, statistics
from lib.evaluation.disentanglement import MEASURES

if TYPE_CHECKING:
    from lib.inspection import Cluster
    from lib.training import Ensemble


def scores(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Lay out scores: one row per method, each score as mean ± half of its 95% interval.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows of `lib.report.results`.
    columns : sequence of str
        The scores; those that are nowhere defined (no labels) are left out.

    Returns
    -------
    DataFrame
        Of text.
    """
    table = []
    for method, group in with_titles(rows).groupby("method", sort=False):
        entry = {"Representation": method}
        for score in (SCORES[column] for column in columns if rows[column].notna().any()):
            entry[score.title] = _interval(group[score.key], f".{score.digits}f")
        table.append(entry)
    return pd.DataFrame(table)


def health(trained: Mapping[str, Ensemble]) -> pd.DataFrame:
    """Lay out the health of networks: one row each, means and intervals over seeds.

    Parameters
    ----------
    trained : mapping of str to Ensemble
        By the key of the representation, or by a title.

    Returns
    -------
    DataFrame
        Of text: parameters, R², KL, active units, and the verdicts counted.
    """
    table = []
    for name, networks in trained.items():
        found = networks.health
        table.append(
            {
                "Network": title(name),
                "Parameters": f"{networks.n_parameters:,}",
                "R²": _interval(found["r2"], ".3f"),
                "KL (nats)": _interval(found["kl"], ".2f"),
                "Active units": _interval(found["active_units"], ".1f"),
                "Verdict": _counted(found["verdict"]),
            }
        )
    return pd.DataFrame(table)


def sweep(members: pd.DataFrame) -> pd.DataFrame:
    """Lay out a sweep: one row per beta, means and intervals over seeds.

    Parameters
    ----------
    members : DataFrame
        From `lib.inspection.sweep.table`.

    Returns
    -------
    DataFrame
        Of text: rate and distortion in nats, R², active units, the state of the code, verdicts.
    """
    columns = {
        "rate": ("Rate", ".2f"), "distortion": ("Distortion", ".2f"), "r2": ("R²", ".3f"),
        "active_units": ("Active units", ".1f"), "correlation": ("Correlation", ".3f"),
        "variance": ("Variance", ".3f"), "total_correlation": ("Total correlation", ".2f"),
    }  # fmt: skip
    table = []
    for beta, group in members.groupby("beta"):
        row = {"Beta": f"{beta:g}"}
        row |= {name: _interval(group[column], spec) for column, (name, spec) in columns.items()}
        table.append(row | {"Verdict": _counted(group["verdict"])})
    return pd.DataFrame(table)


@unless_missing
def disentanglement(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay out measures of disentanglement: one row per space, mean ± half of the 95% interval."""
    groups = rows.groupby("space", sort=False)[list(MEASURES)]
    text = groups.agg(lambda values: _interval(values, ".3f"))
    names = {name: name.upper() if len(name) == 3 else name.capitalize() for name in text}
    return text.rename(columns=names).rename_axis("Space").reset_index()


@unless_missing
def pipelines(summary: pd.DataFrame) -> pd.DataFrame:
    """Lay out `lib.study.pipelines.summary`; scores that are nowhere defined are left out."""
    order = ["what", "ami", "ari", "purity", "agreement", "best by"]  # the headline first
    names = {"what": "Idea", "agreement": "Agreement", "best by": "Best by"}
    shown = summary.loc[:, [column for column in order if (summary[column] != "").any()]]
    return shown.rename(columns=lambda column: names.get(column, title(column)))


def ranked(ranking: pd.DataFrame, score: str) -> pd.DataFrame:
    """Lay out `lib.evaluation.ranking.by_score`: what makes a method, and its score."""
    bounds = ranking[["mean", "low", "high"]].itertuples(index=False)
    texts = [format(statistics.Interval(*bound), ".3f") for bound in bounds]
    names = ranking.drop(columns=["mean", "low", "high"]).rename(columns=str.capitalize)
    if "Features" in names:  # as in "MFCC means + TF-IDF"
        parts = names["Features"].str.split("+")
        names["Features"] = [" + ".join(FEATURES.get(part, part) for part in of) for of in parts]
    return names.assign(**{title(score): texts})


def overall(methods: pd.DataFrame) -> pd.DataFrame:
    """Lay out `lib.evaluation.ranking.table`, whole or in part; empty columns are left out."""
    text = pd.DataFrame({"Place": _written(methods["place"], ".0f"), "Method": methods["method"]})
    for score in (s for s in (*EXTERNAL, *ranking.WITHOUT_LABELS) if s in methods):
        bounds = methods[[score, f"{score}_low", f"{score}_high"]].itertuples(index=False)
        text[title(score)] = [format(statistics.Interval(*each), ".3f") for each in bounds]
    text["Mean rank"] = _written(methods["mean_rank"], ".1f")
    text["Stability"] = _written(methods["stability"], ".2f")
    text["Noise"] = _written(methods["noise"].where(methods["noise"] > 0), ".2f")
    text["Was told"], text["Health"] = methods["saw"], methods["health"]
    text = text.replace("nan", "")
    return text.loc[:, (text != "").any()].reset_index(drop=True)


def _written(values: pd.Series, spec: str) -> pd.Series:
    return values.map(lambda value: format(value, spec))


def matrix(rows: pd.DataFrame, score: str) -> pd.DataFrame:
    """Lay out a score: one row per space and one column per algorithm."""
    cells = comparison.methods(rows).groupby(["space", "algorithm"], sort=False)[score]
    table = cells.agg(lambda values: _interval(values, ".3f")).unstack(sort=False).fillna("")
    table = table.rename(columns=lambda key: algorithm(key).title)
    return table.rename_axis(columns=None).rename_axis("Space").reset_index()


def noise(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay out the share of tracks left out, by the algorithms that leave any out."""
    rows = comparison.methods(rows)
    leave = rows.groupby("algorithm")["noise_fraction"].transform("max") > 0
    return matrix(rows[leave], "noise_fraction") if leave.any() else pd.DataFrame({"Space": []})


def clusters(found: Sequence[Cluster], titles: Sequence[str]) -> pd.DataFrame:
    """Lay out clusters of `lib.inspection.clusters`, given the titles of all tracks.

    A column of which no cluster has anything is left out.
    """
    rows = [
        {
            "Cluster": str(cluster.label),
            "Tracks": str(cluster.size),
            "Genres": _shares(cluster.genres),
            "Languages": _shares(cluster.languages.rename(LANGUAGES)),
            "Sounds like": _sound(cluster.features),
            "Says": ", ".join(cluster.words),
            "Most typical": "; ".join(str(titles[index]) for index in cluster.typical),
        }
        for cluster in found
    ]
    frame = pd.DataFrame(rows)
    return frame.loc[:, [name for name in frame if (frame[name] != "").any()]]


def _shares(mix: pd.Series) -> str:
    """Write the three largest shares, as in ``blues 61%, rock 20%``."""
    return ", ".join(f"{name} {share:.0%}" for name, share in mix[:3].items())


def _sound(features: pd.DataFrame) -> str:
    """Write what sets a cluster apart, as in ``tempo low (−1.2)``."""
    said = zip(features["name"], features["effect"], strict=True)
    return ", ".join(
        f"{name} {'high' if g > 0 else 'low'} ({statistics.minus(f'{g:+.1f}')})" for name, g in said
    )


def kmeans_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of every score for each space under k-means, and of random labels."""
    kmeans = with_titles(rows[rows["algorithm"].isin(["kmeans", "random"])])
    kmeans["space"] = kmeans["space"].where(kmeans["algorithm"] == "kmeans", "Random labels")
    columns = [*EXTERNAL, *(score for score in SCORES if score not in EXTERNAL)]
    table = kmeans.groupby("space", sort=False)[columns].mean()
    return table.dropna(axis=1, how="all").rename(columns=title)


@unless_missing
def rounded(table: pd.DataFrame, index: str = "Space") -> pd.DataFrame:
    """Lay out numbers with three digits, and the index as a column."""
    text = table.map(lambda value: "" if np.isnan(value) else f"{value:.3f}")
    return text.rename(columns=str.capitalize).rename_axis(index).reset_index()


def _interval(values: pd.Series, spec: str) -> str:
    value = statistics.interval(values)
    return "" if np.isnan(value.mean) else format(value, spec)


def _counted(verdicts: pd.Series) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in verdicts.value_counts().items())
