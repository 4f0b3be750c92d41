"""The verdict: all methods in one table, what is behind their ranks, and what each idea bought.

A method is a space under an algorithm. Methods are ranked by their agreement with the genres, and
only where none are known by the silhouette of their clusters in one shared space, the standardised
MFCC means. That silhouette can be compared between methods, but it favours those that were made of
these very features. The silhouette in a model's own space is no part of it at all, since it rises
as the model dies; neither are the other scores of geometry, which are taken in each space itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from lib.catalogue import Method, title
from lib.errors import unless_missing
from lib.evaluation import comparison, health, statistics
from lib.evaluation.resampling import Draws, half_samples
from lib.report import results

OVERALL = ("ami", "ari", "nmi", "purity")
WITHOUT_LABELS = ("silhouette_shared",)
SAW = {"cvae": "language", "cvae_genre": "genre"}
"""What a model was told of each track besides its features; every other one was told nothing."""
WITH_WORDS = {
    "hybrid_tfidf": "raw",
    "hybrid_sbert": "raw",
    "multimodal_vae": "vae",
    "multimodal_poe": "vae",
}
"""The spaces of sound and words, and the one that has the sound of each alone."""


def scores(rows: pd.DataFrame) -> list[str]:
    """Return the scores that make up the overall score: `OVERALL`, or else `WITHOUT_LABELS`."""
    return list(OVERALL if rows[OVERALL[0]].notna().any() else WITHOUT_LABELS)


def table(
    rows: pd.DataFrame, labels: Mapping[tuple[Method, int], np.ndarray] | None = None
) -> pd.DataFrame:
    """Return one row a method: its scores, its ranks, their mean, and its place.

    The overall score of a method is the mean of its ranks over `scores`: 1 would be the best in
    each. Equal scores share the mean of their ranks, and a score that is not defined ranks last.
    The four that ask for the genres are close kin; NMI and purity favour many clusters. Not ranked,
    and without an overall score, are methods that leave more than `comparison.NOISE_ALLOWED` of the
    tracks out as noise, since they are judged on easier tracks, and models that were told the
    genre.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows of `lib.report.results`.
    labels : mapping of (Method, int) to ndarray of int, optional
        The partitions; without them there is no stability.

    Returns
    -------
    DataFrame
        ``method``, ``space``, ``algorithm``, ``representation``, ``beta``, ``saw`` (what it was
        told: nothing, ``language`` or ``genre``), ``noise``, ``health``, ``stability``; each score
        with ``_low`` and ``_high``, and ``_rank`` where it counts; ``mean_rank``, the overall
        score, and ``place``. The best first, those not ranked last.
    """
    known = scores(rows)
    stable = stability(labels or {})
    found = []
    for method, group in comparison.partitions(rows).groupby("method", sort=False):
        first = group.iloc[0]
        entry = {"method": method, "space": first["space"], "algorithm": first["algorithm"]}
        entry |= {"representation": first["representation"], "beta": first["beta"]}
        entry |= {"saw": SAW.get(first["representation"], "")}
        entry |= {"noise": group["noise_fraction"].mean(), "health": results.judge(group)}
        entry |= {"stability": stable.get(method, np.nan)}
        for score in dict.fromkeys((*known, *WITHOUT_LABELS)):
            value = statistics.interval(group[score])
            entry |= {score: value.mean, f"{score}_low": value.low, f"{score}_high": value.high}
        found.append(entry)
    table = pd.DataFrame(found)
    ranked = (table["noise"] <= comparison.NOISE_ALLOWED) & (table["saw"] != "genre")
    for score in known:
        table[f"{score}_rank"] = table.loc[ranked, score].fillna(-np.inf).rank(ascending=False)
    table["mean_rank"] = table[[f"{score}_rank" for score in known]].mean(axis=1)
    table["place"] = table["mean_rank"].rank(method="min")
    return table.sort_values("place", kind="stable", ignore_index=True)


def written(table: pd.DataFrame) -> pd.DataFrame:
    """Return the methods that have a place, as ``verdict.csv`` holds them."""
    return table[table["place"].notna()]


def layout(table: pd.DataFrame) -> pd.DataFrame:
    """Lay out the verdict's table for reading: each score as mean ± half its 95% interval.

    Parameters
    ----------
    table : DataFrame
        As from `table`, whole or in part.

    Returns
    -------
    DataFrame
        Of text; columns that are empty throughout are left out.
    """
    text = pd.DataFrame({"Place": _written(table["place"], ".0f"), "Method": table["method"]})
    for score in (score for score in (*OVERALL, *WITHOUT_LABELS) if score in table):
        bounds = table[[score, f"{score}_low", f"{score}_high"]].itertuples(index=False)
        text[title(score)] = [format(statistics.Interval(*each), ".3f") for each in bounds]
    text["Mean rank"] = _written(table["mean_rank"], ".1f")
    text["Stability"] = _written(table["stability"], ".2f")
    text["Noise"] = _written(table["noise"].where(table["noise"] > 0), ".2f")
    text["Was told"], text["Health"] = table["saw"], table["health"]
    text = text.replace("nan", "")
    return text.loc[:, (text != "").any()].reset_index(drop=True)


def _written(values: pd.Series, spec: str) -> pd.Series:
    return values.map(lambda value: format(value, spec))


def stability(labels: Mapping[tuple[Method, int], np.ndarray]) -> pd.Series:
    """Return how alike the partitions of each method's seeds are: their mean pairwise ARI.

    Parameters
    ----------
    labels : mapping of (Method, int) to ndarray of int
        The partitions; noise counts as one more cluster.

    Returns
    -------
    Series
        By method, 1 where all seeds agree. Methods with one partition only, as of an algorithm
        without chance on a space without learning, are absent: nothing could vary.
    """
    found = {}
    for method, partitions in _by_method(labels).items():
        pairs = list(combinations(partitions, 2))
        if pairs:
            found[method] = np.mean([adjusted_rand_score(*pair) for pair in pairs])
    return pd.Series(found, dtype=float)


def _by_method(labels: Mapping[tuple[Method, int], np.ndarray]) -> dict[str, list[np.ndarray]]:
    """Return the partitions of each method, in the order of their seeds."""
    found: dict[str, list[np.ndarray]] = {}
    for method, seed in sorted(labels, key=lambda key: key[1]):
        found.setdefault(method.title, []).append(labels[method, seed])
    return found


def resample(
    table: pd.DataFrame,
    labels: Mapping[tuple[Method, int], np.ndarray],
    truth: np.ndarray,
    shared: np.ndarray,
    n_draws: int = 1000,
) -> dict[str, Draws]:
    """Put the ranked methods of a table to the test of other tracks and other seeds.

    Parameters
    ----------
    table : DataFrame
        As from `table`, whole or in part: few enough methods to be looked at one by one.
    labels : mapping of (Method, int) to ndarray of int
        The partitions.
    truth : ndarray of str, (n_tracks,)
        The genre of each track; empty where unknown.
    shared : ndarray, (n_tracks, n_features)
        The standardised input.
    n_draws : int
        How many draws.

    Returns
    -------
    dict of str to Draws
        By score: see `lib.evaluation.resampling`.
    """
    partitions = _by_method(labels)
    ranked = table.loc[table["place"].notna(), "method"]
    return half_samples({name: partitions[name] for name in ranked}, truth, shared, n_draws)


def betas(rows: pd.DataFrame, headline: str) -> pd.DataFrame:
    """Return one row for each beta of the sweep under k-means, compared with beta 1.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows.
    headline : str
        One of their columns.

    Returns
    -------
    DataFrame
        ``beta``, ``space``; the means of the headline, of ``silhouette_shared`` and of the
        ``silhouette`` in the model's own space; ``health``; ``difference`` of the headline from
        beta 1 with ``low``, ``high``, its ``verdict`` and whether it is ``clear`` (paired by
        seed, adjusted by Holm for the number of betas); NaN for beta 1 itself, and where it is
        not in the sweep.
    """
    sweep = comparison.partitions(rows[rows["representation"] == "beta_vae"])
    sweep = sweep[sweep["algorithm"] == "kmeans"].sort_values("beta", kind="stable")
    if not len(sweep):
        return pd.DataFrame()
    columns = list(dict.fromkeys([headline, "silhouette_shared", "silhouette"]))
    found = sweep.groupby(["beta", "space"])[columns].mean().reset_index()
    found["health"] = [results.judge(group) for _, group in sweep.groupby("beta")]
    one = "VAE, beta 1"
    pairs = {space: (space, one) for space in found["space"] if space != one}
    against = comparison.differences(sweep, headline, pairs).set_index("pair")
    against = against[["mean", "low", "high", "clear", "verdict"]]
    return found.join(against.rename(columns={"mean": "difference"}), on="space")


def with_words(rows: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return which spaces of `comparison.differences` to compare to learn what words add."""
    names = {r: title(r) for r in rows["representation"].unique()}
    return {
        f"{names[both]} − {names[sound]}": (names[both], names[sound])
        for both, sound in WITH_WORDS.items()
        if both in names and sound in names
    }


