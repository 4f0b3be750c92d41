import numpy as np
import pytest
import torch

from lib import training
from lib.models.convolutional import Conv1dVAE, ConvVAE
from lib.training import Architecture


@pytest.mark.parametrize(
    ("network", "shape", "parameters"),
    [(Conv1dVAE, (20,), 31_601), (ConvVAE, (1, 20, 128), 79_633)],
)
def test_shapes_and_parameters(network, shape, parameters):
    model = network(2)
    x = torch.randn(2, 5, *shape)
    mean, logvar = model.encode(x)
    assert mean.shape == logvar.shape == (2, 5, 16)
    assert model.decode(mean).shape == x.shape
    losses = model.loss(x, torch.zeros(2, 5, 16))
    assert losses.reconstruction.shape == (2, 5) and losses.kl.shape == (2, 5, 16)
    assert Architecture(network).n_parameters == parameters


@pytest.mark.parametrize("architecture", [Architecture(Conv1dVAE, n_features=18),
                                          Architecture(ConvVAE, shape=(20, 100))])  # fmt: skip
def test_sizes_that_cannot_be_halved_are_refused(architecture):
    with pytest.raises(ValueError, match="multiple"):
        architecture.build()


def bumps(n_tracks, length, seed=0):
    """Vectors with one smooth bump at a place that is the only thing that varies."""
    place = np.random.default_rng(seed).uniform(0.2, 0.8, n_tracks)
    return place, np.exp(-(((np.linspace(0, 1, length) - place[:, None]) / 0.1) ** 2))


def test_a_planted_factor_is_found_in_vectors():
    place, x = bumps(200, 20)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    architecture = Architecture(Conv1dVAE, latent_dim=2)
    trained = training.train(architecture, x, [0, 1], epochs=60, device="cpu")
    assert (trained.health["r2"] > 0.8).all()
    for z in trained.z:
        assert (
            max(abs(np.corrcoef(place, np.abs(z[:, j]))[0, 1]) for j in (0, 1)) > 0.4
            or max(abs(np.corrcoef(place, z[:, j])[0, 1]) for j in (0, 1)) > 0.6
        )


def test_a_planted_factor_is_found_in_images():
    _, x = bumps(96, 32)
    images = np.repeat(x[:, None, None], 8, axis=2)
    images = (images - images.mean(axis=0)) / images.std(axis=0)
    architecture = Architecture(ConvVAE, shape=(8, 32), latent_dim=2)
    trained = training.train(architecture, images, [0], epochs=40, batch_size=32, device="cpu")
    assert trained.health["r2"][0] > 0.7
    assert trained.reconstruct().shape == (1, 96, 1, 8, 32)
