import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_samples, silhouette_score

from lib.evaluation import silhouette, silhouettes


def exact_silhouettes(points, labels):
    """By the definition: plain differences in double precision, one track at a time."""
    distances = cdist(points, points)
    values = []
    for i, own in enumerate(labels):
        mates = (labels == own) & (np.arange(len(labels)) != i)
        if not mates.any():
            values.append(0.0)
            continue
        a = distances[i, mates].mean()
        b = min(distances[i, labels == c].mean() for c in set(labels) - {own})
        values.append((b - a) / max(a, b) if max(a, b) > 0 else 0.0)
    return np.array(values)


@st.composite
def partitioned(draw):
    """Points with duplicates, clusters of one track, tight clusters far from the origin."""
    n, n_dims = draw(st.integers(3, 60)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = rng.integers(draw(st.integers(2, n)), size=n)
    labels[:3] = [0, 1, 1]
    kinds = ("normal", "grid", "constant", "tight", "far")
    points = {
        "normal": lambda: rng.standard_normal((n, n_dims)),
        "grid": lambda: rng.integers(-1, 2, (n, n_dims)).astype(float),
        "constant": lambda: np.full((n, n_dims), 0.1),
        "tight": lambda: labels[:, None] + 1e-4 * rng.standard_normal((n, n_dims)),
        "far": lambda: 1e4 + rng.standard_normal((n, n_dims)),
    }[draw(st.sampled_from(kinds))]()
    return draw(st.sampled_from([1.0, 1e-15, 1e15])) * points, labels


@settings(max_examples=300)
@given(partitioned())
def test_the_silhouette_by_its_definition(case):
    points, labels = case
    labels = np.unique(labels, return_inverse=True)[1]
    exact = exact_silhouettes(points, labels)
    ours = silhouettes.samples(points, labels, np.arange(len(labels)))
    assert ours == pytest.approx(exact, abs=1e-4)
    if len(set(labels)) < len(labels):
        assert silhouette(points, labels) == pytest.approx(exact.mean(), abs=1e-5)


@settings(max_examples=100)
@given(st.integers(3, 80), st.integers(1, 20), st.integers(2, 9), st.integers(0, 999))
def test_the_silhouette_as_of_scikit_learn(n, n_dims, k, seed):
    rng = np.random.default_rng(seed)
    points, labels = rng.standard_normal((n, n_dims)), rng.integers(k, size=n)
    labels[:3] = [0, 1, 1]
    points[labels == 1] = points[1]  # (equal points in two clusters: there sklearn divides 0 by 0)
    value = silhouette(points, labels)
    assert value == pytest.approx(silhouette_score(points, labels), abs=1e-5)
    renamed = 100 - 7 * rng.permutation(9)[labels]
    assert silhouette(points, renamed) == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("n_dims", [1, 2, 24])
def test_the_silhouette_across_the_borders_of_tiles(n_dims):
    """More rows than a tile has, one cluster wider than a tile and one of a single track."""
    rng = np.random.default_rng(0)
    labels = np.repeat([3, 0, 7, 1], [1500, 1024, 1, 100])
    points = rng.standard_normal((len(labels), n_dims)) + labels[:, None]
    order = rng.permutation(len(labels))
    points, labels = points[order], labels[order]
    numbers = np.unique(labels, return_inverse=True)[1]
    ours = silhouettes.samples(points, numbers, np.arange(len(labels)))
    assert ours == pytest.approx(silhouette_samples(points, labels), abs=1e-5)
    single = silhouette(points.astype(np.float32), labels)
    assert single == pytest.approx(silhouette_score(points, labels), abs=1e-5)


def test_a_sampled_silhouette_is_an_unbiased_estimate(monkeypatch):
    """With as little error as the mean of so many tracks has."""
    monkeypatch.setattr(silhouettes, "SAMPLE", 100)
    off = []
    for seed in range(60):
        points = np.random.default_rng(seed).standard_normal((400, 3))
        labels = (points[:, 0] > 0).astype(int)
        exact, spread = (
            silhouette(points, labels),
            silhouettes.samples(points, labels, np.arange(400)).std(),
        )
        with monkeypatch.context() as patch:
            patch.setattr(silhouettes, "EXACT_UP_TO", 399)
            value = silhouette(points, labels)
            assert value == silhouette(points, labels) != exact
        off.append((value - exact) / (spread * np.sqrt(0.75 / 100)))
    assert abs(np.mean(off)) < 0.4 and 0.7 < np.std(off) < 1.3


def test_partitions_without_a_silhouette():
    points = np.random.default_rng(0).standard_normal((6, 2))
    for labels in (np.zeros(6, int), np.arange(6), np.zeros(0, int)):
        assert np.isnan(silhouette(points[: len(labels)], labels))
