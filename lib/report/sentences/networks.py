"""What networks learned: along the sweep of beta, told a fact, one latent at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from IPython.display import Markdown

from lib.catalogue import SCORES
from lib.errors import Missing
from lib.evaluation import Interval, compare, interval
from lib.evaluation.statistics import HIGHER, LOWER
from lib.inspection import Traversal
from lib.report.display import say
from lib.report.wording import JUDGED, listed, the


def settled(histories: Mapping[str, pd.DataFrame]) -> Markdown:
    """Say how much the losses still moved at the end of training."""
    said = []
    for name, history in histories.items():
        means = history.groupby("epoch")[["total", "kl"]].mean()
        if len(means) < 2:
            return say("After a single epoch it cannot be said how much the losses still move.")
        before, end = means.iloc[-1 - max(1, len(means) // 10)], means.iloc[-1]
        change = f"by {end['total'] / before['total'] - 1:+.1%} for the {name}"
        if before["kl"] > 0:  # an autoencoder has none
            change += f" (its KL by {end['kl'] / before['kl'] - 1:+.1%})"
        said.append(change)
    return say(
        f"Over the last tenth of the epochs the loss changed {listed(said)}, means over seeds."
    )


def collapsed(table: pd.DataFrame) -> Markdown:
    """Say at which betas of a sweep networks have collapsed."""
    dead = table["verdict"].eq("collapsed").groupby(table["beta"]).agg(["sum", "size"])
    dead = dead[dead["sum"] > 0]
    if not len(dead):
        return say("No network of the sweep has collapsed.")
    counts = zip(dead.index, dead["sum"], dead["size"], strict=True)
    said = [f"{count} of {size} at beta {beta:g}" for beta, count, size in counts]
    return say(f"Collapsed: {listed(said)}.")


def code(table: pd.DataFrame, dimensions: pd.DataFrame) -> Markdown:
    """Say how many latents are used along a sweep, how evenly, and how alike they are."""
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
    """Say at which betas the silhouette praises a model that is dying, or that it does nowhere."""
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
    others = [
        f"the {SCORES[score].noun} goes from {worst[f'{score}_before']:.3f} to {worst[score]:.3f}"
        for score in ("silhouette_shared", "ami")
        if not np.isnan(worst[score])
    ]
    said = [
        f"At beta {listed([f'{beta:g}' for beta in wrong['beta']])} the silhouette is higher than "
        f"at beta {reference:g}, although the code keeps less and the clusters are no better: it "
        "rises while the model fades.",
        f"At beta {worst['beta']:g} it gains {Interval(*bounds)} (from "
        f"{worst['silhouette_before']:.3f} to {worst['silhouette']:.3f}), while R² falls from "
        f"{worst['r2_before']:.2f} to {worst['r2']:.2f}, the active units go from "
        f"{worst['active_units_before']:.1f} to {worst['active_units']:.1f}, "
        f"{listed(others)}.",
    ]
    if worst["collapsed"]:
        said.append(f"{worst['collapsed']} of the {worst['seeds']} networks there have collapsed.")
    dead = facts[facts["collapsed"] == facts["seeds"]]
    if len(dead):
        found = [
            f"{s:.3f} at beta {b:g}" for b, s in zip(dead["beta"], dead["silhouette"], strict=True)
        ]
        said.append(f"Where all networks have collapsed, it is {listed(found)}.")
    if worst["seeds"] == 1:
        said.append("This is one seed, and may be its luck.")
    return say(*said)


def traversal(found: Traversal) -> Markdown:
    """Say which latent changes the decoded track most, and where in it."""
    if not len(found.dimensions):
        return say("No latent of this network is active: there is nothing to traverse.")
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


def conditional(probed: pd.DataFrame) -> Markdown:
    """Say whether conditional models leave out of their code what they were told."""
    if not len(probed):
        return say("Neither two languages nor two genres are known here: no CVAE was trained.")
    said = []
    for attribute, group in probed.dropna().groupby("attribute", sort=False):
        with_it, without = (interval(group[name]) for name in ("conditional", "plain"))
        difference = compare(group["conditional"], group["plain"])
        verdict = {
            HIGHER: "so it does not leave it out",
            LOWER: "so it leaves much of it out",
        }.get(difference.verdict, f"a difference {JUDGED[difference.verdict]}")
        said.append(
            f"A linear reader finds the {attribute} in the code of the CVAE that was told it with "
            f"an accuracy of {with_it}, in that of the plain VAE with {without} (chance is "
            f"{group['chance'].iloc[0]:.2f}): {verdict}."
        )
    return say(*said or ["There are too few tracks for a reader to learn from what a CVAE keeps."])


def disentanglement(table: pd.DataFrame | Missing) -> Markdown | None:
    """Say whether more disentangled codes cluster better, over the betas of the sweep."""
    if isinstance(table, Missing):
        return None  # the table before it says why
    known = table[table["mean"].notna()]
    if not len(known):
        return say("Whether disentanglement helps clustering cannot be said here.")
    parts = [
        f"Rank correlations with {the(known['score'].iloc[0])} over the betas, means over seeds "
        f"with 95% intervals: {_correlations(known)}."
    ]
    for sign, word in ((1, "better"), (-1, "worse")):
        moved = known.loc[known["clear"] & (sign * known["mean"] > 0), "measure"]
        if len(moved):
            is_or_are = "is" if len(moved) == 1 else "are"
            names = listed(map(_measure, moved))
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


def _measure(name: str) -> str:
    return name.upper() if len(name) == 3 else name