@unless_missing
def disentanglement(measures: pd.DataFrame, rows: pd.DataFrame, score: str) -> pd.DataFrame:
    """Ask whether disentanglement goes with a score over the betas of a sweep.

    Members of one beta are no independent witnesses of what beta does, and betas are few; so each
    seed is asked for itself: the rank correlation over its betas, and then the mean over seeds. It
    tells what goes together as beta changes, not what causes what. Measure and score are of two
    networks of one beta and seed, that of the clips with known factors and that of the corpus. One
    that collapses has little of either, and both do as beta grows; so the same is asked again
    without the pairs of which one has (`lib.evaluation.health.verdict`).

    Parameters
    ----------
    measures : DataFrame
        ``beta``, ``seed``, and a column of numbers for each measure; ``health``, the verdict on the
        network that is measured, where that is known.
    rows : DataFrame
        Tidy rows.
    score : str
        One of their columns.

    Returns
    -------
    DataFrame
        ``measure``, ``score``; ``mean``, ``low`` and ``high`` of Spearman's correlation over seeds,
        and whether it is ``clear`` of zero (t-test, or where all seeds have the same correlation
        the chance that independent orders have; adjusted by Holm for the number of measures).
        Measures and scores that do not vary have none. Then the same, ``alive_mean`` and so on,
        over the seeds that have three networks or more that have not collapsed, and over these
        networks alone; and how many have ``collapsed``.
    """
    kmeans = rows[(rows["representation"] == "beta_vae") & (rows["algorithm"] == "kmeans")]
    keys = {"beta": float, "seed": int}
    known = kmeans[[*keys, score, "r2", "kl", "active_units"]].astype(keys)
    both = measures.astype(keys).merge(known, on=list(keys))
    judged = [health.verdict(m.r2, m.kl, m.active_units) for m in both.itertuples()]
    dead = np.array(judged) == "collapsed"
    if "health" in both:
        dead |= (both["health"] == "collapsed").to_numpy()
    alive = both[~dead]
    alive = alive[alive.groupby("seed")["beta"].transform("size") >= 3]
    names = measures.columns.drop([*keys, "space", "health"], errors="ignore")
    again = _correlations(alive, names, score)[["mean", "low", "high", "clear"]]
    table = _correlations(both, names, score).join(again.add_prefix("alive_"))
    return table.assign(collapsed=dead.sum())


