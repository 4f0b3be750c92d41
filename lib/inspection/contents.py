"""Clusters explained: who is in them, who is typical, and what sets them apart.

Nothing here is a test. Clusters were made to differ, so their differences are described, with
intervals that say how firmly; whether clusters mean anything is for `lib.evaluation` to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from lib.inspection.words import distinctive_words, tokens

LEVEL = 0.95  # of all intervals of a cluster's features together
ALIKE = 0.8  # features that correlate more say the same thing
N_TYPICAL, N_FEATURES = 3, 4  # to be named at most


@dataclass(frozen=True)
class Cluster:
    """What is known of one cluster.

    Attributes
    ----------
    label : int
        Its number in the partition.
    size : int
        How many tracks it has.
    genres, languages : Series
        Share of each in the cluster, the largest first, of the tracks for which it is known;
        empty where none is.
    typical : ndarray of int
        Indices of the tracks nearest to its centre, the nearest first.
    features : DataFrame
        What sets it apart: ``feature``, ``name`` (what people call it), ``effect`` (Hedges' g)
        with ``low`` and ``high``, the strongest first.
    words : list of str
        What its lyrics say more often than others.
    """

    label: int
    size: int
    genres: pd.Series
    languages: pd.Series
    typical: np.ndarray
    features: pd.DataFrame
    words: list[str]


def clusters(
    points: np.ndarray,
    labels: np.ndarray,
    *,
    genres: Sequence[str] | None = None,
    languages: Sequence[str] | None = None,
    features: pd.DataFrame | None = None,
    texts: Sequence[str] | None = None,
) -> list[Cluster]:
    """Explain each cluster of a partition.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        The space that was partitioned.
    labels : ndarray of int, (n_tracks,)
        The cluster of each track; -1 is noise, which is not explained but is among the others
        that a cluster is compared with.
    genres, languages : sequence of str, (n_tracks,), optional
        Of each track, empty where unknown.
    features : DataFrame, (n_tracks, n_features), optional
        What tracks are compared by, in any unit; row for row with the points. Where there are
        features that an ear could name, the single MFCCs above the second are left out.
    texts : sequence of str, (n_tracks,), optional
        What is sung, empty where nothing is.

    Returns
    -------
    list of Cluster
        By label.
    """
    labels = np.asarray(labels)
    features = None if features is None else _audible(features)
    unknown = [""] * len(labels)
    languages = unknown if languages is None else languages
    counted = [tokens(text) for text in (unknown if texts is None else texts)]
    return [
        Cluster(
            label=int(label),
            size=int((labels == label).sum()),
            genres=_mix(unknown if genres is None else genres, labels == label),
            languages=_mix(languages, labels == label),
            typical=_typical(points, labels == label),
            features=contrast(features, labels == label),
            words=distinctive_words(counted, labels == label, languages),
        )
        for label in np.unique(labels[labels >= 0])
    ]


def examples(found: Sequence[Cluster], titles: Sequence[str]) -> dict[str, int]:
    """Return the index of the most typical track of each cluster by a title, to be heard.

    Parameters
    ----------
    found, titles : sequence of Cluster, sequence of str
        From `clusters`; and of all tracks.
    """
    return {
        f"Cluster {cluster.label}: {titles[index]}": int(index)
        for cluster in found
        for index in cluster.typical[:1]
    }


def _typical(points: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the indices of the tracks of a cluster that are nearest to its mean."""
    indices = np.flatnonzero(inside)
    distances = np.linalg.norm(points[indices] - points[indices].mean(axis=0), axis=1)
    return indices[np.argsort(distances, kind="stable")[:N_TYPICAL]]


def contrast(features: pd.DataFrame | None, inside: np.ndarray) -> pd.DataFrame:
    """Name the features by which a cluster differs most from all other tracks.

    The effect is the difference of the means in units of the pooled standard deviation, with
    Hedges' correction for small samples and its asymptotic interval (Hedges and Olkin 1985),
    widened (Bonferroni) so that all features' intervals hold at once with 95%. Features whose
    interval holds zero are left out, and so is one that correlates by more than 0.8 with a stronger
    one. A missing number costs its track for that feature.
    """
    columns = ["feature", "name", "effect", "low", "high"]
    if features is None or inside.all() or not features.shape[1]:
        return pd.DataFrame(columns=columns)
    features = features.loc[:, features.nunique() > 1]
    ours, others = features[inside], features[~inside]
    n_in, n_out = ours.count(), others.count()
    features = features.loc[:, (n_in > 1) & (n_out > 1)]
    rows = []
    critical = stats.norm.ppf(1 - (1 - LEVEL) / 2 / max(features.shape[1], 1))
    for feature in features:
        a, b = ours[feature].dropna(), others[feature].dropna()
        effect, error = _effect(a.to_numpy(float), b.to_numpy(float))
        half = critical * error
        if abs(effect) > half:
            name = feature_name(feature)
            rows.append((feature, name, effect, effect - half, effect + half))
    found = pd.DataFrame(rows, columns=columns)
    found = found.sort_values("effect", key=np.abs, ascending=False, kind="stable")
    alike = features[found["feature"]].corr().abs().to_numpy()
    kept: list[int] = []
    for row in range(len(found)):
        if len(kept) < N_FEATURES and not (alike[row, kept] > ALIKE).any():
            kept.append(row)
    return found.iloc[kept].reset_index(drop=True)


def _effect(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Return Hedges' g of a over b, and its standard error."""
    freedom = len(a) + len(b) - 2
    pooled = np.sqrt((np.var(a) * len(a) + np.var(b) * len(b)) / freedom)
    if pooled == 0:  # both constant, and apart: beyond any measure
        return np.sign(a.mean() - b.mean()) * 99.0, 0.0
    effect = (a.mean() - b.mean()) / pooled * (1 - 3 / (4 * freedom - 1))
    error = np.sqrt(1 / len(a) + 1 / len(b) + effect**2 / (2 * (len(a) + len(b))))
    return float(effect), float(error)


_NAMES = {
    "chroma_stft": "chroma",
    "rms": "loudness",
    "spectral_centroid": "spectral centroid",
    "spectral_bandwidth": "spectral bandwidth",
    "rolloff": "spectral rolloff",
    "zero_crossing_rate": "zero crossings",
    "harmony": "harmonic part",
    "perceptr": "percussive part",
    "flatness": "spectral flatness",
}
_WHOLE = {
    "tempo": "tempo",
    "length": "length",
    "harmonic_share": "share of harmonic energy",
    "mfcc1_mean": "overall level (MFCC 1)",
    "mfcc2_mean": "low against high frequencies (MFCC 2)",
    "harmony_var": "energy of the harmonic part",
    "perceptr_var": "energy of the percussive part",
}


def feature_name(column: str) -> str:
    """Return what people call a column of features, such as changes of loudness (rms_var)."""
    if column in _WHOLE:
        return _WHOLE[column]
    stem, _, what = column.rpartition("_")
    if what not in ("mean", "var", "std"):
        return column.replace("_", " ")
    name = re.sub(r"^mfcc(\d+)$", r"MFCC \1", _NAMES.get(stem, stem))
    if band := re.fullmatch(r"contrast(\d+)", stem):
        name = f"spectral contrast {_band(int(band[1]))}"
    return name if what == "mean" else f"changes of {name}"


def _band(number: int) -> str:
    """Name an octave of the spectral contrast, of which the first ends at 200 Hz."""
    if number in (1, 7):
        return "below 200 Hz" if number == 1 else "above 6.4 kHz"
    return f"at {100 * 2 ** (number - 1)}–{100 * 2**number} Hz"


def _audible(features: pd.DataFrame) -> pd.DataFrame:
    """Leave out what no ear could name: single MFCCs from the third on, means of waveforms.

    All features stay where nothing else would be left.
    """
    nameless = r"mfcc([3-9]|\d\d+)_|mfcc\d+_(var|std)|(harmony|perceptr)_mean|length"
    kept = [name for name in features if not re.match(nameless, name)]
    spoken = [name for name in kept if not name.startswith("mfcc")]
    return features[kept] if spoken else features


def _mix(attributes: Sequence[str], inside: np.ndarray) -> pd.Series:
    """Share of each value among the tracks inside whose value is known."""
    values = pd.Series(np.asarray(attributes, str)[inside])
    return values[values != ""].value_counts(normalize=True)
