import warnings
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.transforms import Bbox

from lib import catalogue, figures
from lib.evaluation import statistics
from lib.report.results import COLUMNS

SPACES = ["raw", "pca", "spectral", "vae", "conv1d_vae", "conv_vae", "cvae", "vade", "beta_vae"]
ALGORITHMS = ["kmeans", "agglomerative", "gmm", "spectral"]
DRAWN = ["ami", "silhouette", "silhouette_shared"]


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    rows = [
        {"representation": r, "algorithm": a, "seed": s, "beta": b, "noise_fraction": 0.0}
        for r in SPACES
        for b in ((0.5, 1, 2, 4, 10) if r == "beta_vae" else (np.nan,))
        for a in ALGORITHMS
        for s in range(3)
    ]
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    scores = list(catalogue.SCORES)
    table[scores] = rng.random((len(table), len(scores)))
    return catalogue.with_titles(table)


@pytest.fixture(scope="module")
def table(rows):
    found = []
    for place, (method, group) in enumerate(rows.groupby("method", sort=False), 1):
        first = group.iloc[0]
        entry = {"method": method, "algorithm": first["algorithm"], "place": place}
        entry |= {"stability": place / 60, "health": "healthy" if place % 2 else ""}
        for score in DRAWN:
            value = statistics.interval(group[score])
            entry |= {score: value.mean, f"{score}_low": value.low, f"{score}_high": value.high}
            entry |= {f"{score}_rank": place, "mean_rank": place}
        found.append(entry)
    found[1] |= {"stability": np.nan}
    found[-1] |= {"place": np.nan, "mean_rank": np.nan, "ami_rank": np.nan}
    return pd.DataFrame(found)


def ranks(names):
    middle = np.arange(1.0, len(names) + 1)
    return pd.DataFrame({"method": names, "rank": middle, "low": middle - 0.5, "high": middle + 2})


COMPARED = pd.DataFrame(
    {"pair": ["a − b", "c − d"], "name": ["a − b, Ward", "c − d, Ward"], "mean": [0.1, -0.2],
     "low": [0.0, -0.4], "high": [0.2, 0.0], "clear": [True, False]}
)  # fmt: skip


def draws(rows, table):
    rng = np.random.default_rng(0)
    names = table["method"].tolist()[:22]
    genres = np.repeat([f"genre {i}" for i in range(10)], 6)
    clusters = rng.integers(-1, 9, 60)
    points = rng.normal(size=(60, 2))
    many = {f"Product of experts {i}": points for i in range(8)}
    kmeans = rows[rows["algorithm"] == "kmeans"]
    means = rows.groupby("space")[DRAWN].mean().rename(columns=catalogue.title)
    cliques = [names[i : i + 5] for i in range(0, 20, 3)]
    noise = pd.DataFrame(
        {"method": names[:8], "dimensions": range(1, 9), "silhouette": 0.2, "noise": 0.1}
    )
    line = pd.DataFrame({"dimensions": range(1, 17), "silhouette": 0.3})
    return {
        "score_bars": lambda: figures.score_bars(kmeans, [*DRAWN, "davies_bouldin"]),
        "score_matrix": lambda: figures.score_matrix(means, "AMI"),
        "scaled": lambda: figures.score_matrix(means, "Scaled", by_column=True),
        "differences": lambda: figures.differences(COMPARED),
        "noise_line": lambda: figures.noise_line(noise, line),
        "one map": lambda: figures.maps({"t-SNE": points}, {"genre": genres}),
        "maps": lambda: figures.maps(many, {"genre": genres}),
        "contingency": lambda: figures.contingency(genres, clusters),
        "ranks": lambda: figures.critical_difference(ranks(names), cliques, "ami"),
        "nothing alike": lambda: figures.critical_difference(ranks(names[:2]), [], "ami"),
        "top": lambda: figures.top_bars(table[:10], "ami", ("PCA, k-means", 0.4)),
        "stability": lambda: figures.stability(table, "ami"),
        "one seed": lambda: figures.stability(table.assign(stability=np.nan), "ami"),
    }


def test_every_figure_is_drawn_without_a_warning_and_within_its_frame(rows, table):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, draw in draws(rows, table).items():
            figure = draw()
            figure.draw_without_rendering()
            inside = figure.get_tightbbox().transformed(figure.dpi_scale_trans)
            edges = [inside.x0, inside.y0, figure.bbox.x1 - inside.x1, figure.bbox.y1 - inside.y1]
            assert min(edges) > -3, f"{name} is clipped"
            boxes = [axis.get_tightbbox() for axis in figure.axes if axis.axison]
            for one, other in combinations(boxes, 2):
                shared = Bbox.intersection(one, other)
                assert shared is None or min(shared.width, shared.height) < 3, f"{name} overlaps"
            plt.close(figure)


def smallest_print(figure, width):
    """Return the size in points of the smallest text when a figure is printed this wide."""
    texts = figure.findobj(lambda artist: hasattr(artist, "get_fontsize") and artist.get_text())
    return min(text.get_fontsize() for text in texts) * width / figure.get_figwidth()


def test_figures_can_be_read_in_a_column_of_a_paper(rows, table):
    for name, draw in draws(rows, table).items():
        figure = draw()
        assert smallest_print(figure, 6.5) >= 6, name
        plt.close(figure)


def test_every_method_is_on_the_axis_of_ranks_and_every_group_is_a_bar():
    names = ["a", "b", "c", "d"]
    figure = figures.critical_difference(ranks(names), [["a", "b"], ["b", "d"]], "ami")
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == names
    dots = [points.get_offsets()[:, 1].tolist() for points in right.collections[1::2]]
    assert dots == [[0, 1], [1, 3]]
    assert left.get_ylim()[0] > left.get_ylim()[1]  # the best on top
    plt.close(figure)
