"""What the verdict's tables show, said in words that are computed from the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown

from lib.catalogue import SCORES, algorithm
from lib.errors import Missing
from lib.evaluation import comparison, statistics
from lib.evaluation.resampling import AGAINST_LABELS, Draws
from lib.report.display import say

FEW = 6
"""Of more names than these, a sentence gives the first and the number of the others."""


def verdict(table: pd.DataFrame, draws: Mapping[str, Draws], headline: str) -> Markdown:
    """Say who wins, who is not ranked, who cannot be told apart, and who collapsed.

    Parameters
    ----------
    table : DataFrame
        As from `lib.evaluation.ranking.table`.
    draws : mapping of str to Draws
        Of some of its methods, as from `lib.evaluation.ranking.resample`.
    headline : str
        One of their scores.
    """
    own = draws[headline]
    some = table[table["method"].isin(own.names)]
    learned = some.loc[~some["health"].isin(["", "untrained"]), "method"].tolist()
    paragraphs = [
        winner(table, headline),
        unranked(table),
        apart(own, headline),
        against(own, headline, learned, "PCA"),
        collapse(table),
    ]
    return Markdown("\n\n".join(paragraph.data for paragraph in paragraphs))


def winner(table: pd.DataFrame, headline: str) -> Markdown:
    """Name the best method overall and by the headline score, and where PCA with k-means stands.

    Parameters
    ----------
    table : DataFrame
        As from `lib.evaluation.ranking.table`.
    headline : str
        One of its scores.
    """
    ranked = table[table["place"].notna()]
    best, top = ranked.iloc[0], ranked.loc[ranked[headline].idxmax()]
    known = sum(f"{score}_rank" in table for score in SCORES)
    over = f"the mean of its ranks over {known} scores" if known > 1 else "its only rank"
    parts = [
        f"The best of {len(ranked)} methods overall is {best['method']}, "
        f"with {best['mean_rank']:.1f} as {over}."
    ]
    name = _name(headline)
    if top["method"] != best["method"]:
        parts.append(f"By {name} alone it is {top['method']} ({_value(top, headline)}).")
    pca = ranked[ranked["method"] == "PCA"]
    if len(pca):
        place = f"PCA with k-means takes place {pca['place'].iloc[0]:.0f}"
        parts.append(f"{place} ({SCORES[headline].title} {_value(pca.iloc[0], headline)}).")
    parts.append("The best of so many is flattered by the choice itself.")
    return say(*parts)


def unranked(table: pd.DataFrame) -> Markdown:
    """Say which methods are scored and not ranked, and why.

    Parameters
    ----------
    table : DataFrame
        As from `lib.evaluation.ranking.table`.
    """
    out = table[table["place"].isna()]
    told, noisy = out[out["saw"] == "genre"], out[out["saw"] != "genre"]
    parts = []
    if len(noisy):
        counts = noisy["algorithm"].value_counts()
        listed = ", ".join(f"{n} under {algorithm(key).title}" for key, n in counts.items())
        parts.append(
            f"Scored and not ranked, since more than "
            f"{comparison.NOISE_ALLOWED:.0%} of the tracks are left out as noise: {len(noisy)} "
            f"({listed})."
        )
    if len(told):
        spaces = _listed(told["space"].unique())
        parts.append(f"Never ranked, since the model was told the genre: {spaces}.")
    return say(*(parts or ["Every method is ranked."]))


def leak(table: pd.DataFrame, headline: str) -> Markdown:
    """Set the model that was told the genre beside the plain one, under k-means.

    Parameters
    ----------
    table : DataFrame
        As from `lib.evaluation.ranking.table`.
    headline : str
        One of its scores.
    """
    kmeans = table[table["algorithm"] == "kmeans"].set_index("representation")
    if headline not in AGAINST_LABELS or not {"cvae_genre", "vae"} <= set(kmeans.index):
        return say("No model was told the genre here.")
    told, plain = kmeans.loc["cvae_genre"], kmeans.loc["vae"]
    gap = told[headline] - plain[headline]
    why = (
        "the answer that it was given"
        if gap > 0
        else "a code that need not carry what the decoder is told anyway"
    )
    return say(
        f"Told the genre, the model reaches {_name(headline)} {_value(told, headline)}, the "
        f"plain VAE {_value(plain, headline)}. The difference of {gap:+.3f} shows {why}, and "
        "nothing about music."
    )


def apart(draws: Draws, headline: str) -> Markdown:
    """Say which methods cannot be told from the best, on other tracks and with other seeds.

    Parameters
    ----------
    draws : Draws
        Of the headline score, as from `lib.evaluation.ranking.resample`.
    headline : str
        The score.
    """
    ranks, table = draws.ranks(), draws.differences()
    others = len(ranks) - 1
    if not others:
        return say("One method alone has no rank.")
    best = ranks["method"].iloc[0]
    own = table[(table["a"] == best) | (table["b"] == best)]
    close = np.where(own["a"] == best, own["b"], own["a"])[~own["clear"]]
    if not len(close):
        judgement = f"It is clear of all {others} others, all comparisons taken together."
    elif len(close) == others:
        judgement = f"It cannot be told from any of the {others} others: there is no clear winner."
    else:
        rest = others - len(close)
        judgement = f"It cannot be told from {_listed(close)}; of the other {rest} it is clear."
    return say(
        f"With tracks and seeds drawn anew, {best} is the first by {_name(headline)} in "
        f"{ranks['first'].iloc[0]:.0%} of the draws.",
        judgement,
        f"{table['clear'].sum()} of {len(table)} pairs of methods are clearly apart.",
    )


def against(draws: Draws, headline: str, a: Sequence[str], b: str) -> Markdown:
    """Say whether some methods beat another one, on other tracks and with other seeds.

    Parameters
    ----------
    draws : Draws
        Of the headline score, as from `lib.evaluation.ranking.resample`.
    headline : str
        The score.
    a : sequence of str
        Methods as tables call them, those of a family say; absent ones are passed over.
    b : str
        The method they are held against.
    """
    present = [name for name in a if name in draws.names and name != b]
    if b not in draws.names or not present:
        return say(f"There is nothing to hold against {b} here.")
    table = draws.differences([(name, b) for name in present])
    better, worse = (table[table["clear"] & (sign * table["mean"] > 0)] for sign in (1, -1))
    top = table.loc[table["mean"].idxmax()]
    gap = statistics.Interval(top["mean"], top["low"], top["high"])
    parts = [
        f"Of {len(present)} trained networks held against {b} by {_name(headline)}, clearly better "
        f"are {len(better)}, clearly worse {len(worse)}, beyond the luck of tracks and seeds.",
        f"The one most ahead, or least behind, is {top['a']} ({gap}).",
    ]
    if not len(better):
        parts.append(f"No trained network beats {b} for certain.")
    return say(*parts)


def stability(table: pd.DataFrame, headline: str) -> Markdown:
    """Say which methods agree with themselves from seed to seed, and whether that goes with score.

    Parameters
    ----------
    table : DataFrame
        As from `lib.evaluation.ranking.table`.
    headline : str
        One of its scores.
    """
    ranked = table[table["place"].notna()]
    varied = ranked[ranked["stability"].notna()]
    if len(varied) < 3:
        return say("Too few methods vary with the seed to speak of their stability.")
    most = varied.loc[varied["stability"].idxmax()]
    least = varied.loc[varied["stability"].idxmin()]
    parts = [
        f"The seeds of {most['method']} agree most (ARI {most['stability']:.2f} between them), "
        f"those of {least['method']} least ({least['stability']:.2f})."
    ]
    together = varied["stability"].corr(varied[headline], method="spearman")
    if not np.isnan(together):
        parts.append(
            f"Over {len(varied)} methods, stability and {_name(headline)} have a rank "
            f"correlation of {together:+.2f}; methods share spaces and tracks, so no test goes "
            "with it."
        )
    fixed = len(ranked) - len(varied)
    if fixed:
        parts.append(f"Methods with nothing that could vary: {fixed}.")
    return say(*parts)


def collapse(table: pd.DataFrame) -> Markdown:
    """Name the spaces whose models collapsed or diverged, all of them or some of their seeds.

    Parameters
    ----------
    table : DataFrame
        As from `lib.evaluation.ranking.table`.
    """
    health = table.drop_duplicates("space").set_index("space")["health"]
    learned = health[~health.isin(["", "untrained"])]
    if not len(learned):
        return say("No model was trained here.")
    ill = learned[learned.str.contains("collapsed|diverged")]
    if not len(ill):
        return say(f"None of the {len(learned)} trained models collapsed or diverged.")
    listed = "; ".join(f"{space} ({verdict})" for space, verdict in ill.items())
    return say(
        f"{len(ill)} of {len(learned)} trained models did not stay alive with every seed: {listed}."
        " Whatever their geometry scores, there is little of the tracks behind it."
    )


def betas(table: pd.DataFrame, headline: str) -> Markdown:
    """Name the best beta by the headline, without labels, and by the silhouette that misleads.

    Parameters
    ----------
    table : DataFrame
        As from `lib.evaluation.ranking.betas`.
    headline : str
        One of its scores.
    """
    if len(table) < 2:
        return say("With fewer than two betas there is none to choose.")
    best = table.loc[table[headline].idxmax()]
    name = _name(headline)
    parts = [
        f"By {name} the best of {len(table)} betas is {best['beta']:g} ({best[headline]:.3f})."
    ]
    if best["beta"] == 1:
        clear = [f"{beta:g}" for beta in table.loc[table["clear"].eq(True), "beta"]]
        parts.append(f"It is clear of {_listed(clear)}." if clear else "It is clear of no other.")
    elif not np.isnan(best["difference"]):
        gap = statistics.Interval(best["difference"], best["low"], best["high"])
        judged = "beyond the luck of the seeds" if best["clear"] else "inside the noise"
        parts.append(f"Its difference from beta 1, {gap}, is {judged}.")
    if headline != "silhouette_shared":
        free = table.loc[table["silhouette_shared"].idxmax()]
        same = "as well" if free["beta"] == best["beta"] else f"({name} {free[headline]:.3f})"
        parts.append(
            f"The shared silhouette, which needs no labels, chooses {free['beta']:g} {same}."
        )
    own = table.loc[table["silhouette"].idxmax()]
    ill = ", where models collapsed" if "collapsed" in own["health"] else ""
    parts.append(f"The silhouette in the model's own space would choose {own['beta']:g}{ill}.")
    return say(*parts)


def disentanglement(table: pd.DataFrame) -> Markdown | None:
    """Say whether more disentangled codes cluster better, over the betas of the sweep.

    Parameters
    ----------
    table : DataFrame
        As from `lib.evaluation.ranking.disentanglement`.
    """
    if isinstance(table, Missing):
        return None
    known = table[table["mean"].notna()]
    if not len(known):
        return say("Whether disentanglement helps clustering cannot be said here.")
    parts = [
        f"Rank correlations with {_name(known['score'].iloc[0])} over the betas, means over seeds "
        f"with 95% intervals: {_correlations(known)}."
    ]
    for sign, word in ((1, "better"), (-1, "worse")):
        moved = known.loc[known["clear"] & (sign * known["mean"] > 0), "measure"]
        if len(moved):
            is_or_are = "is" if len(moved) == 1 else "are"
            names = _listed(map(_measure, moved))
            parts.append(f"Where {names} {is_or_are} higher, clusters are {word}.")
    if not known["clear"].any():
        parts.append("Taken together, none is clear of zero: no benefit is shown.")
    if collapsed := table["collapsed"].iloc[0]:
        left = known[known["alive_mean"].notna()]
        dead = f"{collapsed} networks that have" if collapsed > 1 else "one network that has"
        without = f"Without the {dead} collapsed, "
        if len(left):
            clear = "some" if left["alive_clear"].any() else "none"
            said = f"they are {_correlations(left, 'alive_')}, {clear} of them clear of zero."
            parts.append(f"{without}{said}")
        else:
            parts.append(f"{without}too few betas are left: most of this may be collapse alone.")
    return say(*parts, "Beta moves both, so neither need cause the other.")


def _correlations(table: pd.DataFrame, prefix: str = "") -> str:
    """List the mean correlation of each measure with its interval."""
    said = []
    bounds = table[[f"{prefix}{name}" for name in ("mean", "low", "high")]].to_numpy(float)
    for measure, (mean, low, high) in zip(table["measure"], bounds, strict=True):
        interval = "" if np.isnan(low) else f" ({low:+.2f} to {high:+.2f})"
        said.append(f"{_measure(measure)} {mean:+.2f}{interval}")
    return ", ".join(said)


def _value(row: pd.Series, score: str) -> str:
    return f"{statistics.Interval(row[score], row[f'{score}_low'], row[f'{score}_high'])}"


def _listed(names: Iterable[str]) -> str:
    """List names as a sentence does; of very many, the first and the number of the others."""
    names = list(names)
    if len(names) > FEW:
        names = [*names[: FEW - 2], f"{len(names) - FEW + 2} others"]
    mark = "; " if any("," in name for name in names) else ", "
    return " and ".join([mark.join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _measure(name: str) -> str:
    return name.upper() if len(name) == 3 else name


def _name(score: str) -> str:
    name = SCORES[score].noun
    return name if name.isupper() else f"the {name}"
