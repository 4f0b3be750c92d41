"""Scores of a partition: by its own geometry, in a space shared by all, and against labels.

The silhouette that a partition reaches in a model's own latent space rises as the model dies (a
collapsed latent space has few effective dimensions, and in few dimensions even noise falls into
neat clusters). Hence every partition is also scored in the space of the standardised input, and
stands beside what noise of the same shape would have scored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real

import numpy as np
import pandas as pd
from sklearn import metrics as sk

from lib import catalogue
from lib.errors import UserError
from lib.evaluation.silhouettes import silhouette

METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "calinski_harabasz": sk.calinski_harabasz_score,
    "davies_bouldin": sk.davies_bouldin_score,
    "silhouette_shared": silhouette,
    "ari": sk.adjusted_rand_score,
    "nmi": sk.normalized_mutual_info_score,
    "ami": sk.adjusted_mutual_info_score,
}
"""The function of each score in `lib.catalogue.SCORES`, by key."""


def metric(function: Callable[[np.ndarray, np.ndarray], float]) -> Callable:
    """Register a score under its name, which is also its key in `lib.catalogue.SCORES`.

    Parameters
    ----------
    function : callable
        Takes what the catalogue says that the score needs (the ``points``, the standardised
        ``input``, or the ``labels``, that is the genres) and the cluster of each track. This is a
        decorator, which leaves it as it is.
    """
    METRICS[function.__name__] = function
    return function


metric(silhouette)


@metric
def purity(truth: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of tracks whose genre is the commonest of their cluster.

    It rises with the number of clusters whatever they hold, so it means nothing without the row of
    random labels beside it.
    """
    return sk.cluster.contingency_matrix(truth, labels).max(axis=0).sum() / len(truth)


def score(
    points: np.ndarray, labels: np.ndarray, shared: np.ndarray, truth: np.ndarray
) -> dict[str, float]:
    """Score one partition.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        The representation that was partitioned.
    labels : ndarray of int, (n_tracks,)
        The cluster of each track; -1 is noise, which no geometric score counts and which the
        scores against labels count as one more cluster.
    shared : ndarray, (n_tracks, n_features)
        The standardised input, the same for every representation.
    truth : ndarray of str, (n_tracks,)
        The genre of each track; empty where unknown. The scores that need genres count only the
        tracks that have one, and are NaN when fewer than two genres are known.

    Returns
    -------
    dict
        ``n_clusters``, ``noise_fraction``, and every score of `lib.catalogue.SCORES`. A score that
        is not defined (fewer than two clusters, say, or a network that diverged) is NaN.
    """
    kept = labels >= 0
    n_clusters = len(np.unique(labels[kept]))
    shape = {
        "n_clusters": n_clusters,
        "noise_fraction": float(np.mean(~kept)) if len(kept) else 0.0,
    }
    given = {"points": points[kept], "input": shared[kept]}
    if not (2 <= n_clusters < kept.sum() and np.isfinite(given["points"]).all()):
        given = dict.fromkeys(given)
    geometric = {
        key: _value(key, space, labels[kept]) if space is not None else np.nan
        for need, space in given.items()
        for key in _needing(need)
    }
    return {**shape, **geometric, **external_scores(labels, truth)}


def external_scores(labels: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Score a partition by every score of `lib.catalogue.SCORES` that needs labels, the genres.

    Parameters
    ----------
    labels : ndarray of int, (n_tracks,)
        The cluster of each track; -1 counts as one more cluster.
    truth : ndarray of str, (n_tracks,)
        Tracks without a genre, "", do not count; for fewer than two genres all scores are NaN.
    """
    known = truth != ""
    if len(np.unique(truth[known])) < 2:
        return dict.fromkeys(_needing("labels"), np.nan)
    return {key: _value(key, truth[known], labels[known]) for key in _needing("labels")}


def _value(key: str, given: np.ndarray, labels: np.ndarray) -> float:
    value = METRICS[key](given, labels)
    if not isinstance(value, Real):
        raise UserError(f"the metric {key} must return a number, not {type(value).__name__}")
    return value


def _needing(need: str) -> list[str]:
    return [key for key, entry in catalogue.SCORES.items() if entry.needs == need]


def score_noise(
    points: np.ndarray, labels: np.ndarray, shared: np.ndarray, truth: np.ndarray
) -> dict[str, dict[str, float]]:
    """Score a partition without its noise, and with the noise taken for one more cluster.

    An algorithm that calls all but the clearest tracks noise looks good without it. `score` stands
    between the two: geometry without noise, genres with it.

    Parameters
    ----------
    points, labels, shared, truth
        As for `score`.

    Returns
    -------
    dict
        ``without noise`` and ``with noise``, each as from `score`; both have the ``n_clusters``
        and the ``noise_fraction`` of the partition itself.
    """
    kept = labels >= 0
    without = score(points[kept], labels[kept], shared[kept], truth[kept])
    shape = {"n_clusters": without["n_clusters"], "noise_fraction": float(np.mean(~kept))}
    noise_as_cluster = score(points, labels + 1, shared, truth)
    return {"without noise": without | shape, "with noise": noise_as_cluster | shape}


def mean_pairwise_ari(partitions: Sequence[np.ndarray]) -> np.ndarray:
    """Measure how well each partition agrees with the others: its mean ARI with them.

    No label is needed. Where partitions err in different ways, what they have in common is the
    truth, and the one closest to all is likely to be among the best (Fern and Lin 2008).

    Parameters
    ----------
    partitions : sequence of ndarray of int, (n_tracks,)
        Of the same tracks; a single one has no others, and NaN.
    """
    n = len(partitions)
    if n < 2:
        return np.full(n, np.nan)
    scores = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            scores[i, j] = scores[j, i] = sk.adjusted_rand_score(partitions[i], partitions[j])
    return scores.sum(axis=1) / (n - 1)


def kept_together(truth: np.ndarray, partitions: Sequence[np.ndarray]) -> pd.Series:
    """Return for each genre the share of it that its best cluster holds, mean over partitions.

    Parameters
    ----------
    truth : ndarray of str, (n_tracks,)
        The genres.
    partitions : sequence of ndarray of int, (n_tracks,)
        One partition per seed.
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
            scores.append({n: sk.adjusted_mutual_info_score(*pair) for n, pair in pairs.items()})
        table[title] = pd.DataFrame(scores).mean()
    return pd.DataFrame(table).T
