"""Statistics over seeds: a mean is worth as much as its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats


@dataclass(frozen=True)
class Interval:
    """A mean and the 95% interval around it."""

    mean: float
    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of the interval's width; NaN for a single value."""
        return (self.high - self.low) / 2

    def __format__(self, spec: str) -> str:
        """Write mean ± half width, as 0.312 ± 0.008; the mean alone where nothing varies."""
        spec = spec or ".3f"
        mean = format(self.mean, spec)
        # no-break spaces: a value is not to be torn apart at the end of a line
        return f"{mean}\u00a0±\u00a0{format(self.half, spec)}" if self.half > 1e-9 else mean


def interval(values: Sequence[float]) -> Interval:
    """Return the mean over seeds with its 95% interval, by Student's t.

    It bounds the mean over all seeds there are: the luck of initialisation, batch order and k-means
    starts. It does not tell how another sample of tracks would do.

    Parameters
    ----------
    values : sequence of float
        A score for each seed; NaNs are left out.

    Returns
    -------
    Interval
        With NaN bounds for fewer than two values.
    """
    values = np.asarray(values, float)
    values = values[~np.isnan(values)]
    if not len(values):
        return Interval(np.nan, np.nan, np.nan)
    mean = float(values.mean())
    if len(values) == 1:
        return Interval(mean, np.nan, np.nan)
    half = float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))
    return Interval(mean, mean - half, mean + half)


def compare(a: Sequence[float], b: Sequence[float]) -> tuple[Interval, bool]:
    """Compare two methods seed by seed.

    Parameters
    ----------
    a, b : sequence of float
        The scores of two methods, in the same order of seeds.

    Returns
    -------
    difference : Interval
        Of a - b.
    clear : bool
        Whether the interval leaves zero out; if not, the difference is inside the noise. Where
        seeds change nothing, or there is one only, there is no noise to compare with, and nothing
        is clear.
    """
    difference = interval(np.asarray(a, float) - np.asarray(b, float))
    varies = difference.half > 1e-9
    return difference, bool(varies and (difference.low > 0 or difference.high < 0))


def p_value(a: Sequence[float], b: Sequence[float]) -> float:
    """Return how likely so large a mean difference is by the seeds' luck alone (paired t-test).

    Parameters
    ----------
    a, b : sequence of float
        The scores of two methods, in the same order of seeds.

    Returns
    -------
    float
        Two-sided; NaN where seeds change nothing, or there is one only.
    """
    difference = np.asarray(a, float) - np.asarray(b, float)
    if len(difference) < 2 or np.ptp(difference) < 1e-9:
        return np.nan
    return float(stats.ttest_1samp(difference, 0).pvalue)


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Adjust p-values for their number (Holm 1979), so that all of them hold at once.

    Parameters
    ----------
    p_values : sequence of float
        NaNs stay, and do not count.

    Returns
    -------
    ndarray of float
        In the same order; the smallest is multiplied by their number, the next by one less...
    """
    p = np.asarray(p_values, float)
    adjusted = np.full(len(p), np.nan)
    order = [i for i in np.argsort(p, kind="stable") if not np.isnan(p[i])]
    largest = 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p[i]))
        adjusted[i] = largest
    return adjusted


def friedman(scores: np.ndarray) -> tuple[float, float]:
    """Test whether methods differ in rank (Friedman), and by how much two have to (Nemenyi).

    The blocks are meant to be data sets (Demsar 2006, JMLR 7). Seeds on one data set are a poor
    stand-in: nothing is learned about other tracks, and methods without chance tie with themselves.
    See `lib.evaluation.resampling` for what can be said with one data set.

    Parameters
    ----------
    scores : ndarray, (n_blocks, n_methods)
        Where more is better; at least three methods.

    Returns
    -------
    p : float
        How likely ranks so different are if all methods are alike.
    critical_difference : float
        By how much the mean ranks of two methods must differ at the 5% level.
    """
    n_blocks, n_methods = np.shape(scores)
    p = stats.friedmanchisquare(*np.transpose(scores)).pvalue
    q = stats.studentized_range.ppf(0.95, n_methods, np.inf) / np.sqrt(2)
    return float(p), float(q * np.sqrt(n_methods * (n_methods + 1) / (6 * n_blocks)))


def summarise(rows: pd.DataFrame, by: list[str], scores: list[str]) -> pd.DataFrame:
    """Return one row for each method: mean and 95% bounds of each score.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows, one a seed.
    by : list of str
        The columns that tell methods apart.
    scores : list of str
        The columns to average.

    Returns
    -------
    DataFrame
        ``by``, ``seeds``, then for each score ``<score>``, ``<score>_low``, ``<score>_high``, in
        the order in which the methods first appear.
    """
    summary = []
    for method, group in rows.groupby(by, sort=False, dropna=False):
        entry = dict(zip(by, method, strict=True)) | {"seeds": len(group)}
        for score in scores:
            value = interval(group[score])
            entry |= {score: value.mean, f"{score}_low": value.low, f"{score}_high": value.high}
        summary.append(entry)
    return pd.DataFrame(summary)
