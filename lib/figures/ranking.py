"""Figures of the ranking of methods."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from lib import catalogue
from lib.figures.style import BLUE, ORANGE, WIDTH, styles


def critical_difference(ranks: pd.DataFrame, groups: Sequence[Sequence[str]], score: str) -> Figure:
    """Draw methods on an axis of ranks, and join those that cannot be told apart.

    Each upright bar is one group: no method with a dot on it can be told from any other with a dot
    on it. Two methods that share no bar differ.

    Parameters
    ----------
    ranks : DataFrame
        ``method``, ``rank``, ``low``, ``high``, the best first.
    groups : sequence of sequence of str
        Names of methods that cannot be told apart.
    score : str
        What is ranked.
    """
    rows = {method: row for row, method in enumerate(ranks["method"])}
    widths = [1, 0.17 + 0.025 * len(groups)]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(WIDTH, 1 + 0.23 * len(ranks)), sharey=True, width_ratios=widths,
        layout="constrained",
    )  # fmt: skip
    left.hlines(range(len(ranks)), ranks["low"], ranks["high"], color="0.7", linewidth=2)
    left.scatter(ranks["rank"], range(len(ranks)), color=BLUE, s=25, zorder=3)
    left.set(xlabel=f"Rank by {catalogue.title(score)} (1 is best)", xlim=(0.5, len(ranks) + 0.5))
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.set_yticks(range(len(ranks)), ranks["method"])
    left.set_ylim(len(ranks) - 0.5, -0.5)
    for column, group in enumerate(groups):
        members = [rows[method] for method in group]
        right.vlines(column, min(members), max(members), color="0.3", linewidth=2)
        right.scatter([column] * len(members), members, color="0.3", s=14, zorder=3)
    right.set(xlim=(-0.7, max(len(groups), 1) - 0.3), xticks=[], title="Not apart")
    right.tick_params(axis="y", labelleft=False)
    sns.despine(ax=right, left=True, bottom=True)
    return figure


def top_bars(table: pd.DataFrame, score: str, reference: tuple[str, float]) -> Figure:
    """Draw methods as bars with 95% intervals, coloured by whether anything was learned.

    Parameters
    ----------
    table : DataFrame
        Some rows of the ranking, the best first: ``method``, ``health``, the score and its bounds.
    score : str
        One of its scores.
    reference : (str, float)
        A method to hold the others against, and its score.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 1.2 + 0.28 * len(table)), layout="constrained")
    colours = {"learned": BLUE, "not learned": ORANGE}
    learned = ~table["health"].isin(["", "untrained"])
    rows = range(len(table))
    axis.barh(rows, table[score], color=learned.map({True: BLUE, False: ORANGE}))
    axis.hlines(rows, table[f"{score}_low"], table[f"{score}_high"], color="0.2", linewidth=1.5)
    axis.set_yticks(rows, table["method"])
    axis.invert_yaxis()
    axis.grid(visible=False, axis="y")
    axis.set(xlabel=catalogue.title(score))
    axis.axvline(reference[1], color="0.2", linewidth=1, linestyle="--", label=reference[0])
    handles = [Patch(color=colour, label=name) for name, colour in colours.items()]
    handles += axis.get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def stability(table: pd.DataFrame, score: str) -> Figure:
    """Draw how well methods score over how alike their seeds are; the best are numbered.

    Parameters
    ----------
    table : DataFrame
        The ranking: ``method``, ``algorithm``, ``stability``, ``place`` and the score; methods
        without a stability or a place are left out.
    score : str
        One of its scores.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 4.6), layout="constrained")
    table = table[table["stability"].notna() & table["place"].notna()]
    for algorithm, (colour, marker) in styles(table["algorithm"]).items():
        some = table[table["algorithm"] == algorithm]
        name = catalogue.algorithm_name(algorithm).title
        axis.scatter(some["stability"], some[score], color=colour, marker=marker, s=36,
                     alpha=0.8, linewidths=0, label=name)  # fmt: skip
    axis.set(xlabel="Stability (ARI between seeds)", ylabel=catalogue.title(score))
    best = table.nlargest(5, score)
    for number, row in enumerate(best.itertuples(), 1):
        axis.annotate(str(number), (row.stability, getattr(row, score)), xytext=(4, 2),
                      textcoords="offset points", fontsize="small")  # fmt: skip
    names = [f"{number} {method}" for number, method in enumerate(best["method"], 1)]
    axis.set_title("\n".join(names), fontsize="small", loc="left")
    if len(table):  # with one seed nothing has a stability
        axis.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure
