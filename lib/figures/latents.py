"""Figures of latent spaces: what beta does to them, and what one latent does."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.evaluation import health, statistics
from lib.figures.style import BLUE, GREEN, ORANGE, WIDTH, panels
from lib.inspection import Traversal

_VERDICTS = {"healthy": (BLUE, "o"), "weak": (ORANGE, "^"), "collapsed": ("0.2", "X"),
             "untrained": ("0.5", ".")}  # fmt: skip


def rate_distortion(table: pd.DataFrame) -> Figure:
    """Draw what each run of a sweep pays in KL, and what it gets for it.

    Parameters
    ----------
    table : DataFrame
        One row per run: ``beta``, ``rate``, ``distortion``, ``r2`` and ``verdict``.
    """
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.1), layout="constrained")
    columns = {"distortion": "Distortion (nats per track)", "r2": "R² of the reconstruction"}
    for axis, (column, name) in zip(axes, columns.items(), strict=True):
        means = table.groupby("beta")[["rate", column]].mean()
        axis.plot(means["rate"], means[column], color="0.7", linewidth=1, zorder=1)
        for verdict, (colour, marker) in _VERDICTS.items():
            own = table[table["verdict"] == verdict]
            if len(own):
                axis.scatter(own["rate"], own[column], marker=marker, s=30, color=colour,
                             alpha=0.8, linewidths=0, label=verdict)  # fmt: skip
        for beta, (rate, value) in zip(means.index, means.to_numpy(), strict=True):
            axis.annotate(f"β {beta:g}", (rate, value), xytext=(6, 5), fontsize="small",
                          textcoords="offset points")  # fmt: skip
        axis.margins(x=0.2, y=0.14)
        axis.set(xlabel="Rate (KL, nats per track)", ylabel=name)
    axes[1].axhline(health.COLLAPSED_R2, color="0.5", linestyle=":", linewidth=1)
    axes[0].legend(title="Each network", frameon=False)
    return figure


def kl_bars(dimensions: pd.DataFrame) -> Figure:
    """Draw the KL of each latent dimension, the largest first, one panel for each beta.

    Bars are means over seeds by rank, whiskers run from the lowest seed to the highest; a bar is
    hatched where fewer than half of the seeds use it.

    Parameters
    ----------
    dimensions : DataFrame
        One row per run and latent: ``beta``, ``rank`` by KL, ``kl``, and whether it is ``active``.
    """
    betas = sorted(dimensions["beta"].unique())
    figure, axes = panels(len(betas), 1.8, margin=0.5, sharex=True, sharey=True)
    for axis, beta in zip(axes, betas, strict=True):
        ranks = dimensions[dimensions["beta"] == beta].groupby("rank")
        mean, low, high = (getattr(ranks["kl"], f)() for f in ("mean", "min", "max"))
        used = ranks["active"].mean() >= 0.5
        whiskers = {"ecolor": "0.3", "elinewidth": 0.8}
        for kind, colour, hatch in ((used, BLUE, None), (~used, "0.85", "////")):
            if kind.any():
                reach = [(mean - low)[kind], (high - mean)[kind]]
                axis.bar(mean.index[kind], mean[kind], yerr=reach, color=colour, hatch=hatch,
                         edgecolor="0.5" if hatch else colour, error_kw=whiskers,
                         linewidth=0)  # fmt: skip
        n_used = ranks["active"].mean().sum()
        axis.set_title(f"β {beta:g}: {n_used:.1f} in use, {mean.sum():.2g} nats", fontsize="small")
        axis.grid(visible=False, axis="x")
    last = int(dimensions["rank"].max())
    axes[0].set_xticks([1, *range(5, last + 1, 5)])
    axes[0].set_yscale("symlog", linthresh=health.ACTIVE_KL)
    figure.supxlabel("Latent dimension, by its KL", fontsize="medium")
    figure.supylabel("KL (nats)", fontsize="medium")
    return figure


def code_state(table: pd.DataFrame) -> Figure:
    """Draw over beta how many latents are used, how much they vary, and how alike they are.

    Parameters
    ----------
    table : DataFrame
        One row per run: ``beta``, ``active_units``, ``variance``, ``correlation`` and
        ``total_correlation``.
    """
    columns = {
        "active_units": "Active units",
        "variance": "Variance of the latents",
        "correlation": "Mean |correlation|, active",
        "total_correlation": "Total correlation (nats)",
    }
    figure, axes = panels(len(columns), 2.3, columns=2, sharex=True)
    for axis, (column, name) in zip(axes, columns.items(), strict=True):
        _over_beta(axis, table, column, BLUE, "o", "-", name)
        axis.set_title(name, fontsize="medium")
        axis.set_ylim(bottom=-0.05 * axis.get_ylim()[1])  # room for the markers at 0
    for axis in axes[2:]:
        _beta_axis(axis, table)
    return figure


def silhouettes(table: pd.DataFrame) -> Figure:
    """Draw over beta the silhouette in a model's own space, the shared one and the AMI.

    Betas at which most runs collapsed are hatched, and the verdicts stand above each.

    Parameters
    ----------
    table : DataFrame
        One row per run: ``beta``, ``verdict``, ``silhouette``, ``silhouette_shared`` and ``ami``
        (NaN without labels).
    """
    figure, axis = plt.subplots(figsize=(WIDTH, 3.7), layout="constrained")
    lines = {
        "silhouette": ("Silhouette in its own space", ORANGE, "o", "-"),
        "silhouette_shared": ("Silhouette in the shared space", BLUE, "s", "--"),
        "ami": ("AMI with the genres", GREEN, "^", "-."),
    }
    for column, (name, colour, marker, line) in lines.items():
        if table[column].notna().any():
            _over_beta(axis, table, column, colour, marker, line, name)
    _beta_axis(axis, table)
    _hatch_collapsed(axis, table)
    axis.axhline(0, color="0.3", linewidth=0.8)
    axis.set_ylabel("Score")
    axis.legend(frameon=True, framealpha=0.9)
    return figure


def traversal(found: Traversal) -> Figure:
    """Draw what the decoder makes of codes in which one latent is moved.

    Decoded images (n_dims, n_steps, 1, n_mfcc, n_columns) become heat maps with one scale of
    colours, decoded vectors (n_dims, n_steps, n_features) lines, the darker the lower the step.

    Parameters
    ----------
    found : Traversal
        The latents that were moved, the steps, and what was decoded.
    """
    if not len(found.dimensions):
        figure, axis = plt.subplots(figsize=(WIDTH, 1), layout="constrained")
        axis.set_axis_off()
        axis.text(0.5, 0.5, "No latent is active: there is nothing to traverse.", ha="center")
        return figure
    draw = _traversal_lines if found.decoded.ndim == 3 else _traversal_images
    return draw(found)


def _traversal_images(found: Traversal) -> Figure:
    shape = found.decoded.shape[:2]
    figure, axes = plt.subplots(
        *shape, figsize=(WIDTH, 0.8 + 0.75 * shape[0]), sharex=True, sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.02, wspace=0.01, hspace=0.02)
    limit = np.quantile(np.abs(found.decoded), 0.99)
    for row, pictures in zip(axes, found.decoded, strict=True):
        for axis, picture in zip(row, pictures[:, 0], strict=True):
            drawn = axis.imshow(picture, cmap="vlag", vmin=-limit, vmax=limit, aspect="auto",
                                origin="lower")  # fmt: skip
            axis.set(xticks=[], yticks=[])
    for axis, step in zip(axes[0], found.steps, strict=True):
        axis.set_title(_signed(step), fontsize="small")
    for axis, label in zip(axes[:, 0], _row_labels(found), strict=True):
        axis.set_ylabel(label, fontsize="small", rotation=0, ha="right", va="center")
    figure.supxlabel(
        "Each image: time across, MFCCs up. Above: the latent's value", fontsize="small"
    )
    figure.colorbar(drawn, ax=axes, label="Standardised MFCC", extend="both", fraction=0.03)
    return figure


def _traversal_lines(found: Traversal) -> Figure:
    figure, axes = panels(len(found.dimensions), 1.7, margin=0.8, sharex=True, sharey=True)
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(found.steps)))
    features = np.arange(1, found.decoded.shape[2] + 1)
    for axis, lines, label in zip(axes, found.decoded, _row_labels(found), strict=True):
        for line, colour, step in zip(lines, colours, found.steps, strict=True):
            axis.plot(features, line, color=colour, linewidth=1.2, label=_signed(step))
        axis.set_title(label.replace("\n", ", "), fontsize="medium")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(handles), frameon=False,
                  fontsize="small", title="The latent's value")  # fmt: skip
    figure.supxlabel("Feature", fontsize="medium")
    figure.supylabel("Decoded (standardised)", fontsize="medium")
    return figure


def _signed(step: float) -> str:
    return statistics.minus(f"{step:+.2g}") if step else "0"


def _row_labels(found: Traversal) -> list[str]:
    pairs = zip(found.dimensions, found.kl, strict=True)
    return [f"latent {dimension}\n{kl:.2g} nats" for dimension, kl in pairs]


def _over_beta(
    axis: Axes, table: pd.DataFrame, column: str, colour: str, marker: str, line: str, name: str
) -> None:
    """Draw means over seeds with 95% intervals, and each run as a faint dot."""
    groups = table.dropna(subset=column).groupby("beta")[column]
    bounds = [statistics.interval(values) for _, values in groups]
    betas = [beta for beta, _ in groups]
    means = np.array([bound.mean for bound in bounds])
    halves = np.nan_to_num([bound.half for bound in bounds])
    axis.errorbar(betas, means, yerr=halves, color=colour, marker=marker, linestyle=line,
                  markersize=5, linewidth=1.5, capsize=2, label=name)  # fmt: skip
    axis.scatter(table["beta"], table[column], color=colour, s=8, alpha=0.35, linewidths=0)


def _beta_axis(axis: Axes, table: pd.DataFrame) -> None:
    betas = sorted(table["beta"].unique())
    axis.set_xscale("log")
    axis.set_xticks(betas, [f"{beta:g}" for beta in betas])
    axis.minorticks_off()
    axis.set_xlabel("β")


def _hatch_collapsed(axis: Axes, table: pd.DataFrame) -> None:
    """Hatch the betas at which most runs collapsed, and count verdicts above each beta."""
    betas = np.array(sorted(table["beta"].unique()))
    steps = np.diff(np.log(betas)) if len(betas) > 1 else np.ones(1)
    edges = np.log(betas) - np.append(steps[0], steps)[: len(betas)] / 2  # halfway between betas
    edges = np.exp(np.append(edges, np.log(betas[-1]) + steps[-1] / 2))
    axis.set_xlim(edges[0], edges[-1])
    for beta, left, right in zip(betas, edges[:-1], edges[1:], strict=True):
        verdicts = table.loc[table["beta"] == beta, "verdict"].value_counts()
        if verdicts.get("collapsed", 0) > verdicts.sum() / 2:
            axis.axvspan(left, right, facecolor="none", edgecolor="0.75", hatch="///", linewidth=0,
                         zorder=0)  # fmt: skip
        text = "\n".join(f"{count} {verdict}" for verdict, count in verdicts.items())
        axis.annotate(text, (beta, 1), xycoords=("data", "axes fraction"), xytext=(0, 3),
                      textcoords="offset points", ha="center", fontsize="small")  # fmt: skip
