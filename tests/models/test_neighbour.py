import numpy as np
import torch
from sklearn.datasets import make_swiss_roll
from sklearn.manifold import trustworthiness

from lib import models, training
from lib.clustering import neighbourhoods
from lib.models import NeighbourVAE
from lib.training import Architecture


class FiveDraws(NeighbourVAE):
    draws = 5.0


class NoDraws(NeighbourVAE):
    draws = 0.0


def points(n=60, d=8, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def test_the_loss_is_the_vaes_and_the_cross_entropy_computed_by_hand():
    x = points(7).astype(np.float32)
    data = {k: torch.tensor(v[None], dtype=torch.float32) for k, v in neighbourhoods(x).items()}
    model = Architecture(FiveDraws, n_features=8, latent_dim=3).build().eval()
    plain = Architecture(models.VAE, n_features=8, latent_dim=3).build().eval()
    noise = torch.tensor(points(7, 3, 1)[None], dtype=torch.float32)
    with torch.no_grad():
        found, without = model.loss(data, noise), plain.loss(data["x"], noise)
        mean, logvar = model.encode(data)
        z = (mean + noise * (0.5 * logvar).exp())[0].double().numpy()
    precision = neighbourhoods(x)["precision"][:, 0]
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
    options = {"epochs": 2, "batch_size": 20}
    shape = {"n_features": 8, "latent_dim": 3}
    plain = training.train(Architecture(models.VAE, **shape), x, [0], **options)
    ours = training.train(Architecture(NoDraws, **shape), neighbourhoods(x), [0], **options)
    np.testing.assert_allclose(ours.z, plain.z, atol=1e-6)


def test_it_keeps_neighbours_better_than_a_vae_on_a_roll():
    roll, _ = make_swiss_roll(200, noise=0.1, random_state=0)
    x = (roll - roll.mean(0)) / roll.std(0)
    options = {"epochs": 100, "batch_size": 100, "learning_rate": 3e-3}
    shape = {"n_features": 3, "latent_dim": 2}
    plain = training.train(Architecture(models.VAE, **shape), x, [0, 1], **options)
    ours = training.train(Architecture(NeighbourVAE, **shape), neighbourhoods(x), [0, 1], **options)
    of_plain = [trustworthiness(x, z, n_neighbors=10) for z in plain.z]
    of_ours = [trustworthiness(x, z, n_neighbors=10) for z in ours.z]
    assert min(of_ours) > max(of_plain) + 0.02, (of_ours, of_plain)
