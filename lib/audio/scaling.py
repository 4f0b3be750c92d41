"""Wide features brought to one scale, so that no column and no group of columns rules alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm, rankdata

from lib.errors import UserError


def rank_normal(features: np.ndarray) -> np.ndarray:
    """Bring each feature to a normal distribution by its ranks (van der Waerden 1952).

    Variances and energies have long tails, and standardised by mean and deviation they still let a
    few extreme tracks rule all distances. Ranks do not; and they are the same for a variance, its
    root and its logarithm.

    Parameters
    ----------
    features : ndarray, (n_tracks, n_features)
        In any units.

    Returns
    -------
    ndarray, (n_tracks, n_features)
        The normal quantile of (rank - 1/2) / n_tracks; ties share their mean rank, so that a
        constant feature is 0 throughout.

    Raises
    ------
    UserError
        For features that are not finite.
    """
    if not np.isfinite(features).all():
        raise UserError("features have NaN or infinity: leave those tracks or columns out")
    return norm.ppf((rankdata(features, axis=0) - 0.5) / len(features))


def feature_groups(columns: Sequence[str]) -> np.ndarray:
    """Name the group of each column of wide features.

    Parameters
    ----------
    columns : sequence of str
        As in the GTZAN table, or from `extract`.

    Returns
    -------
    ndarray of str, (n_columns,)
        ``timbre`` for means of MFCCs, ``change`` for how much they vary, ``spectrum`` for all else;
        "" for what is to be left out: the length, which belongs to the excerpt and not to the
        music, and standard deviations of MFCCs where their variances are there too.
    """
    names = set(columns)
    groups = []
    for name in columns:
        twin = name.endswith("_std") and name.replace("_std", "_var") in names
        if name == "length" or twin:
            groups.append("")
        elif name.startswith("mfcc"):
            groups.append("timbre" if name.endswith("_mean") else "change")
        else:
            groups.append("spectrum")
    return np.array(groups)


def half_whiten(features: np.ndarray, groups: Sequence[str]) -> np.ndarray:
    """Whiten each group of features half-way, and give all groups the same variance in total.

    Each group is turned onto its principal components, whose standard deviations are replaced by
    their square roots. So many features that say the same no longer count as many, and the noise
    in the last components is not blown up to the size of the first.

    Parameters
    ----------
    features : ndarray, (n_tracks, n_features)
        On one scale, as from `rank_normal`.
    groups : sequence of str
        The group of each feature, as from `feature_groups`.

    Returns
    -------
    ndarray, (n_tracks, n_components)
        Group by group, with a mean variance of 1. Components without variance are left out.
    """
    parts = []
    names = np.asarray(groups)
    for group in dict.fromkeys(groups):
        x = features[:, names == group]
        axes, deviations, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
        kept = deviations > 1e-6 * max(deviations.max(), 1e-12)
        if deviations.max() > 1e-9:
            part = axes[:, kept] * np.sqrt(deviations[kept])
            parts.append(part / np.sqrt(part.var(axis=0).sum()))
    if not parts:
        return np.zeros((len(features), 1))
    whitened = np.concatenate(parts, axis=1)
    return whitened * np.sqrt(whitened.shape[1] / len(parts))
