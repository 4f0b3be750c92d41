from functools import partial

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.datasets import make_swiss_roll
from sklearn.manifold import trustworthiness

from lib.errors import UserError
from lib.models import autoencoder as models
from lib.models.autoencoder import VAE, build
from lib.models.neighbour import NeighbourVAE, prepare
from lib.training import trainer as training


def points(n=60, d=8, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


@pytest.mark.parametrize("perplexity", [5, 15])
@pytest.mark.parametrize("scale", [1e-4, 1, 1e4])
def test_every_neighbourhood_has_the_perplexity_asked_for(perplexity, scale):
    x = points() * scale
    x[0] *= 20  # one track far from all
    data = prepare(x, perplexity)
    p = np.exp(-data["precision"] * (cdist(x, x, "sqeuclidean")))
    np.fill_diagonal(p, 0)
    p = p[1:] / p[1:].sum(axis=1, keepdims=True)
    entropy = -np.sum(p * np.log(np.maximum(p, 1e-300)), axis=1)
    np.testing.assert_allclose(np.exp(entropy), perplexity, rtol=1e-4)


def test_twins_do_not_break_the_neighbourhoods():
    x = np.repeat(points(10), 4, axis=0)
    assert np.isfinite(prepare(x)["precision"]).all()
    assert np.isfinite(prepare(np.zeros((9, 3)))["precision"]).all()


@pytest.mark.parametrize("x", [np.ones((3, 2)), np.full((9, 2), np.nan)])
def test_what_has_no_neighbourhoods_is_refused(x):
    with pytest.raises(UserError, match="four tracks or more"):
        prepare(x)


def test_the_loss_is_the_vaes_and_the_cross_entropy_computed_by_hand():
    x = points(7).astype(np.float32)
    data = {k: torch.tensor(v[None], dtype=torch.float32) for k, v in prepare(x, 2.0).items()}
    model = build(partial(NeighbourVAE, n_features=8, latent_dim=3, draws=5.0)).eval()
    plain = build(partial(VAE, n_features=8, latent_dim=3)).eval()
    noise = torch.tensor(points(7, 3, 1)[None], dtype=torch.float32)
    with torch.no_grad():
        found, without = model.loss(data, noise), plain.loss(data["x"], noise)
        mean, logvar = model.encode(data)
        z = (mean + noise * (0.5 * logvar).exp())[0].double().numpy()
    precision = prepare(x, 2.0)["precision"][:, 0]
    expected = []
    for i in range(7):
        others = [j for j in range(7) if j != i]
        p = np.array([np.exp(-precision[i] * ((x[i] - x[j]) ** 2).sum()) for j in others])
        q = np.array([1 / (1 + ((z[i] - z[j]) ** 2).sum()) for j in others])
        expected.append(-5 * np.sum(p / p.sum() * np.log(q / q.sum())))
    np.testing.assert_allclose((found.reconstruction - without.reconstruction)[0], expected, 1e-4)
    torch.testing.assert_close(found.kl, without.kl)


def test_without_draws_it_is_a_vae():
    x = points(40)
    options = {"epochs": 2, "batch_size": 20, "workers": 1}
    shape = {"n_features": 8, "latent_dim": 3}
    plain = training.train(partial(models.VAE, **shape), x, [0], **options)
    ours = training.train(partial(NeighbourVAE, **shape, draws=0.0), prepare(x), [0], **options)
    np.testing.assert_allclose(ours.z, plain.z, atol=1e-6)


def test_a_bad_number_of_draws_is_refused():
    with pytest.raises(ValueError, match="draws"):
        NeighbourVAE(1, 8, draws=-1)


def test_it_keeps_neighbours_better_than_a_vae_on_a_roll():
    roll, _ = make_swiss_roll(200, noise=0.1, random_state=0)
    x = (roll - roll.mean(0)) / roll.std(0)
    options = {"epochs": 100, "batch_size": 100, "workers": 1, "learning_rate": 3e-3}
    shape = {"n_features": 3, "latent_dim": 2}
    plain = training.train(partial(models.VAE, **shape), x, [0, 1], **options)
    ours = training.train(partial(NeighbourVAE, **shape), prepare(x), [0, 1], **options)
    of_plain = [trustworthiness(x, z, n_neighbors=10) for z in plain.z]
    of_ours = [trustworthiness(x, z, n_neighbors=10) for z in ours.z]
    assert min(of_ours) > max(of_plain) + 0.02, (of_ours, of_plain)
