"""Figures of spaces: how networks learned them, their maps, and what they keep of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from lib.errors import unless_missing
from lib.figures.style import panels, scatter


def training_curves(histories: Mapping[str, pd.DataFrame], log: bool = False) -> Figure:
    """Draw losses over epochs: for each model the mean over seeds, and their range as a band.

    Parameters
    ----------
    histories : mapping of str to DataFrame
        By the name of a model: ``seed``, ``epoch``, ``total``, ``reconstruction``, ``kl``.
    log : bool
        Whether the losses are so far apart that they need a logarithmic axis.
    """
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    names = {"total": "Total", "reconstruction": "Reconstruction", "kl": "KL"}
    colours = sns.color_palette("colorblind", len(histories))
    for axis, (column, name) in zip(axes, names.items(), strict=True):
        for (model, history), colour in zip(histories.items(), colours, strict=True):
            if history[column].notna().any():
                sns.lineplot(history, x="epoch", y=column, errorbar=("pi", 100), label=model,
                             color=colour, ax=axis)  # fmt: skip
        axis.set(title=name, xlabel="Epoch", ylabel="nats per track")
        axis.set_yscale("log" if log else "linear")
        axis.legend(title=None)
    return figure


def maps(projections: Mapping[str, np.ndarray], groups: Mapping[str, Sequence]) -> Figure:
    """Draw maps of tracks, coloured by group.

    By one grouping, maps stand three in a row and share their legend. By several, each map has a
    row of its own, with one column for each grouping.

    Parameters
    ----------
    projections : mapping of str to ndarray, (n_tracks, 2)
        Maps by name; a track whose row is NaN is not on that map.
    groups : mapping of str to sequence, (n_tracks,)
        Groups by name: the genre of each track, its cluster. Empty text is unknown.
    """
    several = len(groups) > 1
    columns = len(groups) if several else min(3, len(projections))
    pairs = [(projection, grouping) for projection in projections for grouping in groups]
    if several:
        figure, axes = panels(len(pairs), 3.6, width=5.5 * columns, columns=columns)
    else:
        figure, axes = panels(len(pairs), min(3.6, 6.3 / columns), margin=0.7, columns=columns)
    for axis, (projection, grouping) in zip(axes, pairs, strict=True):
        title = f"{projection} by {grouping}" if several else projection
        size = 28 if several else 36 / columns
        scatter(axis, projections[projection], groups[grouping], title, size)
        if several:
            axis.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    if not several:
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False,
                      fontsize="small", markerscale=columns**0.5)  # fmt: skip
    return figure


@unless_missing
def reconstructions(images: np.ndarray, rebuilt: np.ndarray, titles: Sequence[str]) -> Figure:
    """Draw MFCC images, and below each what a model makes of it.

    Parameters
    ----------
    images, rebuilt : ndarray, (n, n_mfcc, n_columns)
        Standardised images and their reconstructions.
    titles : sequence of str, (n,)
        What stands above each image.
    """
    figure, axes = plt.subplots(
        2, len(images), figsize=(2.4 * len(images), 3.4), sharex=True, sharey=True,
        squeeze=False, layout="constrained",
    )  # fmt: skip
    for row, name, pictures in zip(axes, ("Track", "Model"), (images, rebuilt), strict=True):
        for axis, picture in zip(row, pictures, strict=True):
            drawn = axis.imshow(
                picture, cmap="vlag", vmin=-3, vmax=3, aspect="auto", origin="lower"
            )
            axis.grid(visible=False)
        row[0].set(ylabel=name)
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title)
    figure.supxlabel("Frame", fontsize="medium")
    figure.colorbar(drawn, ax=axes, label="Standardised MFCC")
    return figure
