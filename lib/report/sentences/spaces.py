"""What a space holds of genre and language, and whether its silhouette is more than noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown
from sklearn.neighbors import NearestNeighbors

from lib.evaluation import compare, interval
from lib.report.display import say
from lib.report.wording import JUDGED, listed

_UNLABELLED = "Without labels there is nothing to compare the map with."


def neighbours(points: np.ndarray, truth: np.ndarray) -> Markdown:
    """Say how often a track's nearest neighbour is of its genre, and how often chance would be."""
    if len(set(truth) - {""}) < 2:
        return say(_UNLABELLED)
    return say(
        f"In the full space, {_alike(points, truth):.0%} of the tracks have a nearest neighbour of "
        f"their own genre; by chance it would be {_by_chance(truth):.0%}."
    )


def nearest(spaces: Mapping[str, np.ndarray], truth: np.ndarray) -> Markdown:
    """Say in which space neighbours are most often of one genre, and in which least often.

    A track without a place in a space (NaN) is passed over there.
    """
    if len(set(truth) - {""}) < 2:
        return say(_UNLABELLED)
    share = pd.Series({name: _alike(points, truth) for name, points in spaces.items()}).dropna()
    if share.empty:
        return say("In no space do two tracks with a genre have a place.")
    return say(
        f"In the full spaces, a track's nearest neighbour is of its own genre most often in "
        f"{share.idxmax()} ({share.max():.0%}) and least often in {share.idxmin()} "
        f"({share.min():.0%}); by chance it would be {_by_chance(truth):.0%}."
    )


def _alike(points: np.ndarray, truth: np.ndarray) -> float:
    known = (truth != "") & np.isfinite(points).all(axis=1)
    if known.sum() < 2:
        return np.nan
    points, truth = points[known], truth[known]
    nearest = NearestNeighbors(n_neighbors=1).fit(points).kneighbors(return_distance=False)[:, 0]
    return float(np.mean(truth[nearest] == truth))


def _by_chance(truth: np.ndarray) -> float:
    sizes = np.unique(truth[truth != ""], return_counts=True)[1]
    return float(np.sum(sizes * (sizes - 1)) / (sizes.sum() * (sizes.sum() - 1)))


def noise(points: pd.DataFrame) -> Markdown:
    """Name the spaces that stand highest above noise of their own shape, and lowest."""
    excess = points["silhouette"] - points["noise"]
    ranked = points.assign(excess=excess).sort_values("excess", ascending=False)
    best, worst = ranked.iloc[0], ranked.iloc[-1]
    return say(
        f"Furthest above noise of its own shape, or least far below: {best['method']} "
        f"({best['excess']:+.3f}).",
        f"Furthest below, or least far above: {worst['method']} ({worst['excess']:+.3f}).",
        f"Highest silhouette: {points.loc[points['silhouette'].idxmax(), 'method']}.",
    )


def knowledge(table: pd.DataFrame) -> Markdown:
    """Say in which space a linear probe finds most of each fact, and how much chance would."""
    spaces, chance = table.drop(index="chance"), table.loc["chance"]
    said = [
        f"the {fact} is read best from {spaces[fact].idxmax()} ({spaces[fact].max():.2f}; chance "
        f"is {chance[fact]:.2f})"
        for fact in table
    ]
    if not said:
        return say("Neither two genres nor two languages are known here to be read.")
    text = listed(said)
    return say(f"{text[:1].upper()}{text[1:]}.")


def language(agreement: pd.DataFrame) -> Markdown:
    """Say in which space clusters follow the language more than the genre."""
    if not len(agreement):
        return say("Fewer than two languages are known here, so no cluster can follow one.")
    top = agreement["language"].idxmax()
    most = f"Clusters agree with the language most in {top} (AMI {agreement['language'][top]:.3f})."
    if "genre" not in agreement:
        return say(most)
    follow = agreement.index[agreement["language"] > agreement["genre"]]
    return say(most, f"They follow it more than the genre in {', '.join(follow) or 'no space'}.")


def why(given: Sequence[float], learned: Sequence[float], rows: pd.DataFrame) -> Markdown:
    """Say what the VAE's code has kept of the genre, and what k-means makes of that.

    Given and learned are a linear probe's accuracies in the raw features and in each seed's code.
    """
    if np.isnan(given).any() or np.isnan(learned).any():
        return say("Without labels it cannot be said what the model lost.")
    before, after = interval(given), interval(learned)
    lost = compare(np.full(len(learned), before.mean), learned)
    scores = rows[rows["algorithm"] == "kmeans"].set_index("representation")
    gap = compare(scores["ami"][["vae"]], scores["ami"][["raw"]])
    kept = interval(scores["r2"][["vae"]])
    return say(
        f"A linear reader names the genre with a balanced accuracy of {before} from the raw "
        f"features and of {after} from the VAE's code, which keeps {kept} of the features' "
        f"variance (R²). Accuracy lost on the way: {lost}, {JUDGED[lost.verdict]}. k-means on the "
        f"code differs by {gap} AMI from k-means on the features, {JUDGED[gap.verdict]}."
    )
