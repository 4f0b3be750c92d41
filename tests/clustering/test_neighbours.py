import numpy as np
import pytest
from scipy.spatial.distance import cdist

from lib.clustering import neighbourhoods, neighbours
from lib.errors import UserError


def points(n=60, d=8):
    return np.random.default_rng(0).standard_normal((n, d))


@pytest.mark.parametrize("perplexity", [5, 15])
@pytest.mark.parametrize("scale", [1e-4, 1, 1e4])
def test_every_neighbourhood_has_the_perplexity_asked_for(monkeypatch, perplexity, scale):
    monkeypatch.setattr(neighbours, "PERPLEXITY", perplexity)
    x = points() * scale
    x[0] *= 20  # one track far from all
    data = neighbourhoods(x)
    p = np.exp(-data["precision"] * (cdist(x, x, "sqeuclidean")))
    np.fill_diagonal(p, 0)
    p = p[1:] / p[1:].sum(axis=1, keepdims=True)
    entropy = -np.sum(p * np.log(np.maximum(p, 1e-300)), axis=1)
    np.testing.assert_allclose(np.exp(entropy), perplexity, rtol=1e-4)


def test_twins_do_not_break_the_neighbourhoods():
    x = np.repeat(points(10), 4, axis=0)
    assert np.isfinite(neighbourhoods(x)["precision"]).all()
    assert np.isfinite(neighbourhoods(np.zeros((9, 3)))["precision"]).all()


@pytest.mark.parametrize("x", [np.ones((3, 2)), np.full((9, 2), np.nan)])
def test_what_has_no_neighbourhoods_is_refused(x):
    with pytest.raises(UserError, match="four tracks or more"):
        neighbourhoods(x)
