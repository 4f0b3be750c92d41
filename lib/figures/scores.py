"""One function a figure of scores; those of the verdict are in `lib.figures.ranking`.

Tables in, a matplotlib figure out; nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from lib.evaluation import statistics
from lib.figures.spaces import scatter, style
from lib.report.wording import minus

BLUE = "#0173b2"


def score_bars(rows: pd.DataFrame, scores: Mapping[str, str]) -> Figure:
    """Draw the scores of methods side by side, with 95% intervals over seeds.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows with a column ``method``.
    scores : mapping of str to str
        Columns to draw, and what to call them.
    """
    scores = {column: name for column, name in scores.items() if rows[column].notna().any()}
    n_rows = -(-len(scores) // 3)
    figure, axes = plt.subplots(
        n_rows, 3, figsize=(9, 2.8 * n_rows), sharey=True, squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(scores) :]:
        axis.set_axis_off()
    for axis, (column, name) in zip(axes.flat, scores.items(), strict=False):
        sns.pointplot(rows, x=column, y="method", errorbar=_interval, linestyle="none",
                      markersize=4, color=BLUE, capsize=0.25, err_kws={"linewidth": 1.5},
                      ax=axis)  # fmt: skip
        axis.axvline(0, color="0.7", linewidth=1, zorder=0)
        axis.set(xlabel=name, ylabel="")
    return figure


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Bound an error bar as the tables do; no bar for a single value."""
    bounds = statistics.interval(values)
    return (bounds.mean,) * 2 if np.isnan(bounds.half) else (bounds.low, bounds.high)


