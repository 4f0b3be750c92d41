import warnings

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from lib import figures
from lib.figures import style
from lib.inspection.traversal import Traversal


@pytest.fixture(autouse=True)
def drawn_in_silence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
        for number in plt.get_fignums():
            plt.figure(number).canvas.draw()
        plt.close("all")


def sweep(betas=(0.5, 1, 2, 4, 10), seeds=3, labelled=True):
    rng = np.random.default_rng(0)
    rows = []
    for beta in betas:
        for seed in range(seeds):
            luck, rate = 0.02 * rng.normal(), 5 / (1 + beta**2)
            verdict = "healthy" if beta <= 1 else "weak" if beta < 4 else "collapsed"
            rows.append(
                {
                    "beta": beta, "seed": seed, "rate": rate + luck, "distortion": 10 - rate + luck,
                    "r2": rate / 5 + luck, "active_units": int(rate), "variance": rate / 10,
                    "correlation": 0.2 if rate > 1 else np.nan, "total_correlation": 1 + luck,
                    "verdict": verdict, "silhouette": 0.1 * beta**0.5 + luck,
                    "silhouette_shared": 0.1 / beta + luck,
                    "ami": 0.3 / beta + luck if labelled else np.nan,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def dimensions(betas=(0.5, 4)):
    tables = []
    for beta in betas:
        for seed in range(3):
            kl = np.exp(-np.arange(6) * beta) * (1 + 0.1 * seed)
            tables.append(
                pd.DataFrame({"beta": beta, "seed": seed, "rank": np.arange(1, 7), "kl": kl,
                              "active": kl > 0.01})
            )  # fmt: skip
    return pd.concat(tables)


def texts(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text)]


@pytest.mark.parametrize("given", [sweep(), sweep((4.0,)), sweep(seeds=1), sweep((1.0,), seeds=1)])
def test_sweeps_of_any_size_are_drawn(given):
    for draw in (figures.rate_distortion, figures.code_state, figures.silhouettes):
        figure = draw(given)
        assert figure.get_figwidth() == style.WIDTH
    for beta in given["beta"].unique():
        assert f"{beta:g}" in texts(figure)


def test_each_beta_stands_at_its_rate():
    figure = figures.rate_distortion(sweep())
    labels = [text for text in texts(figure) if text.startswith("β ")]
    assert labels == 2 * ["β 0.5", "β 1", "β 2", "β 4", "β 10"]
    marks = {c.get_label(): len(c.get_offsets()) for c in figure.axes[0].collections}
    assert marks == {"healthy": 6, "weak": 3, "collapsed": 6}
    shapes = {len(c.get_paths()[0].vertices) for c in figure.axes[0].collections}
    assert len(shapes) == 3  # told apart by shape, not by colour alone


def test_collapsed_betas_are_hatched_and_counted():
    axis = figures.silhouettes(sweep()).axes[0]
    assert len([patch for patch in axis.patches if patch.get_hatch()]) == 2
    assert [t.get_text() for t in axis.texts].count("3 collapsed") == 2
    legend = [text.get_text() for text in axis.get_legend().get_texts()]
    assert len(legend) == 3
    lines = {line.get_linestyle() for line in axis.lines if len(line.get_xdata()) == 5}
    assert {"-", "--", "-."} <= lines


def test_without_labels_there_is_no_ami():
    axis = figures.silhouettes(sweep(labelled=False)).axes[0]
    assert not any("AMI" in text.get_text() for text in axis.get_legend().get_texts())


def test_bars_stand_for_the_dimensions():
    figure = figures.kl_bars(dimensions())
    left, right = (axis for axis in figure.axes if axis.patches)
    assert [bar.get_height() for bar in left.patches] == pytest.approx(
        1.1 * np.exp(-0.5 * np.arange(6))
    )
    assert [bool(bar.get_hatch()) for bar in left.patches] == [False] * 6
    assert [bool(bar.get_hatch()) for bar in right.patches] == [False] * 2 + [True] * 4
    assert right.get_title().startswith("β 4: 2.0 in use")


def test_a_dead_code_has_bars_too():
    dead = dimensions().assign(kl=0.0, active=False)
    assert "β 4: 0.0 in use, 0 nats" in texts(figures.kl_bars(dead))


def test_maps_share_their_legend():
    rng = np.random.default_rng(0)
    groups = np.array(["rock", "jazz", "", "rock"])
    maps = {f"β {beta}": rng.normal(size=(4, 2)) for beta in range(4)}
    maps["β 0"][1] = np.nan
    figure = figures.maps(maps, {"genre": groups})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "jazz",
        "rock",
        "unknown",
    ]
    assert set(maps) <= set(texts(figure))


@pytest.mark.parametrize("n_dims", [1, 5])
def test_images_of_a_traversal_share_one_scale(n_dims):
    rng = np.random.default_rng(0)
    decoded = rng.normal(size=(n_dims, 7, 1, 20, 128))
    found = Traversal(decoded, np.arange(n_dims) + 3, np.ones(n_dims), np.linspace(-3, 3, 7))
    figure = figures.traversal(found)
    images = [image for axis in figure.axes for image in axis.images]
    assert len(images) == 7 * n_dims
    assert len({image.get_clim() for image in images}) == 1
    assert "latent 3\n1 nats" in texts(figure)
    assert {"−3", "0", "+3"} <= set(texts(figure))


def test_vectors_of_a_traversal_are_lines():
    decoded = np.arange(2 * 5 * 6.0).reshape(2, 5, 6)
    found = Traversal(decoded, np.array([1, 0]), np.ones(2), np.linspace(-2, 2, 5))
    first = figures.traversal(found).axes[0]
    assert np.array([line.get_ydata() for line in first.lines]) == pytest.approx(decoded[0])


def test_a_dead_code_gives_a_sentence_for_a_picture():
    found = Traversal(np.empty((0, 7, 20)), np.empty(0, int), np.empty(0), np.linspace(-3, 3, 7))
    assert any("nothing to traverse" in text for text in texts(figures.traversal(found)))
