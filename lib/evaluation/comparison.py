"""Is one method better than another? Tidy rows in, tables of differences out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lib.catalogue import REPRESENTATIONS, Method, algorithm_name, title, with_titles
from lib.evaluation import health, statistics


def methods(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of methods, with titles: not those of random labels or of the genres."""
    return with_titles(rows[~rows["algorithm"].isin(["random", "genres"])])


def each_once(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out the sweep at beta 1 where the VAE, which is the same, has rows of its own."""
    if "vae" not in set(rows["representation"]):
        return rows
    return rows[(rows["representation"] != "beta_vae") | (rows["beta"] != 1)]


def means(rows: pd.DataFrame, score: str) -> pd.DataFrame:
    """Return a score's mean for each space (down) and algorithm (across)."""
    table = methods(rows).groupby(["space", "algorithm"], sort=False)[score].mean()
    return table.unstack(sort=False).rename(columns=lambda key: algorithm_name(key).title)


def differences(
    rows: pd.DataFrame, score: str, pairs: Mapping[str, tuple[str, str]]
) -> pd.DataFrame:
    """Compare pairs of spaces seed by seed, the first minus the second, under each algorithm.

    Spaces go by title. Columns: ``pair``, ``algorithm``, both as one ``name``; ``mean``, ``low``
    and ``high`` of the difference, its ``p``, whether it is ``clear``, and its ``verdict``: see
    `lib.evaluation.Difference`. All comparisons are corrected together.
    """
    table = methods(rows).pivot_table(score, "seed", ["space", "algorithm"], dropna=False)
    compared = {}
    for name, (a, b) in pairs.items():
        for key in rows["algorithm"].unique():
            if (a, key) in table and (b, key) in table:
                found = statistics.compare(table[a, key], table[b, key])
                if found.n_seeds:
                    compared[name, algorithm_name(key).title] = found
    found = [
        (*key, ", ".join(key), d.mean, d.low, d.high, d.p, d.clear, d.verdict)
        for key, d in zip(compared, statistics.correct(compared.values()), strict=True)
    ]
    columns = ["pair", "algorithm", "name", "mean", "low", "high", "p", "clear", "verdict"]
    return pd.DataFrame(found, columns=columns).astype({"clear": bool})


def with_words(rows: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return which spaces of `differences` to compare to learn what words add."""
    present = set(rows["representation"])
    kinds = [kind for kind in REPRESENTATIONS.values() if {kind.key, kind.without_words} <= present]
    pairs = [(kind.title, title(kind.without_words)) for kind in kinds]
    return {f"{both} − {sound}": (both, sound) for both, sound in pairs}


def betas(rows: pd.DataFrame, headline: str) -> pd.DataFrame:
    """Return one row for each beta of the sweep under k-means, compared with beta 1.

    Columns: ``beta``, ``space``; the means of the headline, of ``silhouette_shared`` and of the
    ``silhouette`` in the model's own space; ``health``; ``difference`` of the headline from beta 1
    with ``low``, ``high``, its ``verdict`` and whether it is ``clear`` (paired by seed, corrected
    for the number of betas); NaN for beta 1 itself, and where it is not in the sweep.
    """
    sweep = methods(rows[rows["representation"] == "beta_vae"])
    sweep = sweep[sweep["algorithm"] == "kmeans"].sort_values("beta", kind="stable")
    if not len(sweep):
        return pd.DataFrame()
    columns = list(dict.fromkeys([headline, "silhouette_shared", "silhouette"]))
    found = sweep.groupby(["beta", "space"])[columns].mean().reset_index()
    found["health"] = [health.overall_status(group) for _, group in sweep.groupby("beta")]
    one = Method("beta_vae", beta=1).space
    pairs = {space: (space, one) for space in found["space"] if space != one}
    against = differences(sweep, headline, pairs).set_index("pair")
    against = against[["mean", "low", "high", "clear", "verdict"]]
    return found.join(against.rename(columns={"mean": "difference"}), on="space")
