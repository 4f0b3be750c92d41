"""Methods compared: which space, which algorithm, what words add, what a space knows.

Everything here reads tidy rows (see `lib.report.results`) or arrays and gives a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_mutual_info_score

from lib.catalogue import algorithm, with_titles
from lib.evaluation import probes, statistics

NOISE_ALLOWED = 0.05


def partitions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of real partitions: not those of random labels or of the genres."""
    return with_titles(rows[~rows["algorithm"].isin(["random", "genres"])])


def each_once(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out the sweep at beta 1 where the VAE, which is the same, has rows of its own."""
    if "vae" not in set(rows["representation"]):
        return rows
    return rows[(rows["representation"] != "beta_vae") | (rows["beta"] != 1)]


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of real partitions, with algorithms called as tables call them."""
    rows = partitions(rows)
    return rows.assign(algorithm=[algorithm(key).title for key in rows["algorithm"]])


def matrix(rows: pd.DataFrame, score: str) -> pd.DataFrame:
    """Return a score for each space and algorithm, as mean ± half of its 95% interval.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows.
    score : str
        One of their columns.

    Returns
    -------
    DataFrame
        Of text, a row a space and a column an algorithm, with the spaces in a column of their own.
    """
    rows = partitions(rows)
    table = rows.groupby(["space", "algorithm"], sort=False)[score].agg(
        lambda values: format(statistics.interval(values), ".3f")
    )
    table = table.unstack(sort=False).rename(columns=lambda key: algorithm(key).title)
    table = table.replace("nan", "").fillna("")  # VaDE alone has a mixture of its own
    return table.rename_axis(columns=None).rename_axis("Space").reset_index()


def means(rows: pd.DataFrame, score: str) -> pd.DataFrame:
    """Return a score's mean for each space (down) and algorithm (across), as numbers."""
    table = partitions(rows).groupby(["space", "algorithm"], sort=False)[score].mean()
    return table.unstack(sort=False).rename(columns=lambda key: algorithm(key).title)


def ranking(rows: pd.DataFrame, score: str, by: Sequence[str] = ("method",)) -> pd.DataFrame:
    """Rank methods by a score, best first, of those that place all but a few tracks.

    A method that calls most tracks noise is judged on the others alone, and cannot be ranked with
    those that must place each.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows.
    score : str
        One of their columns, where more is better.
    by : sequence of str
        What makes a method: columns of the rows, ``space`` or ``method``.

    Returns
    -------
    DataFrame
        ``by``, ``mean``, ``low``, ``high``; methods without the score, or with more than
        `NOISE_ALLOWED` of the tracks left out as noise, are absent.
    """
    ranked = []
    for names, group in partitions(rows).groupby(list(by), sort=False):
        value = statistics.interval(group[score])
        if group["noise_fraction"].mean() <= NOISE_ALLOWED and not np.isnan(value.mean):
            bounds = {"mean": value.mean, "low": value.low, "high": value.high}
            ranked.append(dict(zip(by, names, strict=True)) | bounds)
    table = pd.DataFrame(ranked, columns=[*by, "mean", "low", "high"])
    return table.sort_values("mean", ascending=False, kind="stable", ignore_index=True)


def differences(
    rows: pd.DataFrame, score: str, pairs: Mapping[str, tuple[str, str]]
) -> pd.DataFrame:
    """Compare pairs of spaces seed by seed, under each algorithm.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows.
    score : str
        One of their columns.
    pairs : mapping of str to (str, str)
        By name, two spaces as tables call them: the first minus the second is compared.

    Returns
    -------
    DataFrame
        ``pair``, ``algorithm``, both as one ``name``; ``mean``, ``low`` and ``high`` of the
        difference, its ``p``, whether it is ``clear``, and its ``verdict``: see
        `lib.evaluation.statistics.Difference`. All comparisons are corrected together.
    """
    table = partitions(rows).pivot_table(score, "seed", ["space", "algorithm"], dropna=False)
    compared = {}
    for name, (a, b) in pairs.items():
        for key in rows["algorithm"].unique():
            if (a, key) in table and (b, key) in table:
                found = statistics.compare(table[a, key], table[b, key])
                if found.n_seeds:
                    compared[name, algorithm(key).title] = found
    corrected = statistics.correct(compared.values())
    found = [
        (*key, ", ".join(key), d.mean, d.low, d.high, d.p, d.clear, d.verdict)
        for key, d in zip(compared, corrected, strict=True)
    ]
    columns = ["pair", "algorithm", "name", "mean", "low", "high", "p", "clear", "verdict"]
    return pd.DataFrame(found, columns=columns).astype({"clear": bool})


def noise(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the share of tracks left out as noise, for the methods that leave any out.

    Returns
    -------
    DataFrame
        As `matrix`: a row a space and a column an algorithm, without those that place each track.
    """
    rows = partitions(rows)
    leave = rows.groupby("algorithm")["noise_fraction"].transform("max") > 0
    return matrix(rows[leave], "noise_fraction") if leave.any() else pd.DataFrame({"Space": []})


def kept_together(truth: np.ndarray, partitions: Sequence[np.ndarray]) -> pd.Series:
    """Return for each genre the share of it that its best cluster holds, over partitions.

    Parameters
    ----------
    truth : ndarray of str, (n_tracks,)
        The genres.
    partitions : sequence of ndarray of int, (n_tracks,)
        One partition a seed.

    Returns
    -------
    Series
        By genre, the mean over partitions, between 1 / n_clusters and 1.
    """
    shares = []
    for labels in partitions:
        table = pd.crosstab(truth[truth != ""], labels[truth != ""])
        shares.append(table.max(axis=1) / table.sum(axis=1))
    return pd.concat(shares, axis=1).mean(axis=1)


def ami_by_attribute(
    partitions: Mapping[str, Sequence[np.ndarray]], attributes: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Measure whether clusters follow the genre or the language.

    Parameters
    ----------
    partitions : mapping of str to sequence of ndarray of int, (n_tracks,)
        By the title of a space, one partition per seed; -1 is noise.
    attributes : mapping of str to ndarray of str, (n_tracks,)
        Of the tracks: ``genre`` and ``language``, empty where unknown.

    Returns
    -------
    DataFrame
        AMI with each attribute of which two values are known, means over seeds, one row per space;
        over the tracks whose language is known, and empty where fewer than two languages are.
    """
    known = {name: values for name, values in attributes.items() if len(set(values) - {""}) > 1}
    if "language" not in known:
        return pd.DataFrame()
    table = {}
    for title, of_space in partitions.items():
        scores = []
        for labels in of_space:
            kept = (known["language"] != "") & (labels >= 0)
            pairs = {name: (values[kept], labels[kept]) for name, values in known.items()}
            scores.append({n: adjusted_mutual_info_score(*pair) for n, pair in pairs.items()})
        table[title] = pd.DataFrame(scores).mean()
    return pd.DataFrame(table).T


def knowledge(spaces: Mapping[str, np.ndarray], facts: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Probe what each space knows of each fact.

    Parameters
    ----------
    spaces : mapping of str to ndarray, (n_members, n_tracks, n_dims)
        Spaces by name; for learned ones a member a seed.
    facts : mapping of str to ndarray of str, (n_tracks,)
        The genre, the language... of each track, empty where unknown.

    Returns
    -------
    DataFrame
        Balanced accuracy of a linear probe, the mean over members, a row a space and a column a
        fact; facts of which fewer than two values are known are left out. The last row is chance,
        one over the number of values.
    """
    table = {
        name: {
            fact: np.mean([probes.linear(points, labels) for points in members])
            for fact, labels in facts.items()
        }
        for name, members in spaces.items()
    }
    first = next(iter(spaces.values()))[0]
    table["chance"] = {fact: probes.chance(first, labels) for fact, labels in facts.items()}
    return pd.DataFrame(table).T.dropna(axis=1, how="all")
