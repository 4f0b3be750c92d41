"""Methods ranked: who wins, who cannot be told apart, who is not ranked and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown

from lib.catalogue import EXTERNAL, SCORES, algorithm_name, title
from lib.evaluation import Draws, Interval, ranking
from lib.report.display import say
from lib.report.wording import JUDGED, bounded, listed, number, the


def best(table: pd.DataFrame, score: str) -> Markdown:
    """Name the best method, and how many cannot be told from it by their intervals."""
    if not len(table):
        return say(f"Without labels there is no {title(score)} to rank methods by.")
    first = table.iloc[0]
    value = Interval(first["mean"], first["low"], first["high"])
    head = (
        f"By {SCORES[score].noun} the best of {len(table)} methods is {first['method']} ({value})"
    )
    if np.isnan(first["low"]):
        return say(f"{head}; one seed cannot tell whether it is better than the next.")
    close = int((table["high"].fillna(table["mean"]) >= first["low"]).sum()) - 1
    return say(
        f"{head}; the intervals of {number(close)} other{'s' * (close != 1)} reach into its own. "
        "The best of so many is flattered by the choice itself."
    )


def verdict(table: pd.DataFrame, draws: Mapping[str, Draws], headline: str) -> Markdown:
    """Say who wins, who is not ranked, who cannot be told apart, and who collapsed."""
    own = draws[headline]
    some = table[table["method"].isin(own.names)]
    learned = some.loc[~some["health"].isin(["", "untrained"]), "method"].tolist()
    paragraphs = [
        _winner(table, headline),
        _unranked(table),
        _apart(own, headline),
        _against(own, headline, learned, "PCA"),
        _collapse(table),
    ]
    return say("\n\n".join(paragraphs))


def _winner(table: pd.DataFrame, headline: str) -> str:
    """Name the best method overall and by the headline score, and where PCA with k-means stands."""
    ranked = table[table["place"].notna()]
    best, top = ranked.iloc[0], ranked.loc[ranked[headline].idxmax()]
    known = sum(f"{score}_rank" in table for score in SCORES)
    over = f"the mean of its ranks over {known} scores" if known > 1 else "its only rank"
    parts = [
        f"The best of {len(ranked)} methods overall is {best['method']}, "
        f"with {best['mean_rank']:.1f} as {over}."
    ]
    name = the(headline)
    if top["method"] != best["method"]:
        parts.append(f"By {name} alone it is {top['method']} ({bounded(top, headline)}).")
    pca = ranked[ranked["method"] == "PCA"]
    if len(pca):
        place = f"PCA with k-means takes place {pca['place'].iloc[0]:.0f}"
        parts.append(f"{place} ({title(headline)} {bounded(pca.iloc[0], headline)}).")
    parts.append("The best of so many is flattered by the choice itself.")
    return " ".join(parts)


def _unranked(table: pd.DataFrame) -> str:
    """Say which methods are scored and not ranked, and why."""
    out = table[table["place"].isna()]
    told, noisy = out[out["saw"] == "genre"], out[out["saw"] != "genre"]
    parts = []
    if len(noisy):
        counts = noisy["algorithm"].value_counts()
        under = ", ".join(f"{n} under {algorithm_name(key).title}" for key, n in counts.items())
        parts.append(
            f"Scored and not ranked, since more than {ranking.NOISE_ALLOWED:.0%} of the tracks "
            f"are left out as noise: {len(noisy)} ({under})."
        )
    if len(told):
        spaces = listed(told["space"].unique(), few=True)
        parts.append(f"Never ranked, since the model was told the genre: {spaces}.")
    return " ".join(parts) or "Every method is ranked."


def leak(table: pd.DataFrame, headline: str) -> Markdown:
    """Set the model that was told the genre beside the plain one, under k-means."""
    kmeans = table[table["algorithm"] == "kmeans"].set_index("representation")
    if headline not in EXTERNAL or not {"cvae_genre", "vae"} <= set(kmeans.index):
        return say("No model was told the genre here.")
    told, plain = kmeans.loc["cvae_genre"], kmeans.loc["vae"]
    gap, why = told[headline] - plain[headline], "the answer that it was given"
    if gap <= 0:
        why = "a code that need not carry what the decoder is told anyway"
    return say(
        f"Told the genre, the model reaches {the(headline)} {bounded(told, headline)}, the "
        f"plain VAE {bounded(plain, headline)}. The difference of {gap:+.3f} shows {why}, and "
        "nothing about music."
    )


def _apart(draws: Draws, headline: str) -> str:
    """Say which methods cannot be told from the best, on other tracks and with other seeds."""
    ranks, table = draws.ranks(), draws.differences()
    others = len(ranks) - 1
    if not others:
        return "One method alone has no rank."
    best = ranks["method"].iloc[0]
    own = table[(table["a"] == best) | (table["b"] == best)]
    close = np.where(own["a"] == best, own["b"], own["a"])[~own["clear"]]
    if not len(close):
        judgement = f"It is clear of all {others} others, all comparisons taken together."
    elif len(close) == others:
        judgement = f"It cannot be told from any of the {others} others: there is no clear winner."
    else:
        rest = others - len(close)
        alike = listed(close, few=True)
        judgement = f"It cannot be told from {alike}; of the other {rest} it is clear."
    return (
        f"With tracks and seeds drawn anew, {best} is the first by {the(headline)} in "
        f"{ranks['first'].iloc[0]:.0%} of the draws. {judgement} "
        f"{table['clear'].sum()} of {len(table)} pairs of methods are clearly apart."
    )


def _against(draws: Draws, headline: str, a: Sequence[str], b: str) -> str:
    """Say whether some methods beat another one, on other tracks and with other seeds."""
    present = [name for name in a if name in draws.names and name != b]
    if b not in draws.names or not present:
        return f"There is nothing to hold against {b} here."
    table = draws.differences([(name, b) for name in present])
    better, worse = (table[table["clear"] & (sign * table["mean"] > 0)] for sign in (1, -1))
    top = table.loc[table["mean"].idxmax()]
    gap = Interval(top["mean"], top["low"], top["high"])
    parts = [
        f"Of {len(present)} trained networks held against {b} by {the(headline)}, clearly better "
        f"are {len(better)}, clearly worse {len(worse)}, beyond the luck of tracks and seeds.",
        f"The one most ahead, or least behind, is {top['a']} ({gap}).",
    ]
    if not len(better):
        parts.append(f"No trained network beats {b} for certain.")
    return " ".join(parts)


def stability(table: pd.DataFrame, headline: str) -> Markdown:
    """Say which methods find the same from seed to seed, and whether that goes with the score."""
    ranked = table[table["place"].notna()]
    varied = ranked[ranked["stability"].notna()]
    if len(varied) < 3:
        return say("Too few methods vary with the seed to speak of their stability.")
    stable = varied.set_index("method")["stability"]
    parts = [
        f"The seeds of {stable.idxmax()} agree most (ARI {stable.max():.2f} between them), "
        f"those of {stable.idxmin()} least ({stable.min():.2f})."
    ]
    together = varied["stability"].corr(varied[headline], method="spearman")
    if not np.isnan(together):
        parts.append(
            f"Over {len(varied)} methods, stability and {the(headline)} have a rank "
            f"correlation of {together:+.2f}; methods share spaces and tracks, so no test goes "
            "with it."
        )
    if fixed := len(ranked) - len(varied):
        parts.append(f"Methods with nothing that could vary: {fixed}.")
    return say(*parts)


def _collapse(table: pd.DataFrame) -> str:
    """Name the spaces whose models collapsed or diverged, all of them or some of their seeds."""
    health = table.drop_duplicates("space").set_index("space")["health"]
    learned = health[~health.isin(["", "untrained"])]
    if not len(learned):
        return "No model was trained here."
    ill = learned[learned.str.contains("collapsed|diverged")]
    if not len(ill):
        return f"None of the {len(learned)} trained models collapsed or diverged."
    named = "; ".join(f"{space} ({verdict})" for space, verdict in ill.items())
    return (
        f"{len(ill)} of {len(learned)} trained models did not stay alive with every seed: {named}."
        " Whatever their geometry scores, there is little of the tracks behind it."
    )


def betas(table: pd.DataFrame, headline: str) -> Markdown:
    """Name the best beta by the headline, without labels, and by the silhouette that misleads."""
    if len(table) < 2:
        return say("With fewer than two betas there is none to choose.")
    best = table.loc[table[headline].idxmax()]
    name = the(headline)
    parts = [
        f"By {name} the best of {len(table)} betas is {best['beta']:g} ({best[headline]:.3f})."
    ]
    if best["beta"] == 1:
        clear = [f"{beta:g}" for beta in table.loc[table["clear"].eq(True), "beta"]]
        parts.append(f"It is clear of {listed(clear)}." if clear else "It is clear of no other.")
    elif not np.isnan(best["difference"]):
        gap = Interval(best["difference"], best["low"], best["high"])
        parts.append(f"Its difference from beta 1, {gap}, is {JUDGED[best['verdict']]}.")
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
