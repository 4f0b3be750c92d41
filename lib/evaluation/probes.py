"""What a space knows of something: how well a simple reader finds it there.

A probe is supervised and looks at labels; it serves to understand a space, never to choose one.
"""

from __future__ import annotations

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDS = 5


def linear(points: np.ndarray, labels: np.ndarray) -> float:
    """Return how often a linear classifier (ridge) tells a held-out track's label.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        One point a track; tracks without a place (NaN) are left out.
    labels : ndarray of str, (n_tracks,)
        What it is to tell; tracks with an empty label are left out.

    Returns
    -------
    float
        Mean of the balanced accuracy over five stratified folds, so that chance is one over the
        number of labels however unequal they are; NaN where fewer than two labels have five
        tracks.
    """
    points, labels = _usable(points, labels)
    if len(np.unique(labels)) < 2:
        return np.nan
    reader = make_pipeline(StandardScaler(), RidgeClassifier(class_weight="balanced"))
    return _accuracy(reader, points, labels)


def chance(points: np.ndarray, labels: np.ndarray) -> float:
    """Return what `linear` would reach on the same tracks without looking at them."""
    points, labels = _usable(points, labels)
    if len(np.unique(labels)) < 2:
        return np.nan
    return _accuracy(DummyClassifier(), points, labels)


def _usable(points: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels = np.asarray(labels, str)
    names, counts = np.unique(labels, return_counts=True)
    enough = names[(counts >= FOLDS) & (names != "")]
    kept = np.isin(labels, enough) & np.isfinite(points).all(axis=1)
    names, counts = np.unique(labels[kept], return_counts=True)
    kept &= np.isin(labels, names[counts >= FOLDS])
    return points[kept], labels[kept]


def _accuracy(reader, points: np.ndarray, labels: np.ndarray) -> float:
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    scores = cross_val_score(reader, points, labels, cv=folds, scoring="balanced_accuracy")
    return float(scores.mean())
