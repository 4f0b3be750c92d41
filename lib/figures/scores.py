"""Figures of scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from lib import catalogue
from lib.evaluation import statistics
from lib.figures.style import BLUE, panels


def score_bars(rows: pd.DataFrame, scores: Sequence[str]) -> Figure:
    """Draw scores of methods with 95% intervals over seeds, one panel for each score.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows of the methods to draw.
    scores : sequence of str
        Columns of the rows; one without values has no panel.
    """
    rows = catalogue.with_titles(rows)
    scores = [score for score in scores if rows[score].notna().any()]
    figure, axes = panels(len(scores), 2.8, width=9, sharey=True)
    for axis, score in zip(axes, scores, strict=True):
        sns.pointplot(rows, x=score, y="method", errorbar=_interval, linestyle="none",
                      markersize=4, color=BLUE, capsize=0.25, err_kws={"linewidth": 1.5},
                      ax=axis)  # fmt: skip
        axis.axvline(0, color="0.7", linewidth=1, zorder=0)
        lower = "\n(less is better)" if catalogue.SCORES[score].lower_is_better else ""
        axis.set(xlabel=catalogue.title(score) + lower, ylabel="")
    return figure


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Bound an error bar as the tables do; no bar for a single value."""
    bounds = statistics.interval(values)
    return (bounds.mean,) * 2 if np.isnan(bounds.half) else (bounds.low, bounds.high)


def score_matrix(table: pd.DataFrame, label: str, *, by_column: bool = False) -> Figure:
    """Draw a table of scores as a heat map: spaces down, whatever is compared across.

    Parameters
    ----------
    table : DataFrame
        Numbers; NaN stays empty.
    label : str
        What the colours are.
    by_column : bool
        Whether columns are scores by title, each coloured from its worst to its best, as different
        units must be; else one scale serves all.
    """
    colours = table
    if by_column:
        by_title = {score.title: score.sign for score in catalogue.SCORES.values()}
        signs = [by_title[column] for column in table]
        colours = (table * signs - (table * signs).min()) / (table.max() - table.min())
    size = (2.6 + 0.72 * table.shape[1], 1.2 + 0.3 * table.shape[0])
    figure, axis = plt.subplots(figsize=size, layout="constrained")
    cells = table.map(lambda v: statistics.minus(f"{v:.2f}" if abs(v) < 10 else f"{v:.0f}"))
    sns.heatmap(colours, annot=cells, fmt="", cmap="viridis", ax=axis, linewidths=0.5,
                cbar_kws={"label": label})  # fmt: skip
    axis.set(xlabel="", ylabel="")
    axis.set_xticklabels(axis.get_xticklabels(), rotation=30, ha="right")
    axis.tick_params(axis="y", rotation=0)
    return figure


def differences(table: pd.DataFrame) -> Figure:
    """Draw differences with their 95% intervals, those clear of zero in blue.

    Parameters
    ----------
    table : DataFrame
        ``name``, ``mean``, ``low``, ``high``, and whether it is ``clear`` of zero.
    """
    figure, axis = plt.subplots(figsize=(7, 0.8 + 0.32 * len(table)), layout="constrained")
    rows = np.arange(len(table))
    colours = np.where(table["clear"].astype(bool), BLUE, "0.6")
    axis.hlines(rows, table["low"], table["high"], color=colours, linewidth=2)
    axis.scatter(table["mean"], rows, color=colours, s=30, zorder=3)
    axis.axvline(0, color="0.3", linewidth=1)
    axis.set_yticks(rows, table["name"])
    axis.invert_yaxis()
    return figure


def noise_line(points: pd.DataFrame, line: pd.DataFrame) -> Figure:
    """Draw the silhouette of each space over its effective dimensions, and that of noise.

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
    """Draw what each cluster holds, clusters in the order of their commonest genre.

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
