"""How a result is worded: what of a difference can be said, numbers, lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from lib.catalogue import SCORES
from lib.evaluation import Difference, Interval, interval
from lib.evaluation.statistics import HIGHER, LOWER, NO_SPREAD, NOISE, NOT_CORRECTED, SAME

JUDGED = {
    HIGHER: "beyond the noise of the seeds",
    LOWER: "beyond the noise of the seeds",
    NOT_CORRECTED: "not beyond the noise of so many comparisons",
    NOISE: "inside the noise",
    NO_SPREAD: "with no spread over seeds to judge it by",
    SAME: "no difference at all",
}
"""The verdict on a `Difference`, in a sentence; the cell of a table takes the verdict itself."""
FEW = 6
"""Of more names than these, a list may give the first and the number of the others."""


def clause(a: str, b: str, difference: Difference, score: str) -> str:
    """Say which of two methods is ahead, in the past tense, which needs no number of the verb."""
    if difference.verdict == SAME:
        return f"{a} scored the same as {b}"
    side = HIGHER if difference.mean > 0 else LOWER
    size = f"{difference}".removeprefix("−") + f" {score}"
    if difference.clear:
        return f"{a} scored {side} than {b}, by {size}"
    judged = JUDGED[difference.verdict]
    if difference.fixed:
        return f"{a} scored {side} than {b} by {size}, {judged}"
    return f"{a} could not be told from {b} ({side} by {size}, {judged})"


def mean(values: Sequence[float], spec: str = ".3f") -> str:
    """Write the mean of a score over seeds with half of its 95% interval."""
    return format(interval(values), spec)


def bounded(row: pd.Series, score: str) -> str:
    """Write a score of a table's row with half of its 95% interval."""
    return f"{Interval(row[score], row[f'{score}_low'], row[f'{score}_high'])}"


def moves(first: pd.Series, last: pd.Series, spec: str = ".3f") -> str:
    """Say where a score goes from one end of the sweep to the other."""
    a, b = (mean(values, spec) for values in (first, last))
    if a == b:
        return f"stayed at {a}"
    return f"{'rose' if last.mean() > first.mean() else 'fell'} from {a} to {b}"


def the(score: str) -> str:
    """Name a score where a sentence needs its article, as in "by AMI", "by the silhouette"."""
    noun = SCORES[score].noun
    return noun if noun.isupper() else f"the {noun}"


def number(n: int) -> str:
    """Write a small number as a word, as prose does."""
    words = "no one two three four five six seven eight nine ten eleven twelve".split()
    return words[n] if n < len(words) else f"{n:,}"


def ordinal(n: int) -> str:
    """Write a place in a ranking."""
    special = {1: "first", 2: "second", 3: "third"}
    ending = "th" if 10 < n % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return special.get(n, f"{n}{ending}")


def listed(items: Iterable[str], *, few: bool = False) -> str:
    """Join items as prose does; with `few`, of more than `FEW` the first and a number."""
    items = list(items)
    if few and len(items) > FEW:
        items = [*items[: FEW - 2], f"{len(items) - FEW + 2} others"]
    mark = "; " if any("," in item for item in items) else ", "
    return " and ".join([mark.join(items[:-1]), items[-1]] if len(items) > 1 else items)