def _correlations(both: pd.DataFrame, measures: Sequence[str], score: str) -> pd.DataFrame:
    """Correlate each measure with the score over the betas of each seed."""
    found = []
    for measure in measures:
        orders = [
            stats.zscore(stats.rankdata(pair, axis=0))
            for _, pair in both.dropna(subset=[measure, score]).groupby("seed")[[measure, score]]
            if pair.nunique().min() > 1
        ]
        varied = [np.mean(order[:, 0] * order[:, 1]) for order in orders]
        value = statistics.compare(varied, np.zeros(len(varied)))
        bounds = np.clip([value.low, value.high], -1, 1)
        all_agree = value.fixed and len(varied) > 1  # t has no spread to go by
        p = _by_chance(orders) if all_agree else value.p
        found.append([measure, score, value.mean, *bounds, p])
    table = pd.DataFrame(found, columns=["measure", "score", "mean", "low", "high", "p"])
    return table.assign(clear=statistics.holm(table["p"]) < 0.05)


def _by_chance(orders: list[np.ndarray], n_draws: int = 9999) -> float:
    """Return how likely so large a mean correlation is if one order says nothing of the other.

    Parameters
    ----------
    orders : list of ndarray, (n, 2)
        Two standardised variables for each seed; the second is permuted within the seed.
    n_draws : int
        How many permutations.
    """
    rng = np.random.default_rng(0)
    found = np.mean([np.mean(order[:, 0] * order[:, 1]) for order in orders])
    drawn = np.zeros(n_draws)
    for first, second in (order.T for order in orders):
        shuffled = rng.permuted(np.tile(second, (n_draws, 1)), axis=1)
        drawn += shuffled @ first / len(first) / len(orders)
    return float((1 + np.sum(np.abs(drawn) >= abs(found) - 1e-9)) / (1 + n_draws))
