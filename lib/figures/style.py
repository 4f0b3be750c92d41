"""What all figures share: colours, markers, maps of points, small multiples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 6.5  # inches: the width of a page's text, so that no letter shrinks
BLUE, ORANGE, GREEN = "#0173b2", "#de8f05", "#029e73"
MARKERS = "osD^vPX<>*"
UNKNOWN = ("#999999", ".")
sns.set_theme(style="whitegrid", context="notebook", font_scale=0.85)


def styles(groups: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Give each group its colour and marker, the same in every figure; "" (unknown) is grey.

    The palette is for the colour-blind. Markers help where there are more groups than such colours.
    """
    every = set(groups)
    # numbers in their order, so that cluster 10 comes after cluster 9
    names = sorted(every - {""}, key=lambda name: name.rjust(4) if _whole(name) else name)
    colours = sns.color_palette("colorblind" if len(names) <= 10 else "husl", len(names)).as_hex()
    found = {
        name: (colour, MARKERS[i % len(MARKERS)])
        for i, (name, colour) in enumerate(zip(names, colours, strict=True))
    }
    return found | ({"": UNKNOWN} if "" in every else {})


def _whole(name: str) -> bool:
    return name.lstrip("-").isdigit()


def scatter(axis: Axes, points: np.ndarray, groups: Sequence, title: str, size: float) -> None:
    """Draw a map (n_tracks, 2) into an axis, with a colour and a marker for each group."""
    names = np.array([str(group) for group in groups])
    for name, (colour, marker) in styles(names).items():
        axis.scatter(*points[names == name].T, c=colour, marker=marker, s=size, alpha=0.8,
                     linewidths=0, label=name or "unknown")  # fmt: skip
    axis.set(title=title, xticks=[], yticks=[])


def panels(
    n: int, height: float, margin: float = 0, width: float = WIDTH, columns: int = 3, **shared
) -> tuple[Figure, list[Axes]]:
    """Return a figure with ``n`` panels and their axes; sizes are in inches."""
    columns = min(columns, n)
    rows = -(-n // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(width, margin + height * rows), squeeze=False,
        layout="constrained", **shared,
    )  # fmt: skip
    for axis in axes.flat[n:]:
        axis.set_axis_off()
    return figure, list(axes.flat[:n])
