"""Partitions scored and compared, and what clusters hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown

from lib.catalogue import SCORES, Method, title
from lib.errors import Missing
from lib.evaluation import compare, correct, interval, kept_together
from lib.evaluation.statistics import HIGHER, LOWER, NO_SPREAD, SAME
from lib.inspection import Cluster
from lib.report.display import say
from lib.report.wording import JUDGED, bounded, listed

MIN_SIZE = 5  # of a cluster that may be called pure: a single track always is


def baselines(rows: pd.DataFrame) -> Markdown:
    """Say what the genres' own silhouette tells about the silhouette as a score."""
    kmeans = rows[(rows["algorithm"] == "kmeans") & (rows["representation"] == "raw")]
    ours = interval(kmeans["silhouette"])
    genres = rows[rows["algorithm"] == "genres"]
    if not len(genres):
        return say(f"k-means reaches a silhouette of {ours}; no labels say whether that is good.")
    theirs = genres["silhouette"].iloc[0]
    chance = interval(rows.loc[rows["algorithm"] == "random", "purity"])
    return say(
        f"The true genres have a silhouette of {theirs:.3f}, k-means on the same points {ours}: "
        + ("k-means beats the truth in silhouette. " if ours.mean > theirs else "the truth wins. ")
        + f"Random labels already have a purity of {chance}."
    )


def duel(rows: pd.DataFrame, score: str, a: str, *others: str) -> Markdown:
    """Say whether one representation beats those of others that were scored, under k-means."""
    kmeans = rows[rows["algorithm"] == "kmeans"].set_index("representation")[score]
    if kmeans.isna().all():
        return say(f"Without labels there is no {title(score)}, and no winner to name.")
    others = [b for b in others if b in kmeans]
    compared = [compare(kmeans[[a]], kmeans[[b]]) for b in others]
    said = []
    for b, difference in zip(others, correct(compared), strict=True):
        first, second = Method(a).space_noun, Method(b).space_noun
        judged = JUDGED[difference.verdict]
        if difference.clear:
            judged = f"{first if difference.mean > 0 else second} is ahead {judged}"
        said.append(f"In {SCORES[score].noun}, {first} minus {second} is {difference}: {judged}.")
    return say(*said)


def leaders(rows: pd.DataFrame, scores: Sequence[str]) -> Markdown:
    """Name the space that leads under k-means by each score."""
    kmeans = rows[rows["algorithm"] == "kmeans"]
    means = kmeans.groupby("representation", sort=False)[list(scores)].mean()
    means *= [SCORES[score].sign for score in scores]
    led: dict[str, list[str]] = {}
    for score, leader in means.dropna(axis=1, how="all").idxmax().items():
        led.setdefault(leader, []).append(SCORES[score].noun)
    said = [
        f"{listed(names)} put{'s' * (len(names) == 1)} {Method(leader).space_noun} first"
        for leader, names in led.items()
    ]
    return say(f"Under k-means, {'; '.join(said)}.")


def genres(truth: np.ndarray, labels: np.ndarray) -> Markdown:
    """Name the genre that is found best, and the one that is spread most."""
    placed = labels >= 0
    if len(set(truth[placed]) - {""}) < 2:
        sizes = np.bincount(labels[placed])
        return say(f"The clusters hold from {sizes.min()} to {sizes.max()} tracks.")
    share = kept_together(truth[placed], [labels[placed]]).sort_values()
    return say(
        f"The genre kept together best is {share.index[-1]} ({share.iloc[-1]:.0%} of it in one "
        f"cluster), the one spread most is {share.index[0]} ({share.iloc[0]:.0%})."
    )


def clusters(found: Sequence[Cluster]) -> Markdown:
    """Name the purest cluster and the most mixed one, and how many are told apart by what."""
    told = []
    labelled = [cluster for cluster in found if len(cluster.genres)]
    if labelled:
        large = [cluster for cluster in labelled if cluster.size >= MIN_SIZE] or labelled
        purest = max(large, key=lambda c: c.genres.iloc[0])
        mixed = min(large, key=lambda c: c.genres.iloc[0])
        among = "" if len(large) == len(labelled) else f" of those with {MIN_SIZE} tracks or more"
        told.append(
            f"Cluster {purest.label} is the purest{among} ({purest.genres.iloc[0]:.0%} "
            f"{purest.genres.index[0]}), cluster {mixed.label} the most mixed (its commonest "
            f"genre, {mixed.genres.index[0]}, makes {mixed.genres.iloc[0]:.0%})."
        )
    sizes = [cluster.size for cluster in found]
    if 1 in sizes:
        told.append(f"Clusters of a single track, outliers: {sizes.count(1)} of {len(found)}.")
    sounding = [cluster for cluster in found if len(cluster.features)]
    if sounding:
        top = max(sounding, key=lambda cluster: abs(cluster.features["effect"].iloc[0]))
        first = top.features.iloc[0]
        told.append(
            f"What sets a cluster apart most is the {first['name']} of cluster {top.label}, "
            f"{abs(first['effect']):.1f} standard deviations "
            f"{'above' if first['effect'] > 0 else 'below'} the other tracks."
        )
    speaking = [cluster for cluster in found if cluster.words]
    if speaking:
        told.append(f"Clusters with words of their own: {len(speaking)} of {len(found)}.")
    return say(*told) if told else say(f"They hold from {min(sizes)} to {max(sizes)} tracks.")


