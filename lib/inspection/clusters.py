"""Clusters explained: who is in them, who is typical, and what sets them apart.

Nothing here is a test. Clusters were made to differ, so their differences are described, with
intervals that say how firmly; whether clusters mean anything is for `lib.evaluation.partition` to say.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from lib.catalogue import LANGUAGES

LEVEL = 0.95  # of all intervals of a cluster's features together, and of all its words
ALIKE = 0.8  # features that correlate more say the same thing
MIN_TRACKS = 3  # that a word must occur in


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
        Places of the tracks nearest to its centre, the nearest first.
    features : DataFrame
        ``feature``, ``name`` (as `feature_name`), ``effect``, ``low``, ``high``: see `contrast`.
    words : list of str
        What its lyrics say more often than others: see `distinctive_words`.
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
    n_typical: int = 3,
    n_features: int = 4,
    n_words: int = 6,
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
    n_typical, n_features, n_words : int
        How many to name at most.

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
            typical=typical(points, labels == label, n_typical),
            features=contrast(features, labels == label, n_features),
            words=distinctive_words(counted, labels == label, languages, n_words),
        )
        for label in np.unique(labels[labels >= 0])
    ]


def table(found: Sequence[Cluster], titles: Sequence[str]) -> pd.DataFrame:
    """Lay out explained clusters for reading.

    Parameters
    ----------
    found : sequence of Cluster
        From `clusters`.
    titles : sequence of str, (n_tracks,)
        Of all tracks.

    Returns
    -------
    DataFrame
        Of text, a row a cluster. A column of which no cluster has anything is left out.
    """
    rows = [
        {
            "Cluster": str(cluster.label),
            "Tracks": str(cluster.size),
            "Genres": _shares(cluster.genres),
            "Languages": _shares(cluster.languages.rename(LANGUAGES)),
            "Sounds like": _sound(cluster.features),
            "Says": ", ".join(cluster.words),
            "Most typical": "; ".join(str(titles[place]) for place in cluster.typical),
        }
        for cluster in found
    ]
    frame = pd.DataFrame(rows)
    return frame.loc[:, [name for name in frame if (frame[name] != "").any()]]


def examples(found: Sequence[Cluster], titles: Sequence[str], n: int = 1) -> dict[str, int]:
    """Return the places of the most typical tracks by a title, to be heard.

    Parameters
    ----------
    found : sequence of Cluster
        From `clusters`.
    titles : sequence of str, (n_tracks,)
        Of all tracks.
    n : int
        How many of each cluster.
    """
    return {
        f"Cluster {cluster.label}: {titles[place]}": int(place)
        for cluster in found
        for place in cluster.typical[:n]
    }


def typical(points: np.ndarray, inside: np.ndarray, n: int = 3) -> np.ndarray:
    """Return the places of the tracks of a cluster that are nearest to its mean, nearest first.

    Parameters
    ----------
    points : ndarray, (n_tracks, n_dims)
        All tracks.
    inside : ndarray of bool, (n_tracks,)
        Which ones are in the cluster.
    n : int
        How many at most.
    """
    places = np.flatnonzero(inside)
    distances = np.linalg.norm(points[places] - points[places].mean(axis=0), axis=1)
    return places[np.argsort(distances, kind="stable")[:n]]


def contrast(features: pd.DataFrame | None, inside: np.ndarray, n: int = 4) -> pd.DataFrame:
    """Name the features by which a cluster differs most from all other tracks.

    The effect is the difference of the means in units of the pooled standard deviation, with
    Hedges' correction for small samples and its asymptotic interval [1]_, widened (Bonferroni)
    so that all features' intervals hold at once with 95%. Features whose interval holds zero are
    left out, and so is one that correlates by more than 0.8 with a stronger one.

    Parameters
    ----------
    features : DataFrame, (n_tracks, n_features), or None
        In any unit; a missing number costs its track for that feature.
    inside : ndarray of bool, (n_tracks,)
        Which tracks are in the cluster.
    n : int
        How many features at most.

    Returns
    -------
    DataFrame
        ``feature``, ``name``, ``effect``, ``low``, ``high``, the strongest first.

    References
    ----------
    .. [1] L. Hedges and I. Olkin, Statistical Methods for Meta-Analysis, 1985.
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
    for place in range(len(found)):
        if len(kept) < n and not (alike[place, kept] > ALIKE).any():
            kept.append(place)
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


