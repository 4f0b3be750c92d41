"""Statistics over seeds: a mean is worth as much as its interval, a difference as its test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

LEVEL = 0.05
NOTHING = 1e-9  # spreads and differences below this are rounding

HIGHER, LOWER = "higher", "lower"
SAME = "the same"
NO_SPREAD = "no spread to judge by"
NOT_CORRECTED = "not after correction"
NOISE = "inside the noise"
"""The verdicts on a `Difference`."""


def minus(text: str) -> str:
    """Write the hyphens of numbers as the minus signs that they are; files keep the hyphens."""
    return text.replace("-", "−")


@dataclass(frozen=True)
class Interval:
    """A mean and the 95% interval around it.

    Its format is mean ± half width, as in 0.312 ± 0.008, with a true minus sign; the mean alone
    where nothing varies.

    Attributes
    ----------
    mean, low, high : float
        The bounds are NaN where nothing is known of the spread.
    """

    mean: float
    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of the interval's width; NaN for a single value."""
        return (self.high - self.low) / 2

    def __format__(self, spec: str) -> str:
        spec = spec or ".3f"
        mean = minus(format(self.mean, spec))
        # no-break spaces: a value is not to be torn apart at the end of a line
        half = format(self.half, spec.removeprefix("+"))
        return f"{mean}\u00a0±\u00a0{half}" if self.half > NOTHING else mean


def interval(values: Sequence[float]) -> Interval:
    """Return the mean over seeds with its 95% interval, by Student's t.

    It bounds the mean over all seeds there are: the chance in initialisation, batch order and
    k-means starts. It does not tell how another sample of tracks would do.

    Parameters
    ----------
    values : sequence of float
        A score for each seed; NaNs are left out. The bounds of fewer than two values are NaN.
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


@dataclass(frozen=True)
class Difference(Interval):
    """By how much one method scores higher than another, and whether that can be said at all.

    Attributes
    ----------
    p : float
        Of the t-test, two-sided, after `correct` adjusted for the number of comparisons; NaN where
        there is no spread over seeds.
    n_seeds : int
        How many scores of each method were compared.
    """

    p: float = np.nan
    n_seeds: int = 0

    @property
    def fixed(self) -> bool:
        """Whether there is no spread over seeds: seeds change nothing, or there is one only."""
        return bool(np.isnan(self.p))

    @property
    def clear(self) -> bool:
        """Whether the difference is beyond the noise of the seeds, at the 5% level."""
        return bool(self.p < LEVEL)

    @property
    def verdict(self) -> str:
        """One of the constants of this module, from ``HIGHER`` to ``NOISE``.

        ``NOT_CORRECTED`` would be clear if nothing else had been compared.
        """
        if self.fixed:
            return SAME if abs(self.mean) < NOTHING else NO_SPREAD
        if self.clear:
            return HIGHER if self.mean > 0 else LOWER
        return NOT_CORRECTED if self.low > 0 or self.high < 0 else NOISE


def compare(a: Sequence[float], b: Sequence[float], *, paired: bool = True) -> Difference:
    """Compare two methods by their scores, a - b, as if nothing else were compared: see `correct`.

    Parameters
    ----------
    a, b : sequence of float
        The scores of two methods, one for each seed. Seeds with a NaN are left out.
    paired : bool
        Whether the scores belong together one by one, being of the same seeds: then by the paired
        t-test, else by Welch's (1947).
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if paired:
        difference = (a - b)[~np.isnan(a - b)]
        found = interval(difference)
        spread = len(difference) > 1 and np.ptp(difference) >= NOTHING
        p = float(stats.ttest_1samp(difference, 0).pvalue) if spread else np.nan
        return Difference(found.mean, found.low, found.high, p, len(difference))
    a, b = a[~np.isnan(a)], b[~np.isnan(b)]
    n_seeds, mean = min(len(a), len(b)), float(a.mean() - b.mean())
    if n_seeds < 2 or max(np.ptp(a), np.ptp(b)) < NOTHING:
        return Difference(mean, np.nan, np.nan, np.nan, n_seeds)
    test = stats.ttest_ind(a, b, equal_var=False)
    return Difference(mean, *map(float, test.confidence_interval()), float(test.pvalue), n_seeds)


def correct(differences: Iterable[Difference]) -> list[Difference]:
    """Adjust each ``p`` for the number of differences (Holm 1979): all verdicts hold at once.

    Parameters
    ----------
    differences : iterable of Difference
        All that is compared; those without a spread do not count.
    """
    differences = list(differences)
    p = pd.Series([difference.p for difference in differences], dtype=float).sort_values()
    # the smallest times their number, the next times one less...; NaNs come last, and do not count
    factors = p.count() - np.arange(len(p))
    adjusted = (p * factors).clip(upper=1).cummax().sort_index()
    return [replace(d, p=float(p)) for d, p in zip(differences, adjusted, strict=True)]


def summarise(rows: pd.DataFrame, by: list[str], scores: list[str]) -> pd.DataFrame:
    """Return one row for each method: mean and 95% bounds of each score.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows, one for each seed.
    by, scores : list of str
        The columns that tell methods apart, and those to average.

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