def genres_apart(together: Mapping[str, pd.Series]) -> Markdown:
    """Name the genres that words help most and hurt most; the first share is of sound alone."""
    (_, before), *others = together.items()
    if not others or len(before) < 2:
        return say("Without words, or without genres, there is nothing to compare.")
    said = []
    for name, after in others:
        change = (after - before).sort_values()
        said.append(
            f"With {title(name).removeprefix('Sound + ')}, that share changes most for "
            f"{change.index[-1]} ({100 * change.iloc[-1]:+.0f} points) and for {change.index[0]} "
            f"({100 * change.iloc[0]:+.0f} points), means over seeds."
        )
    return say(*said)


def added(table: pd.DataFrame, what: str) -> Markdown:
    """Say how often something helped, how often it hurt, and how often it made no difference."""
    if not len(table):
        return say(f"Whether {what} helps cannot be said here.")
    gains, losses = (table[table["verdict"] == verdict] for verdict in (HIGHER, LOWER))
    fixed = table.loc[table["verdict"].isin([SAME, NO_SPREAD]), "mean"]
    within = len(table) - len(gains) - len(losses) - len(fixed)
    parts = [
        f"After correction for their number, {what} helped in {len(gains)} of {len(table)} "
        f"comparisons, hurt in {len(losses)}, and made no difference beyond the noise in {within}."
    ]
    if len(fixed):
        parts.append(
            f"The other {len(fixed)} cannot be judged by seeds, since nothing varies with them; "
            f"their differences lie between {fixed.min():+.3f} and {fixed.max():+.3f}."
        )
    for group, verb in ((gains.nlargest(1, "mean"), "gain"), (losses.nsmallest(1, "mean"), "loss")):
        for row in group.itertuples():
            parts.append(f"The largest clear {verb} is {row.mean:+.3f} ({row.name}).")
    return say(*parts)


def pipelines(table: pd.DataFrame | Missing, summary: pd.DataFrame | Missing) -> Markdown | None:
    """Say which pipeline is chosen without labels, and which ones labels would have chosen."""
    if isinstance(table, Missing):
        return None  # the table before it says why
    by = summary["best by"]
    (chosen,) = summary.index[by.str.contains("agreement")]
    agreement, ami = (
        table.pivot(index="seed", columns="pipeline", values=v) for v in ("agreement", "ami")
    )
    family = table.loc[table["family"].astype(bool), "pipeline"].unique()
    second = agreement[family].drop(columns=chosen).mean().idxmax()
    lead = compare(agreement[chosen], agreement[second])
    said = [
        f"Chosen without labels: {summary['what'][chosen]}. Its agreement is ahead of that of the "
        f"next with a VAE in it by {lead}, {JUDGED[lead.verdict]}."
    ]
    if ami.isna().all(axis=None):
        return say(*said, "No labels tell whether that is good.")
    (rival,) = summary.index[by.str.contains("no network")]
    other = ami[family].drop(columns=chosen).mean().idxmax()
    better = compare(ami[other], ami[chosen])
    choice = {HIGHER: "would have chosen another", LOWER: "would have chosen the same"}

    def scores(key: str) -> str:
        row = summary.loc[key]
        return ", ".join(f"{title(s)} {bounded(row, s)}" for s in ("ami", "ari", "nmi", "purity"))

    ahead = compare(ami[chosen], ami[rival])
    said.append(
        f"It reaches {scores(chosen)}; {summary['what']['kmeans']}, the plainest of all, "
        f"{scores('kmeans')}. Of the pipelines without a network, the labels like "
        f"{summary['what'][rival]} best ({scores(rival)}). In AMI, the chosen one minus this one "
        f"is {ahead:+.3f}, {JUDGED[ahead.verdict]}."
    )
    said.append(
        "Among the pipelines with a VAE, labels "
        f"{choice.get(better.verdict, 'would have found none that is clearly better')}: in AMI, "
        f"{summary['what'][other]}, the best of the others, minus the chosen one is "
        f"{better:+.3f}, {JUDGED[better.verdict]}."
    )
    return say(*said)