def distinctive_words(
    words: Sequence[Sequence[str]], inside: np.ndarray, languages: Sequence[str], n: int = 6
) -> list[str]:
    """Name the words that a cluster's lyrics have more often than others in the same language.

    By the log-odds ratio with an informative Dirichlet prior: the prior has the frequencies of all
    lyrics of the language, so that words that are frequent everywhere say nothing, and a cluster
    of one language is not told by its articles. A track counts a word once, since a chorus that
    comes back is no new evidence.

    Parameters
    ----------
    words : sequence of sequences of str, (n_tracks,)
        The `tokens` of each track.
    inside : ndarray of bool, (n_tracks,)
        Which tracks are in the cluster.
    languages : sequence of str, (n_tracks,)
        Of the words; the same everywhere where not known.
    n : int
        How many words at most.

    Returns
    -------
    list of str
        Those in at least three tracks whose z-score passes, after Bonferroni's correction for
        the number of words, what chance gives in 1 of 20 clusters; the highest first.
    """
    found: dict[str, float] = {}
    for language in sorted(set(languages)):
        ours, others = Counter(), Counter()
        for track, own, spoken in zip(words, inside, languages, strict=True):
            if spoken == language:
                (ours if own else others).update(set(track))
        vocabulary = sorted(w for w in ours | others if ours[w] + others[w] >= MIN_TRACKS)
        counts = np.array([[count[w] for w in vocabulary] for count in (ours, others)], float)
        if len(vocabulary) > 1 and counts.sum(axis=1).all():
            line = stats.norm.ppf(1 - (1 - LEVEL) / len(vocabulary))
            scores = zip(vocabulary, log_odds(*counts), strict=True)
            found |= {word: z for word, z in scores if z > max(line, found.get(word, 0))}
    return sorted(found, key=lambda word: (-found[word], word))[:n]


def log_odds(ours: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return z-scores of log-odds ratios with the counts of both together as Dirichlet prior [1]_.

    Parameters
    ----------
    ours, others : ndarray, (n_words,)
        Counts of each of two or more words, not all zero.

    Returns
    -------
    ndarray, (n_words,)
        Positive where ours have a word more often; the prior weighs as much as the smaller of
        the two.

    References
    ----------
    .. [1] B. Monroe, M. Colaresi and K. Quinn, Fightin' Words, Political Analysis 16(4), 2008.
    """
    together = ours + others
    prior = together / together.sum() * min(ours.sum(), others.sum())

    def logit(counts: np.ndarray) -> np.ndarray:
        posterior = counts + prior
        return np.log(posterior / (posterior.sum() - posterior))

    variance = 1 / (ours + prior) + 1 / (others + prior)
    return (logit(ours) - logit(others)) / np.sqrt(variance)


class _Letters(dict):
    """For `str.translate`: letters, the marks that belong to them, and apostrophes stay."""

    def __missing__(self, code: int) -> str:
        letter = unicodedata.category(chr(code))[0] in "LM" or chr(code) in "'\u2019"
        return self.setdefault(code, chr(code) if letter else " ")


_LETTERS = _Letters()


def tokens(text: str) -> list[str]:
    """Split a text into its words, in lower case: runs of letters with their marks, any script."""
    words = (word.strip("'\u2019") for word in text.lower().translate(_LETTERS).split())
    return [word for word in words if len(word) > 1]


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


def _mix(facts: Sequence[str], inside: np.ndarray) -> pd.Series:
    """Share of each value among the tracks inside whose value is known."""
    values = pd.Series(np.asarray(facts, str)[inside])
    return values[values != ""].value_counts(normalize=True)


def _shares(mix: pd.Series, n: int = 3) -> str:
    """Write the largest shares, as ``blues 61%, rock 20%``."""
    return ", ".join(f"{name} {share:.0%}" for name, share in mix[:n].items())


def _sound(features: pd.DataFrame) -> str:
    """Write what sets a cluster apart, as ``tempo low (-1.2)``."""
    said = zip(features["name"], features["effect"], strict=True)
    return ", ".join(f"{name} {'high' if g > 0 else 'low'} ({g:+.1f})" for name, g in said)
