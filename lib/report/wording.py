"""How the prose words a result: names of methods, numbers, and which of two is ahead."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lib.evaluation import statistics

Facts = dict[str, str | bool]


def clause(
    a: str, b: str, difference: statistics.Interval, clear: bool, fixed: bool, score: str
) -> str:
    """Say which of two methods is ahead, if it can be said.

    Parameters
    ----------
    a, b : str
        What a sentence calls them.
    difference : Interval
        Of a - b over seeds.
    clear : bool
        Whether it holds after correction for all that is compared.
    fixed : bool
        Whether there is no spread over seeds to judge it by.
    score : str
        What a sentence calls the score.

    Returns
    -------
    str
        A clause, in the past tense, which needs no number of the verb.
    """
    if fixed and abs(difference.mean) < 1e-9:
        return f"{a} scored the same as {b}"
    half = f"\u00a0±\u00a0{difference.half:.3f}" if difference.half > 1e-9 else ""
    size = f"{abs(difference.mean):.3f}{half} {score}"
    side = "higher" if difference.mean > 0 else "lower"
    if clear:
        return f"{a} scored {side} than {b}, by {size}"
    if fixed:
        return f"{a} scored {side} than {b} by {size}, with no spread over seeds to judge it by"
    noise = "inside the noise"
    if _alone(difference):
        noise = "not beyond the noise of so many comparisons"
    return f"{a} could not be told from {b} ({side} by {size}, {noise})"


def side(difference: statistics.Interval, clear: bool, fixed: bool) -> str:
    """Say what `clause` says in the cell of a table."""
    if fixed and abs(difference.mean) < 1e-9:
        return "the same"
    if fixed:
        return "no spread to judge by"
    if clear:
        return "higher" if difference.mean > 0 else "lower"
    return "not after correction" if _alone(difference) else "inside the noise"


def signed(difference: statistics.Interval) -> str:
    """Write a difference with its sign, and half of its interval where there is one."""
    return minus(format(difference, "+.3f").replace("±\u00a0+", "±\u00a0"))


def title(name: str) -> str:
    """Write what a sentence calls a space as the head of a table's row."""
    name = name.removeprefix("the ")
    return name[:1].upper() + name[1:]


def _alone(difference: statistics.Interval) -> bool:
    """Whether a difference would hold if nothing else had been compared."""
    return difference.low > 0 or difference.high < 0


def mean(values: Sequence[float], spec: str = ".3f") -> str:
    """Write the mean of a score over seeds with half of its 95% interval."""
    return minus(format(statistics.interval(values), spec))


def moves(first: pd.Series, last: pd.Series, spec: str = ".3f") -> str:
    """Say where a score goes from one end of the sweep to the other."""
    a, b = (mean(values, spec) for values in (first, last))
    if a == b:
        return f"stayed at {a}"
    return f"{'rose' if last.mean() > first.mean() else 'fell'} from {a} to {b}"


def minus(number: str) -> str:
    """Write a number's hyphen as the minus that it is."""
    return number.replace("-", "−")


def number(n: int) -> str:
    """Write a small number as a word, as prose does."""
    words = "no one two three four five six seven eight nine ten eleven twelve".split()
    return words[n] if n < len(words) else f"{n:,}"


def ordinal(n: int) -> str:
    """Write a place in a ranking."""
    special = {1: "first", 2: "second", 3: "third"}
    ending = "th" if 10 < n % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return special.get(n, f"{n}{ending}")


def listed(items: Sequence[str]) -> str:
    """Join one or more items as prose does."""
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else last
