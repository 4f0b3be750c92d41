"""Which method is best: all methods in one table, by one score or by all, and how sure that is.

A method is a space under an algorithm. Methods are ranked by their agreement with the genres, and
only where none are known by the silhouette of their clusters in one shared space, the standardised
MFCC means. That silhouette can be compared between methods, but it favours those that were made of
these very features. The silhouette in a model's own space is no part of it at all, since it rises
as the model dies; neither are the other scores of geometry, which are taken in each space itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib.catalogue import EXTERNAL, REPRESENTATIONS, SCORES, Method
from lib.evaluation import health, statistics
from lib.evaluation.comparison import methods
from lib.evaluation.partition import mean_pairwise_ari
from lib.evaluation.resampling import Draws, half_samples

NOISE_ALLOWED = 0.05
WITHOUT_LABELS = ("silhouette_shared",)


def scores(rows: pd.DataFrame) -> list[str]:
    """Return the scores that have a vote: those against labels, or else `WITHOUT_LABELS`."""
    return list(EXTERNAL if rows[EXTERNAL[0]].notna().any() else WITHOUT_LABELS)


def by_score(rows: pd.DataFrame, score: str, by: Sequence[str] = ("method",)) -> pd.DataFrame:
    """Rank methods by one score, best first, of those that place all but a few tracks.

    A method that calls most tracks noise is judged on the others alone, and cannot be ranked with
    those that must place each. Columns: what makes a method (``by``), ``mean``, ``low``, ``high``;
    methods without the score, or with more than `NOISE_ALLOWED` of noise, are absent.
    """
    ranked = []
    for names, group in methods(rows).groupby(list(by), sort=False):
        value = statistics.interval(group[score])
        if group["noise_fraction"].mean() <= NOISE_ALLOWED and not np.isnan(value.mean):
            ranked.append([*names, value.mean, value.low, value.high])
    table = pd.DataFrame(ranked, columns=[*by, "mean", "low", "high"])
    lower = SCORES[score].lower_is_better
    return table.sort_values("mean", ascending=lower, kind="stable", ignore_index=True)


def table(
    rows: pd.DataFrame, partitions: Mapping[tuple[Method, int], np.ndarray] | None = None
) -> pd.DataFrame:
    """Return one row per method: its scores, its ranks, their mean, and its place, the best first.

    The overall score of a method is the mean of its ranks over `scores`: 1 would be the best in
    each. Equal scores share the mean of their ranks, and a score that is not defined ranks last.
    Those that ask for the genres are close kin; NMI and purity favour many clusters. Not ranked
    are methods that leave more than `NOISE_ALLOWED` of the tracks out as noise, since they are
    judged on easier tracks, and networks that were given the genre.

    Columns: ``method``, ``space``, ``algorithm``, ``representation``, ``beta``, ``saw`` (what it
    was given besides the features: nothing, ``language`` or ``genre``), ``noise``, ``health``,
    ``stability`` (without partitions NaN); each score with ``_low`` and ``_high``, and ``_rank``
    where it counts; ``mean_rank`` and ``place``.
    """
    known = scores(rows)
    stable = stability(partitions or {})
    found = []
    for method, group in methods(rows).groupby("method", sort=False):
        same = ["method", "space", "algorithm", "representation", "beta"]
        entry = group.iloc[0][same].to_dict()
        kind = REPRESENTATIONS.get(entry["representation"])
        entry |= {"saw": kind.conditioned_on if kind else ""}
        entry |= {"noise": group["noise_fraction"].mean(), "health": health.overall_status(group)}
        entry |= {"stability": stable.get(method, np.nan)}
        for score in dict.fromkeys((*known, *WITHOUT_LABELS)):
            value = statistics.interval(group[score])
            entry |= {score: value.mean, f"{score}_low": value.low, f"{score}_high": value.high}
        found.append(entry)
    table = pd.DataFrame(found)
    ranked = (table["noise"] <= NOISE_ALLOWED) & (table["saw"] != "genre")
    for score in known:
        worth = SCORES[score].sign * table.loc[ranked, score]
        table[f"{score}_rank"] = worth.fillna(-np.inf).rank(ascending=False)
    table["mean_rank"] = table[[f"{score}_rank" for score in known]].mean(axis=1)
    table["place"] = table["mean_rank"].rank(method="min")
    return table.sort_values("place", kind="stable", ignore_index=True)


def stability(partitions: Mapping[tuple[Method, int], np.ndarray]) -> pd.Series:
    """Return how alike the partitions of each method's seeds are: their mean pairwise ARI.

    Noise counts as one more cluster. Methods with one partition only, as of an algorithm without
    chance on a space without learning, are absent: nothing could vary.
    """
    found = {
        method: mean_pairwise_ari(of_seeds).mean()
        for method, of_seeds in _by_method(partitions).items()
        if len(of_seeds) > 1
    }
    return pd.Series(found, dtype=float)


def resample(
    table: pd.DataFrame,
    partitions: Mapping[tuple[Method, int], np.ndarray],
    truth: np.ndarray,
    shared: np.ndarray,
) -> dict[str, Draws]:
    """Put the ranked methods of a `table` to the test of other tracks and other seeds, by score.

    Give it few enough methods to be looked at one by one; see `lib.evaluation.resampling`.
    """
    by_method = _by_method(partitions)
    ranked = table.loc[table["place"].notna(), "method"]
    return half_samples({method: by_method[method] for method in ranked}, truth, shared)


def _by_method(partitions: Mapping[tuple[Method, int], np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Return the partitions of each method by title, in the order of their seeds."""
    found: dict[str, list[np.ndarray]] = {}
    for method, seed in sorted(partitions, key=lambda key: key[1]):
        found.setdefault(method.title, []).append(partitions[method, seed])
    return found
