"""What a space knows of something: how well a linear probe finds it there.

A probe is supervised and looks at labels; it serves to understand a space, never to choose one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDS = 5


def probe_accuracy(points: np.ndarray, labels: np.ndarray) -> float:
    """Return how often a linear classifier (ridge) tells a held-out track's label.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        One point per track; tracks without a place (NaN) are left out.
    labels : ndarray of str, (n_tracks,)
        What it is to tell; empty ones, and labels of fewer than five tracks, are left out.

    Returns
    -------
    float
        Mean of the balanced accuracy over five stratified folds, so that chance is one over the
        number of labels however unequal they are; NaN where fewer than two labels are left.
    """
    labels = np.asarray(labels, str)
    kept = np.isin(labels, _common(labels)) & np.isfinite(points).all(axis=1)
    kept &= np.isin(labels, _common(labels[kept]))
    points, labels = points[kept], labels[kept]
    if len(np.unique(labels)) < 2:
        return np.nan
    probe = make_pipeline(StandardScaler(), RidgeClassifier(class_weight="balanced"))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    scores = cross_val_score(probe, points, labels, cv=folds, scoring="balanced_accuracy")
    return float(scores.mean())


def chance_accuracy(labels: np.ndarray) -> float:
    """Return what `probe_accuracy` would be without looking at the points.

    Parameters
    ----------
    labels : ndarray of str, (n_tracks,)
        As for `probe_accuracy`.
    """
    n_labels = len(_common(labels))
    return 1 / n_labels if n_labels > 1 else np.nan


def knowledge(
    spaces: Mapping[str, np.ndarray], attributes: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Probe what each space knows of each attribute of the tracks.

    Parameters
    ----------
    spaces : mapping of str to ndarray, (n_networks, n_tracks, n_dims)
        By name; for learned ones one network per seed.
    attributes : mapping of str to ndarray of str, (n_tracks,)
        The genre, the language... of each track, empty where unknown.

    Returns
    -------
    DataFrame
        `probe_accuracy`, the mean over networks, one row per space and one column per attribute;
        attributes of which fewer than two values are known are left out. The last row is chance.
    """
    table = {
        name: {
            attribute: np.mean([probe_accuracy(points, labels) for points in networks])
            for attribute, labels in attributes.items()
        }
        for name, networks in spaces.items()
    }
    table["chance"] = {name: chance_accuracy(labels) for name, labels in attributes.items()}
    return pd.DataFrame(table).T.dropna(axis=1, how="all")


def _common(labels: np.ndarray) -> np.ndarray:
    """Return the labels that have a track for each fold."""
    names, counts = np.unique(labels, return_counts=True)
    return names[(counts >= FOLDS) & (names != "")]
