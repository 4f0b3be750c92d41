"""Disentanglement: does each dimension of a code hold one factor, and each factor one dimension?

Against known factors there are three measures, `mig`, `dci` and `sap`; each is about 1 for a code
that is the factors themselves, never more, and about 0 for random codes, however few tracks there
are: what a finite sample alone would score is taken out, or never counted. They look at the order
of values in each dimension only, so that scale and shape of a dimension do not matter. Where no
factors are known, `health` describes a code; it cannot tell whether dimensions mean anything.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import entropy, rankdata
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.metrics.cluster import expected_mutual_information

from lib.errors import UserError

BINS = 20  # of equal mass; as many as in disentanglement_lib (Locatello et al. 2019)
FOLDS = 5
TREES = 30
MEASURES = ("mig", "sap", "disentanglement", "completeness", "informativeness")


def score(codes: np.ndarray, factors: np.ndarray) -> dict[str, float]:
    """Score a code (n_tracks, n_dims) by all `MEASURES` against factors (n_tracks, n_factors).

    A factor has numbers or strings, compared for equality alone. All scores are NaN where the code
    has a NaN (a network that diverged). The two must have the same tracks, and no factor may have
    one level only: else this raises a `UserError`.
    """
    codes, levels = _checked(codes, factors)
    if not np.isfinite(codes).all():
        return dict.fromkeys(MEASURES, np.nan)
    return {"mig": mig(codes, levels), "sap": sap(codes, levels), **dci(codes, levels)}


def mutual_information(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Return what each dimension tells of each factor, as a share of the factor's entropy.

    Dimensions are cut into 20 bins of equal mass, or into their values where those are fewer. In n
    tracks independent variables have a mutual information E above 0, which is known exactly (Vinh
    et al. 2010, the adjustment of AMI); it is taken out: (I - E) / (H - E). So the result, (n_dims,
    n_factors), is 1 where the dimension tells the factor, and about 0 (on either side) where it
    tells nothing.
    """
    codes, levels = _checked(codes, factors)
    bins = [_bins(column, column) for column in codes.T]
    return np.array([[_adjusted_information(b, level) for level in levels.T] for b in bins])


def mig(codes: np.ndarray, factors: np.ndarray) -> float:
    """Mutual information gap: how far the best dimension for a factor is ahead of the next.

    Chen et al. 2018 (arXiv 1802.04942), on the adjusted information of `mutual_information`; the
    mean over factors, from 0 to 1.
    """
    return float(np.mean(_gap(np.maximum(mutual_information(codes, factors), 0))))


def sap(codes: np.ndarray, factors: np.ndarray) -> float:
    """Separated attribute predictability: a gap as in `mig`, of how well one dimension predicts.

    Kumar et al. 2018 (arXiv 1711.00848). The predictor puts thresholds on one dimension (20 bins of
    equal mass) and answers with the likeliest level; its balanced accuracy is rescaled to be 0 by
    chance and 1 when perfect (published scores are not, and cannot reach 1). In each of five folds
    the best dimension and the next are chosen on the other folds, so that chance favours neither. A
    next one that tells nothing does worse than chance on a fold as often as better, which alone
    would carry a perfect code above 1: it stops there. The mean over factors is about 0, on either
    side, where no dimension is ahead.
    """
    codes, levels = _checked(codes, factors)
    fold = np.random.default_rng(0).permutation(len(codes)) % FOLDS
    gaps = np.zeros(levels.shape[1])
    for held_out in range(FOLDS):
        train, test = fold != held_out, fold == held_out
        bins = np.stack([_bins(column[train], column) for column in codes.T], axis=1)
        for j, level in enumerate(levels.T):
            predicted, known = _predict(bins, level, train)
            weight = 1 / (np.bincount(level)[level] * (level.max() + 1))  # balances the levels
            right = ((predicted[test] == level[test, None]) * weight[test, None]).sum(axis=0)
            best, *others = np.argsort(-known, kind="stable")
            chance = weight[test].sum() / (level.max() + 1)
            gaps[j] += right[best] - (right[others[0]] if others else chance)
    n_levels = levels.max(axis=0) + 1
    return min(1.0, float(np.mean(gaps * n_levels / (n_levels - 1))))


