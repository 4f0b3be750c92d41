"""One function a figure of the verdict: ranks, the best, stability, all of it on one page.

Tables of `lib.evaluation.ranking` in, a matplotlib figure out; nothing here reads a file.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from lib import catalogue
from lib.figures.scores import BLUE
from lib.figures.spaces import scatter, style

LEARNED = {"learned": BLUE, "not learned": "#de8f05"}


def critical_difference(ranks: pd.DataFrame, groups: Sequence[Sequence[str]], label: str) -> Figure:
    """Draw methods on an axis of ranks, and join those that cannot be told apart.

    Each upright bar is one group: no method with a dot on it can be told from any other with a dot
    on it. Two methods that share no bar differ.

    Parameters
    ----------
    ranks : DataFrame
        ``method``, ``rank``, ``low``, ``high``, best first: as from `lib.evaluation.resampling.Draws.ranks`.
    groups : sequence of sequence of str
        As from `lib.evaluation.resampling.Draws.groups`.
    label : str
        What is ranked.
    """
    places = {method: place for place, method in enumerate(ranks["method"])}
    widths = [1, 0.17 + 0.025 * len(groups)]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(6.5, 1 + 0.23 * len(ranks)), sharey=True, width_ratios=widths,
        layout="constrained",
    )  # fmt: skip
    left.hlines(range(len(ranks)), ranks["low"], ranks["high"], color="0.7", linewidth=2)
    left.scatter(ranks["rank"], range(len(ranks)), color=BLUE, s=25, zorder=3)
    left.set(xlabel=f"Rank by {label} (1 is best)", xlim=(0.5, len(ranks) + 0.5))
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    left.set_yticks(range(len(ranks)), ranks["method"])
    left.set_ylim(len(ranks) - 0.5, -0.5)
    for column, group in enumerate(groups):
        members = [places[method] for method in group]
        right.vlines(column, min(members), max(members), color="0.3", linewidth=2)
        right.scatter([column] * len(members), members, color="0.3", s=14, zorder=3)
    right.set(xlim=(-0.7, max(len(groups), 1) - 0.3), xticks=[], title="Not apart")
    right.tick_params(axis="y", labelleft=False)
    sns.despine(ax=right, left=True, bottom=True)
    return figure


def top_bars(table: pd.DataFrame, score: str, label: str, line: tuple[str, float]) -> Figure:
    """Draw methods as bars with 95% intervals, coloured by whether anything was learned.

    Parameters
    ----------
    table : DataFrame
        Some rows of `lib.evaluation.ranking.table`.
    score : str
        One of its scores.
    label : str
        What tables call it.
    line : (str, float)
        A method to hold the others against, and its score.
    """
    figure, axis = plt.subplots(figsize=(6.5, 1.2 + 0.28 * len(table)), layout="constrained")
    _top(axis, table, score, label)
    axis.axvline(line[1], color="0.2", linewidth=1, linestyle="--", label=line[0])
    handles = [Patch(color=colour, label=name) for name, colour in LEARNED.items()]
    handles += axis.get_legend_handles_labels()[0]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _top(axis: Axes, table: pd.DataFrame, score: str, label: str) -> None:
    """Draw methods as bars into an axis, the first on top."""
    taught = ~table["health"].isin(["", "untrained"])
    colours = taught.map({True: LEARNED["learned"], False: LEARNED["not learned"]})
    axis.barh(range(len(table)), table[score], color=colours)
    bounds = table[f"{score}_low"], table[f"{score}_high"]
    axis.hlines(range(len(table)), *bounds, color="0.2", linewidth=1.5)
    axis.set_yticks(range(len(table)), table["method"])
    axis.invert_yaxis()
    axis.grid(visible=False, axis="y")
    axis.set(xlabel=label)


def stability(table: pd.DataFrame, score: str, label: str) -> Figure:
    """Draw how well methods score over how alike their seeds are; the best are numbered.

    Parameters
    ----------
    table : DataFrame
        As from `lib.evaluation.ranking.table`; methods without a stability or a place are left out.
    score : str
        One of its scores.
    label : str
        What tables call it.
    """
    figure, axis = plt.subplots(figsize=(6.5, 4.6), layout="constrained")
    _stability(axis, table, score, label, size=36)
    best = table[table["stability"].notna() & table["place"].notna()].nlargest(5, score)
    for number, row in enumerate(best.itertuples(), 1):
        axis.annotate(str(number), (row.stability, getattr(row, score)), xytext=(4, 2),
                      textcoords="offset points", fontsize="small")  # fmt: skip
    names = [f"{number} {method}" for number, method in enumerate(best["method"], 1)]
    axis.set_title("\n".join(names), fontsize="small", loc="left")
    axis.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def _stability(axis: Axes, table: pd.DataFrame, score: str, label: str, size: float) -> None:
    """Draw scores over stability into an axis."""
    table = table[table["stability"].notna() & table["place"].notna()]
    for algorithm, (colour, marker) in style(table["algorithm"]).items():
        some = table[table["algorithm"] == algorithm]
        axis.scatter(some["stability"], some[score], color=colour, marker=marker, s=size,
                     alpha=0.8, linewidths=0, label=catalogue.algorithm(algorithm).title)  # fmt: skip
    axis.set(xlabel="Stability (ARI between seeds)", ylabel=label)


def verdict_matrix(table: pd.DataFrame, scores: Mapping[str, str]) -> Figure:
    """Draw the verdict as a heat map: methods down, scores across, coloured by rank.

    Parameters
    ----------
    table : DataFrame
        Some rows of `lib.evaluation.ranking.table`; what is not ranked has no colour.
    scores : mapping of str to str
        Columns with a rank each, and their names.
    """
    figure, axis = plt.subplots(figsize=(6.5, 1.1 + 0.24 * len(table)), layout="constrained")
    ranks = table[[f"{score}_rank" for score in scores] + ["mean_rank"]]
    shares = ranks.rank().to_numpy() / len(table)
    cmap = plt.get_cmap("viridis_r").with_extremes(bad="0.92")
    drawn = axis.imshow(shares, cmap=cmap, vmin=0, vmax=1, aspect="auto")
    texts = [table[score].map("{:.3f}".format) for score in scores]
    texts += [table["mean_rank"].map("{:.1f}".format)]
    for column, text in enumerate(texts):
        for row, (words, share) in enumerate(zip(text, shares[:, column], strict=True)):
            if words != "nan":
                dark = share > 0.5 and not np.isnan(share)
                axis.text(column, row, words, ha="center", va="center", fontsize="small",
                          color="white" if dark else "0.1")  # fmt: skip
    axis.set_xticks(range(len(texts)), [*scores.values(), "Mean rank"])
    axis.tick_params(axis="x", rotation=20)
    plt.setp(axis.get_xticklabels(), ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(table)), table["method"])
    axis.grid(visible=False)
    bar = figure.colorbar(drawn, ax=axis, label="Rank among these")
    bar.ax.invert_yaxis()  # the best on top, as in the rows
    bar.set_ticks([1 / len(table), 1], labels=["best", "last"])
    return figure


def hard_summary(
    points: np.ndarray,
    groups: Mapping[str, np.ndarray],
    table: pd.DataFrame,
    ranks: pd.DataFrame,
    betas: pd.DataFrame,
    compared: pd.DataFrame,
    headline: tuple[str, str],
) -> Figure:
    """Draw the Hard task on one page, three by three.

    Above, a map of the best space by three groupings; in the middle, the best methods, the ranks of
    the spaces over draws of tracks and seeds, and score against stability; below, what beta, words
    and the choice of algorithm change.

    Parameters
    ----------
    points : ndarray, (n_tracks, 2)
        A map of the best space.
    groups : mapping of str to ndarray, (n_tracks,)
        Three groupings by name.
    table : DataFrame
        As from `lib.evaluation.ranking.table`.
    ranks : DataFrame
        As from `lib.evaluation.resampling.Draws.ranks`.
    betas : DataFrame
        As from `lib.evaluation.ranking.betas`.
    compared : DataFrame
        What words add: as from `lib.evaluation.comparison.differences`; may be empty.
    headline : (str, str)
        A score and its name.
    """
    score, label = headline
    with plt.rc_context({"font.size": 8, "axes.titlesize": 9, "axes.labelsize": 8,
                         "xtick.labelsize": 7.5, "ytick.labelsize": 7.5}):  # fmt: skip
        figure = plt.figure(figsize=(10, 11.8), layout="constrained")
        # a row each, so that the long names of one take no room from the others
        axes = [row.subplots(1, 3) for row in figure.subfigures(3, 1)]
        for axis, (name, labels) in zip(axes[0], groups.items(), strict=True):
            scatter(axis, points, labels, f"Best space by {name}", size=9)
            axis.legend(fontsize=6.5, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=4,
                        frameon=False, handletextpad=0, columnspacing=0.5)  # fmt: skip
        best, ranked, stable = axes[1]
        _top(best, table.nsmallest(10, "place"), score, label)
        best.set(title="The ten best overall")
        shown = ranks[:20]
        ranked.hlines(range(len(shown)), shown["low"], shown["high"], color="0.7", linewidth=2)
        ranked.scatter(shown["rank"], range(len(shown)), color=BLUE, s=12, zorder=3)
        ranked.set_yticks(range(len(shown)), shown["method"])
        ranked.invert_yaxis()
        ranked.xaxis.set_major_locator(MaxNLocator(integer=True))
        ranked.set(title="Ranks over tracks and seeds", xlabel=f"Rank by {label}")
        _stability(stable, table, score, label, size=16)
        stable.set(title="Score against stability")
        stable.legend(fontsize=6.5, loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=3,
                      frameon=False, handletextpad=0, columnspacing=0.5)  # fmt: skip
        for axis in (best, ranked):
            axis.set_yticks(axis.get_yticks(), _wrapped(axis.get_yticklabels()))
        beta, words, algorithms = axes[2]
        _betas(beta, betas, score, label)
        palette = {True: BLUE, False: "0.6"}
        if len(compared):
            sns.stripplot(compared, x="mean", y="pair", hue="clear", palette=palette, legend=False,
                          ax=words)  # fmt: skip
            words.set_yticks(words.get_yticks(), _wrapped(words.get_yticklabels()))
        words.axvline(0, color="0.3", linewidth=1)
        words.set(title="Words, one point an algorithm", xlabel=f"{label}, difference", ylabel="")
        fair = table[table["place"].notna()]
        names = [catalogue.algorithm(key).title for key in fair["algorithm"]]
        sns.stripplot(x=fair[score], y=names, color=BLUE, alpha=0.6, size=4, ax=algorithms)
        algorithms.set(title="Algorithms, one point a space", xlabel=label, ylabel="")
    return figure


def _wrapped(names: Sequence[Text]) -> list[str]:
    return [textwrap.fill(name.get_text(), 21) for name in names]


def _betas(axis: Axes, betas: pd.DataFrame, score: str, label: str) -> None:
    """Draw into an axis how scores change with beta; a cross where a model collapsed."""
    axis.set(title="What beta changes")
    if not len(betas):
        return
    names = {"silhouette_shared": "shared silhouette", "silhouette": "own silhouette", score: label}
    places = range(len(betas))
    for (column, name), (colour, marker) in zip(names.items(), style("abc").values(), strict=False):
        axis.plot(places, betas[column], color=colour, marker=marker, markersize=5, label=name)
    dead = betas["health"].str.contains("collapsed").to_numpy()
    for column in names:
        axis.plot(np.flatnonzero(dead), betas.loc[dead, column], "kx", markersize=9)
    axis.set_xticks(places, [f"{beta:g}" for beta in betas["beta"]])
    axis.set(xlabel="Beta (crosses: collapsed)")
    axis.legend(fontsize=6.5)