def score_matrix(table: pd.DataFrame, label: str, lower_is_better: Sequence[str] = ()) -> Figure:
    """Draw a table of scores as a heat map: methods down, whatever is compared across.

    Parameters
    ----------
    table : DataFrame
        Numbers; NaN stays empty.
    label : str
        What the colours are.
    lower_is_better : sequence of str
        Columns where less is better. If any is named, each column is coloured from its worst to
        its best, as scores of different units must be; else one scale serves all.
    """
    colours = table
    if lower_is_better:
        signs = [-1 if column in lower_is_better else 1 for column in table]
        colours = (table * signs - (table * signs).min()) / (table.max() - table.min())
    size = (2.6 + 0.72 * table.shape[1], 1.2 + 0.3 * table.shape[0])
    figure, axis = plt.subplots(figsize=size, layout="constrained")
    cells = table.map(lambda value: minus(f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"))
    sns.heatmap(colours, annot=cells, fmt="", cmap="viridis", ax=axis, linewidths=0.5,
                cbar_kws={"label": label})  # fmt: skip
    axis.set(xlabel="", ylabel="")
    axis.set_xticklabels(axis.get_xticklabels(), rotation=30, ha="right")
    axis.tick_params(axis="y", rotation=0)
    return figure


def differences(table: pd.DataFrame) -> Figure:
    """Draw differences with their 95% intervals; blue are those clear of zero.

    Parameters
    ----------
    table : DataFrame
        ``name``, ``mean``, ``low``, ``high``, and whether it is ``clear`` of zero.
    """
    figure, axis = plt.subplots(figsize=(7, 0.8 + 0.32 * len(table)), layout="constrained")
    places = np.arange(len(table))
    colours = np.where(table["clear"].astype(bool), BLUE, "0.6")
    axis.hlines(places, table["low"], table["high"], color=colours, linewidth=2)
    axis.scatter(table["mean"], places, color=colours, s=30, zorder=3)
    axis.axvline(0, color="0.3", linewidth=1)
    axis.set_yticks(places, table["name"])
    axis.invert_yaxis()
    return figure


def noise_line(points: pd.DataFrame, line: pd.DataFrame) -> Figure:
    """Draw each space's silhouette over its effective dimensions, above that of noise.

    Parameters
    ----------
    points : DataFrame
        ``method``, ``dimensions``, ``silhouette``, and that of ``noise`` of the same shape.
    line : DataFrame
        ``dimensions`` and ``silhouette`` of k-means on round noise.
    """
    figure, axis = plt.subplots(figsize=(6, 3.8), layout="constrained")
    axis.plot(line["dimensions"], line["silhouette"], color="0.5", label="round noise")
    axis.vlines(points["dimensions"], points["noise"], points["silhouette"], color="0.7", zorder=1)
    axis.scatter(points["dimensions"], points["noise"], color="0.3", marker="_", s=120,
                 label="noise of the space's shape")  # fmt: skip
    sns.scatterplot(points, x="dimensions", y="silhouette", hue="method", style="method",
                    palette="colorblind", s=70, ax=axis)  # fmt: skip
    axis.set(xlabel="Effective dimensions", ylabel="Silhouette in its own space", xscale="log")
    axis.set_xticks([1, 2, 4, 8, 16], ["1", "2", "4", "8", "16"])
    axis.minorticks_off()
    axis.legend(title=None)
    return figure


def contingency(truth: np.ndarray, labels: np.ndarray, name: str = "Genre") -> Figure:
    """Draw which genres each cluster holds, clusters in the order of their commonest genre.

    Parameters
    ----------
    truth : ndarray of str, (n_tracks,)
        The genre (or the language...) of each track.
    labels : ndarray of int, (n_tracks,)
        The cluster of each track; -1 is noise.
    name : str
        What ``truth`` is.
    """
    table = pd.crosstab(pd.Series(truth, name=name), pd.Series(labels, name="Cluster"))
    table = table[sorted(table, key=lambda cluster: table[cluster].to_numpy().argmax())]
    size = (6.5, 1.2 + 0.3 * len(table))
    figure, axis = plt.subplots(figsize=size, layout="constrained")
    sns.heatmap(table, annot=True, fmt="d", cmap="Blues", cbar_kws={"label": "Tracks"}, ax=axis)
    axis.tick_params(axis="y", rotation=0)
    return figure


def summary(
    points: np.ndarray,
    groups: Mapping[str, np.ndarray],
    rows: pd.DataFrame,
    scores: Mapping[str, str],
    compared: pd.DataFrame,
) -> Figure:
    """Draw a chapter on one page, three by three.

    Above, a map of the best space by three groupings; in the middle, the spaces under k-means by
    three scores; below, the algorithms, the differences between spaces, and the spaces' place
    between geometry and genre.

    Parameters
    ----------
    points : ndarray, (n_tracks, 2)
        A map of the best space.
    groups : mapping of str to ndarray, (n_tracks,)
        Three groupings by name.
    rows : DataFrame
        Tidy rows of real partitions with ``space`` and ``algorithm`` as tables call them.
    scores : mapping of str to str
        Three columns of the rows and their names; the first is the headline.
    compared : DataFrame
        As `differences` takes it.
    """
    figure, axes = plt.subplots(3, 3, figsize=(11, 10.5), layout="constrained")
    for axis, (name, labels) in zip(axes[0], groups.items(), strict=True):
        scatter(axis, points, labels, f"Best space by {name}", size=9)
        axis.legend(fontsize="x-small", loc="upper center", bbox_to_anchor=(0.5, 0), ncols=4,
                    frameon=False, handletextpad=0, columnspacing=0.5)  # fmt: skip
    kmeans = rows[rows["algorithm"] == "k-means"]
    bars = {"errorbar": _interval, "linestyle": "none", "markersize": 4, "color": BLUE,
            "err_kws": {"linewidth": 1.5}}  # fmt: skip
    for axis, (column, name) in zip(axes[1], scores.items(), strict=True):
        sns.pointplot(kmeans, x=column, y="space", ax=axis, **bars)
        axis.set(title=f"k-means: {name}", xlabel=name, ylabel="")
        axis.tick_params(axis="y", labelleft=axis is axes[1, 0])
    headline, name = next(iter(scores.items()))
    algorithms, change, trade = axes[2]
    # seeds repeat each other where nothing is random, so a space counts once
    each = rows.groupby(["algorithm", "space"], sort=False)[headline].mean().reset_index()
    sns.stripplot(each, x=headline, y="algorithm", color=BLUE, jitter=False, ax=algorithms)
    algorithms.set(title="Algorithms, one point a space", xlabel=name, ylabel="")
    palette = {True: BLUE, False: "0.6"}
    sns.stripplot(compared, x="mean", y="pair", hue="clear", palette=palette, legend=False,
                  jitter=False, ax=change)  # fmt: skip
    change.axvline(0, color="0.3", linewidth=1)
    change.set(title="Differences, one point an algorithm", xlabel=f"{name}, difference", ylabel="")
    means = kmeans.groupby("space")[list(scores)].mean()
    for space, (colour, marker) in style(means.index).items():
        trade.scatter(*means.loc[space, ["silhouette", headline]], color=colour, marker=marker,
                      label=space)  # fmt: skip
    trade.legend(fontsize="x-small", loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2,
                 frameon=False, handletextpad=0, columnspacing=0.5)  # fmt: skip
    trade.set(title="Geometry against the headline", xlabel="Silhouette", ylabel=name)
    return figure
