"""One function a figure: tracks, training, spaces. Those of scores are in `lib.figures.scores`.

Arrays in, a matplotlib figure out; nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib import runtime
from lib.audio import mfcc as audio

MARKERS = "osD^vPX<>*"
UNKNOWN = ("#999999", ".")
sns.set_theme(style="whitegrid", context="notebook", font_scale=0.85)


def style(groups: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give each group its colour and marker, the same in every figure.

    Colours come from a palette that the colour-blind can tell apart; markers help where there are
    more groups than such colours, or no colours.

    Parameters
    ----------
    groups : sequence of str
        All groups there are, genres or clusters; the empty name (unknown) is grey.

    Returns
    -------
    dict
        From a group's name to its colour and marker.
    """
    # numbers in their order, so that cluster 10 comes after cluster 9
    names = sorted(set(groups) - {""}, key=lambda name: name.rjust(4) if _whole(name) else name)
    colours = sns.color_palette("colorblind" if len(names) <= 10 else "husl", len(names)).as_hex()
    styles = {
        name: (colour, MARKERS[i % len(MARKERS)])
        for i, (name, colour) in enumerate(zip(names, colours, strict=True))
    }
    return styles | ({"": UNKNOWN} if "" in groups else {})


def _whole(name: str) -> bool:
    return name.lstrip("-").isdigit()


def track(samples: np.ndarray, title: str) -> Figure:
    """Draw one track: waveform, mel spectrogram, MFCCs, on one axis of time.

    Parameters
    ----------
    samples : ndarray, (n_samples,)
        Mono, at `audio.SAMPLE_RATE`.
    title : str
        Of the figure.
    """
    librosa = runtime.librosa()
    figure, axes = plt.subplots(3, 1, figsize=(8, 6), sharex=True, layout="constrained")
    librosa.display.waveshow(samples, sr=audio.SAMPLE_RATE, ax=axes[0], color="#0173b2")
    axes[0].set(ylabel="Amplitude", xlabel="", title=title)
    decibels = librosa.power_to_db(audio.mel_spectrogram(samples), ref=np.max)
    grid = {"sr": audio.SAMPLE_RATE, "hop_length": audio.HOP, "x_axis": "time"}
    mel = librosa.display.specshow(decibels, y_axis="mel", ax=axes[1], cmap="magma", **grid)
    figure.colorbar(mel, ax=axes[1], label="dB")
    axes[1].set(xlabel="", ylabel="Mel frequency (Hz)")
    mfcc = librosa.display.specshow(
        audio.mfcc(samples), y_coords=np.arange(1, 21), ax=axes[2], cmap="vlag", **grid
    )
    figure.colorbar(mfcc, ax=axes[2], label="MFCC")
    axes[2].set(xlabel="Time (s)", ylabel="Coefficient", xlim=(0, len(samples) / audio.SAMPLE_RATE))
    return figure