def dci(codes: np.ndarray, factors: np.ndarray) -> dict[str, float]:
    """Disentanglement, completeness and informativeness.

    Eastwood and Williams 2018 (ICLR), by a random forest for each factor, each of its 30 trees on
    half of the tracks. Splits consider every dimension: a random choice would blur importances,
    and the factors themselves would score 0.4. At 500 tracks random codes have a disentanglement
    of 0.004; by boosted trees it is 0.012 at eight times the work, by L1 logistic regression 0.31.

    Disentanglement is 1 when each dimension matters to one factor only, weighted by how much it
    matters; completeness when one dimension matters to each factor. Informativeness is the balanced
    accuracy on the tracks that a tree has not seen, 0 by chance and 1 when perfect.
    """
    codes, levels = _checked(codes, factors)
    ranks = rankdata(codes, method="dense", axis=0)
    importance, accuracy = [], []
    for level in levels.T:
        forest = RandomForestClassifier(
            TREES, max_features=None, max_samples=0.5, oob_score=True, random_state=0
        ).fit(ranks, level)
        predicted = np.argmax(forest.oob_decision_function_, axis=1)
        importance.append(forest.feature_importances_)
        accuracy.append(balanced_accuracy_score(level, predicted, adjusted=True))
    importance = np.array(importance)
    return {
        "disentanglement": _concentration(importance),
        "completeness": _concentration(importance.T),
        "informativeness": float(np.mean(accuracy)),
    }


def _checked(codes: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return codes as floats, and the levels of factors as numbers from 0."""
    codes, factors = np.asarray(codes, float), np.asarray(factors)
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise UserError(
            f"codes {codes.shape} and factors {factors.shape}: give (n, d) and (n, k) "
            "of the same n tracks"
        )
    levels = [np.unique(column, return_inverse=True)[1] for column in factors.T]
    for j, level in enumerate(levels):
        if level.max(initial=0) == 0:
            raise UserError(f"factor {j} has the same level for all tracks: leave it out")
    return codes, np.stack(levels, axis=1)


def _bins(reference: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the bin of each value, when bins are cut so that the reference fills them evenly."""
    edges = np.unique(reference)[1:]
    if len(edges) >= BINS:
        shares = np.arange(1, BINS) / BINS
        edges = np.unique(np.quantile(reference, shares, method="lower"))
    return np.searchsorted(edges, values, side="right")


def _counts(bins: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return how many tracks of each bin have each level: (BINS, n_levels)."""
    n_levels = level.max() + 1
    return np.bincount(bins * n_levels + level, minlength=BINS * n_levels).reshape(BINS, -1)


def _adjusted_information(bins: np.ndarray, level: np.ndarray) -> float:
    counts = _counts(bins, level)
    counts = counts[counts.sum(axis=1) > 0]
    n = counts.sum()
    known = entropy(counts.sum(axis=0))
    information = known + entropy(counts.sum(axis=1)) - entropy(counts, axis=None)
    expected = expected_mutual_information(counts.astype(np.int64), n)
    return (information - expected) / (known - expected) if known > expected else 0.0


def _gap(table: np.ndarray) -> np.ndarray:
    """Return the best of each column less the next best."""
    best = np.sort(np.vstack([np.zeros(table.shape[1]), table]), axis=0)
    return best[-1] - best[-2]


def _predict(
    bins: np.ndarray, level: np.ndarray, train: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Predict a factor from each dimension alone: (n_tracks, n_dims), with the training accuracy.

    The answer is the level that, levels being balanced, is the likeliest in the bin among training
    tracks.
    """
    counts = np.array([_counts(b, level[train]) for b in bins[train].T])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    answer = shares.argmax(axis=2)
    predicted = answer[np.arange(bins.shape[1]), bins]
    return predicted, shares.max(axis=2).sum(axis=1)


def _concentration(importance: np.ndarray) -> float:
    """Return how far columns are from uniform (1 less their entropy), weighted by their sums."""
    total = importance.sum()
    if total == 0:
        return 0.0
    if len(importance) == 1:
        return 1.0
    columns = importance[:, importance.sum(axis=0) > 0]
    return float((1 - entropy(columns, base=len(columns))) @ columns.sum(axis=0) / total)
