"""What a sweep over beta, a traversal and the contents of clusters show, in computed words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown

from lib.evaluation import statistics
from lib.inspection.clusters import Cluster
from lib.inspection.traversal import Traversal
from lib.report.display import say
from lib.report.wording import listed

MIN_SIZE = 5  # of a cluster that may be called pure: a single track always is


def rate_distortion(table: pd.DataFrame) -> Markdown:
    """Say what is paid and what is got at the two ends of a sweep, and where it breaks.

    Parameters
    ----------
    table : DataFrame
        From `lib.inspection.sweep.members`.
    """
    said = []
    for beta in table["beta"].agg(["min", "max"]).unique():
        own = table[table["beta"] == beta]
        rate, kept = statistics.interval(own["rate"]), statistics.interval(own["r2"])
        said.append(f"At beta {beta:g} the code carries {rate:.3f} nats and keeps an R² of {kept}.")
    return say(*said, _verdicts(table))


def _verdicts(table: pd.DataFrame) -> str:
    counts = table.groupby("beta")["verdict"].agg(lambda verdicts: (verdicts == "collapsed").sum())
    sizes = table.groupby("beta").size()
    collapsed = [
        f"{count} of {sizes[beta]} at beta {beta:g}" for beta, count in counts.items() if count
    ]
    if not collapsed:
        return "No member of the sweep has collapsed."
    return f"Collapsed: {listed(collapsed)}."


def code(table: pd.DataFrame, dimensions: pd.DataFrame) -> Markdown:
    """Say how many latents are used along a sweep, how evenly, and how alike they are.

    Parameters
    ----------
    table, dimensions : DataFrame
        From `lib.inspection.sweep.members` and `lib.inspection.sweep.dimensions`.
    """
    active = table.groupby("beta")["active_units"].mean()
    steps = ", ".join(f"{count:.1f} at beta {beta:g}" for beta, count in active.items())
    said = [f"Of {dimensions['dimension'].nunique()} latents, in use are {steps}."]
    alike = table.groupby("beta")["correlation"].mean().dropna()
    if len(alike) > 1:
        first, last = alike.iloc[0], alike.iloc[-1]
        said.append(
            f"The mean absolute correlation between those in use goes from {first:.2f} at beta "
            f"{alike.index[0]:g} to {last:.2f} at beta {alike.index[-1]:g}: "
            + ("more pressure did not" if last >= first else "more pressure did")
            + " make them less alike."
        )
    return say(*said)


def misleading(facts: pd.DataFrame) -> Markdown:
    """Say at which betas the silhouette praises a model that is dying, or that it does nowhere.

    Parameters
    ----------
    facts : DataFrame
        From `lib.inspection.sweep.misleading`.
    """
    if not len(facts):
        return say("A sweep of a single beta cannot show what beta does.")
    reference = facts["reference"].iloc[0]
    wrong = facts[facts["misleading"]]
    if not len(wrong):
        return say(
            f"Compared with beta {reference:g}, no beta of this sweep has a higher silhouette in "
            "its own space because the model dies: where the silhouette rises, either the code is "
            "as rich as before or the partition is better, too."
        )
    worst = wrong.loc[wrong["silhouette"].idxmax()]
    bounds = (worst[f"silhouette_{bound}"] for bound in ("change", "low", "high"))
    names = {"silhouette_shared": "shared silhouette", "ami": "AMI"}
    others = [
        f"the {name} goes from {worst[f'{score}_before']:.3f} to {worst[score]:.3f}"
        for score, name in names.items()
        if not np.isnan(worst[score])
    ]
    said = [
        f"At beta {listed([f'{beta:g}' for beta in wrong['beta']])} the silhouette is higher than "
        f"at beta {reference:g}, although the code keeps less and the clusters are no better: it "
        "rises while the model fades.",
        f"At beta {worst['beta']:g} it gains {statistics.Interval(*bounds)} (from "
        f"{worst['silhouette_before']:.3f} to {worst['silhouette']:.3f}), while R² falls from "
        f"{worst['r2_before']:.2f} to {worst['r2']:.2f}, the active units go from "
        f"{worst['active_units_before']:.1f} to {worst['active_units']:.1f}, "
        f"{listed(others)}.",
    ]
    if worst["collapsed"]:
        said.append(f"{worst['collapsed']} of the {worst['seeds']} members there have collapsed.")
    dead = facts[facts["collapsed"] == facts["seeds"]]
    if len(dead):
        found = [
            f"{s:.3f} at beta {b:g}" for b, s in zip(dead["beta"], dead["silhouette"], strict=True)
        ]
        said.append(f"Where all members have collapsed, it is {listed(found)}.")
    if worst["seeds"] == 1:
        said.append("This is one seed, and may be its luck.")
    return say(*said)


def traversal(found: Traversal) -> Markdown:
    """Say which latent changes the decoded track most, and where in it.

    Parameters
    ----------
    found : Traversal
        Of a model on images or on vectors.
    """
    if not len(found.dimensions):
        return say("No latent of this member is active: there is nothing to traverse.")
    reach = found.decoded[:, -1] - found.decoded[:, 0]  # (n_dims, ...) from end to end
    sizes = np.sqrt(np.square(reach).reshape(len(reach), -1).mean(axis=1))
    most, least = sizes.argmax(), sizes.argmin()
    pictures = reach.ndim > 2
    rows = reach[most, 0].mean(axis=1) if pictures else reach[most]  # one number an MFCC
    place = int(np.abs(rows).argmax())
    said = [
        f"From {found.steps[0]:+.2g} to {found.steps[-1]:+.2g}, latent {found.dimensions[most]} "
        f"changes what is decoded most ({sizes[most]:.2f} standard deviations of the features, "
        f"root mean square), above all MFCC {place + 1} ({rows[place]:+.1f})"
    ]
    if len(sizes) > 1:
        said[0] += f"; latent {found.dimensions[least]} least of those shown ({sizes[least]:.2f})"
    said[0] += "."
    if pictures:
        level = np.square(reach[most].mean(axis=-1)).mean() / np.square(reach[most]).mean()
        said.append(
            f"{level:.0%} of that change is the same at all times of the track, the rest moves "
            "within it."
        )
    return say(*said)


def clusters(found: Sequence[Cluster]) -> Markdown:
    """Name the purest cluster and the most mixed one, and how many are told apart by what.

    Parameters
    ----------
    found : sequence of Cluster
        From `lib.inspection.clusters.clusters`.
    """
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