def piano_roll(notes: pd.DataFrame, title: str) -> Figure:
    """Draw a score: each note a bar from its start to its end, a colour for each part.

    Parameters
    ----------
    notes : DataFrame
        ``part``, ``start`` and ``duration`` in seconds, ``pitch`` as MIDI number.
    title : str
        Of the figure.
    """
    figure, axis = plt.subplots(figsize=(8, 3.6), layout="constrained")
    for part, (colour, _) in style(notes["part"]).items():
        own = notes[notes["part"] == part]
        axis.hlines(own["pitch"], own["start"], own["start"] + own["duration"], color=colour,
                    linewidth=4, label=part)  # fmt: skip
    axis.set(xlabel="Time (s)", ylabel="MIDI pitch (drums: their keys)", title=title)
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def corpus_overview(tracks: pd.DataFrame) -> Figure:
    """Draw how many tracks each genre has, and how long tracks are."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    counts = tracks["genre"].replace("", "(no label)").value_counts().sort_index()
    styles = style(tracks["genre"])
    left.barh(counts.index, counts, color=[styles.get(g, UNKNOWN)[0] for g in counts.index])
    left.invert_yaxis()
    left.set(xlabel="Tracks", title="Class balance")
    left.grid(visible=False, axis="y")
    right.hist(tracks["duration"].dropna(), bins=20, color="#0173b2")
    right.set(xlabel="Duration (s)", ylabel="Tracks", title="Durations")
    return figure


def mfcc_correlation(vectors: pd.DataFrame) -> Figure:
    """Draw the correlations between MFCC means: what PCA and the models can exploit."""
    figure, axis = plt.subplots(figsize=(6, 5), layout="constrained")
    names = [name.removesuffix("_mean").removeprefix("mfcc") for name in vectors]
    matrix = vectors.corr().set_axis(names, axis=0).set_axis(names, axis=1)
    sns.heatmap(matrix, vmin=-1, vmax=1, cmap="vlag", square=True, ax=axis,
                cbar_kws={"label": "Pearson correlation"})  # fmt: skip
    axis.set(xlabel="MFCC", ylabel="MFCC")
    axis.tick_params(axis="both", rotation=0)
    return figure


def training_curves(histories: Mapping[str, pd.DataFrame], log: bool = False) -> Figure:
    """Draw the losses of each model over epochs: the mean over seeds, and their spread as a band.

    Parameters
    ----------
    histories : mapping of str to DataFrame
        `Trained.history` of each model, by the name to show.
    log : bool
        Whether losses of models on different data must share an axis.
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


def maps(projections: Mapping[str, np.ndarray], groups: Mapping[str, np.ndarray]) -> Figure:
    """Draw maps of a latent space: a row for each projection, a column for each grouping.

    Parameters
    ----------
    projections : mapping of str to ndarray, (n_tracks, 2)
        Maps by name, as from `lib.clustering.projection`.
    groups : mapping of str to ndarray, (n_tracks,)
        Groups by name: the genre of each track, the cluster of each track.
    """
    shape = len(projections), len(groups)
    figure, axes = plt.subplots(
        *shape, figsize=(5.5 * shape[1], 3.6 * shape[0]), squeeze=False, layout="constrained"
    )
    for row, (projection, points) in zip(axes, projections.items(), strict=True):
        for axis, (grouping, labels) in zip(row, groups.items(), strict=True):
            scatter(axis, points, labels, f"{projection} by {grouping}", size=28)
            axis.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def scatter(axis: Axes, points: np.ndarray, groups: Sequence, title: str, size: float) -> None:
    """Draw a map into an axis, with a colour and a marker for each group.

    Parameters
    ----------
    axis : Axes
        Where to draw.
    points : ndarray, (n_tracks, 2)
        The map; NaN where a track has no place.
    groups : sequence, (n_tracks,)
        The group of each track.
    title : str
        Of the axis.
    size : float
        Of a marker, in points squared.
    """
    names = np.array([str(group) for group in groups])
    for name, (colour, marker) in style(names).items():
        axis.scatter(*points[names == name].T, c=colour, marker=marker, s=size, alpha=0.8,
                     linewidths=0, label=name or "unknown")  # fmt: skip
    axis.set(title=title, xticks=[], yticks=[])


def reconstructions(images: np.ndarray, rebuilt: np.ndarray, titles: Sequence[str]) -> Figure:
    """Draw MFCC images, and below each what a model makes of it.

    Parameters
    ----------
    images, rebuilt : ndarray, (n, n_rows, n_columns)
        Standardised images and their reconstructions.
    titles : sequence of str
        Of the n columns.
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


def map_grid(projections: Mapping[str, np.ndarray], groups: np.ndarray) -> Figure:
    """Draw one map for each space, with the same groups: a small multiple.

    Parameters
    ----------
    projections : mapping of str to ndarray, (n_tracks, 2)
        Maps by the name of their space; NaN where a track has no place.
    groups : ndarray of str, (n_tracks,)
        The genre of each track.
    """
    columns = 3
    rows = -(-len(projections) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(9.5, 2.9 * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(projections) :]:
        axis.set_axis_off()
    for axis, (name, points) in zip(axes.flat, projections.items(), strict=False):
        scatter(axis, points, groups, name, size=9)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, frameon=False,
                  markerscale=2)  # fmt: skip
    return figure
