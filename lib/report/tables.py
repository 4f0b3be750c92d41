"""Layouts: tables of numbers as tables of text, in the order and with the names that are read.

A score is written as its mean over seeds ± half of the 95% interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lib.catalogue import EXTERNAL, FEATURES, LANGUAGES, SCORES, algorithm_name, title, with_titles
from lib.errors import unless_missing
from lib.evaluation import Interval, comparison, interval, ranking
from lib.evaluation.disentanglement import MEASURES

if TYPE_CHECKING:
    from lib.inspection import Cluster
    from lib.training import Ensemble


def scores(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Lay out scores, one row per method; those that are nowhere defined are left out."""
    table = []
    for method, group in with_titles(rows).groupby("method", sort=False):
        entry = {"Representation": method}
        for score in (SCORES[column] for column in columns if rows[column].notna().any()):
            entry[score.title] = _interval(group[score.key], f".{score.digits}f")
        table.append(entry)
    return pd.DataFrame(table)


def health(trained: Mapping[str, Ensemble]) -> pd.DataFrame:
    """Lay out the health of networks by the key of a representation, or by a title."""
    return pd.DataFrame(
        {
            "Network": title(name),
            "Parameters": f"{networks.n_parameters:,}",
            "R²": _interval(networks.health["r2"], ".3f"),
            "KL (nats)": _interval(networks.health["kl"], ".2f"),
            "Active units": _interval(networks.health["active_units"], ".1f"),
            "Verdict": _counted(networks.health["verdict"]),
        }
        for name, networks in trained.items()
    )


def sweep(networks: pd.DataFrame) -> pd.DataFrame:
    """Lay out `lib.inspection.sweep.table`, one row per beta."""
    columns = {
        "rate": ("Rate", ".2f"), "distortion": ("Distortion", ".2f"), "r2": ("R²", ".3f"),
        "active_units": ("Active units", ".1f"), "correlation": ("Correlation", ".3f"),
        "variance": ("Variance", ".3f"), "total_correlation": ("Total correlation", ".2f"),
    }  # fmt: skip
    table = []
    for beta, group in networks.groupby("beta"):
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
    shown = pd.DataFrame({"Pipeline": summary["what"]})
    names = {"ami": "AMI", "ari": "ARI", "purity": "Purity", "agreement": "Agreement"}
    for score in (score for score in names if summary[score].notna().any()):
        shown[names[score]] = _bounded(summary, score, f"{score}_low", f"{score}_high")
    return shown.assign(**{"Best by": summary["best by"]})


def ranked(ranking: pd.DataFrame, score: str) -> pd.DataFrame:
    """Lay out `lib.evaluation.ranking.by_score`: what makes a method, and its score."""
    texts = _bounded(ranking, "mean", "low", "high")
    names = ranking.drop(columns=["mean", "low", "high"]).rename(columns=str.capitalize)
    if "Features" in names:  # as in "MFCC means + TF-IDF"
        parts = names["Features"].str.split("+")
        names["Features"] = [" + ".join(FEATURES.get(part, part) for part in of) for of in parts]
    return names.assign(**{title(score): texts})


def overall(methods: pd.DataFrame) -> pd.DataFrame:
    """Lay out `lib.evaluation.ranking.table`, whole or in part; empty columns are left out."""
    text = pd.DataFrame(
        {"Place": methods["place"].map("{:.0f}".format), "Method": methods["method"]}
    )
    for score in (s for s in (*EXTERNAL, *ranking.WITHOUT_LABELS) if s in methods):
        text[title(score)] = _bounded(methods, score, f"{score}_low", f"{score}_high")
    text["Mean rank"] = methods["mean_rank"].map("{:.1f}".format)
    text["Stability"] = methods["stability"].map("{:.2f}".format)
    text["Noise"] = methods["noise"].where(methods["noise"] > 0).map("{:.2f}".format)
    text["Was told"], text["Health"] = methods["saw"], methods["health"]
    text = text.replace("nan", "")
    return text.loc[:, (text != "").any()].reset_index(drop=True)


def matrix(rows: pd.DataFrame, score: str) -> pd.DataFrame:
    """Lay out a score: one row per space and one column per algorithm."""
    cells = comparison.methods(rows).groupby(["space", "algorithm"], sort=False)[score]
    table = cells.agg(lambda values: _interval(values, ".3f")).unstack(sort=False).fillna("")
    table = table.rename(columns=lambda key: algorithm_name(key).title)
    return table.rename_axis(columns=None).rename_axis("Space").reset_index()


def noise(rows: pd.DataFrame) -> pd.DataFrame:
    """Lay out the share of tracks left out, by the algorithms that leave any out."""
    rows = comparison.methods(rows)
    leave = rows.groupby("algorithm")["noise_fraction"].transform("max") > 0
    return matrix(rows[leave], "noise_fraction") if leave.any() else pd.DataFrame({"Space": []})


def clusters(found: Sequence[Cluster], titles: Sequence[str]) -> pd.DataFrame:
    """Lay out `lib.inspection.clusters`, given the titles of all tracks; empty columns are out."""
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
    """Write what sets a cluster apart, as in ``tempo low (-1.2)``."""
    said = zip(features["name"], features["effect"], strict=True)
    return ", ".join(f"{name} {'high' if g > 0 else 'low'} ({g:+.1f})" for name, g in said)


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
    heads = {name: name[:1].upper() + name[1:] for name in text}  # AMI stays AMI
    return text.rename(columns=heads).rename_axis(index).reset_index()


def _interval(values: pd.Series, spec: str) -> str:
    value = interval(values)
    return "" if np.isnan(value.mean) else format(value, spec)


def _bounded(table: pd.DataFrame, *columns: str) -> list[str]:
    return [format(Interval(*row), ".3f") for row in table[[*columns]].itertuples(index=False)]


def _counted(verdicts: pd.Series) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in verdicts.value_counts().items())
