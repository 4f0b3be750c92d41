"""Figures of a corpus: one track, its score, all tracks, their features."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from lib import audio, runtime
from lib.errors import unless_missing
from lib.figures.style import BLUE, UNKNOWN, styles


@unless_missing
def track(samples: np.ndarray, title: str) -> Figure:
    """Draw one track: waveform, mel spectrogram, MFCCs, on one axis of time.

    Parameters
    ----------
    samples : ndarray, (n_samples,)
        Mono, at 22,050 Hz.
    title : str
        Of the figure.
    """
    librosa = runtime.librosa()
    figure, axes = plt.subplots(3, 1, figsize=(8, 6), sharex=True, layout="constrained")
    librosa.display.waveshow(samples, sr=audio.SAMPLE_RATE, ax=axes[0], color=BLUE)
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
    for part, (colour, _) in styles(notes["part"]).items():
        own = notes[notes["part"] == part]
        axis.hlines(own["pitch"], own["start"], own["start"] + own["duration"], color=colour,
                    linewidth=4, label=part)  # fmt: skip
    axis.set(xlabel="Time (s)", ylabel="MIDI pitch (drums: their keys)", title=title)
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return figure


def corpus_overview(tracks: pd.DataFrame) -> Figure:
    """Draw how many tracks each genre has, and how long tracks are.

    Parameters
    ----------
    tracks : DataFrame
        ``genre`` (empty: unknown) and ``duration`` in seconds of each track.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    counts = tracks["genre"].replace("", "(no label)").value_counts().sort_index()
    colours = styles(tracks["genre"])
    left.barh(counts.index, counts, color=[colours.get(g, UNKNOWN)[0] for g in counts.index])
    left.invert_yaxis()
    left.set(xlabel="Tracks", title="Class balance")
    left.grid(visible=False, axis="y")
    right.hist(tracks["duration"].dropna(), bins=20, color=BLUE)
    right.set(xlabel="Duration (s)", ylabel="Tracks", title="Durations")
    return figure


def mfcc_correlation(vectors: pd.DataFrame) -> Figure:
    """Draw the correlations between MFCC means: what PCA and the models can exploit.

    Parameters
    ----------
    vectors : DataFrame, (n_tracks, 20)
        ``mfcc1_mean`` and so on.
    """
    figure, axis = plt.subplots(figsize=(6, 5), layout="constrained")
    names = [name.removesuffix("_mean").removeprefix("mfcc") for name in vectors]
    matrix = vectors.corr().set_axis(names, axis=0).set_axis(names, axis=1)
    sns.heatmap(matrix, vmin=-1, vmax=1, cmap="vlag", square=True, ax=axis,
                cbar_kws={"label": "Pearson correlation"})  # fmt: skip
    axis.set(xlabel="MFCC", ylabel="MFCC")
    axis.tick_params(axis="both", rotation=0)
    return figure
