from functools import partial

import numpy as np
import pytest
import torch

from lib.models.autoencoder import VAE, build
from lib.models.denoising import MaskedVAE
from lib.training import trainer as training


def test_masks_hide_the_share_asked_for_in_training_and_nothing_after():
    seen = []
    model = build(partial(MaskedVAE, n_features=50, latent_dim=2, masked=0.3))
    model.encoder.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    x = torch.ones(1, 400, 50)
    noise = torch.randn(1, 400, model.noise_dim, generator=torch.Generator().manual_seed(0))
    model.loss(x, noise)
    assert abs((seen[0] == 0).double().mean() - 0.3) < 0.01
    torch.testing.assert_close(seen[0][seen[0] > 0].unique(), torch.tensor([1 / 0.7]))
    model.eval().loss(x, noise)
    assert torch.equal(seen[1], x)


def test_with_nothing_masked_it_is_a_vae():
    masked = build(partial(MaskedVAE, n_features=6, latent_dim=2, masked=0.0))
    plain = build(partial(VAE, n_features=6, latent_dim=2))
    x = torch.randn(1, 9, 6, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(1, 9, masked.noise_dim, generator=torch.Generator().manual_seed(1))
    for ours, theirs in zip(masked.loss(x, noise), plain.loss(x, noise[..., :2]), strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("masked", [-0.1, 1.0])
def test_a_bad_share_is_refused(masked):
    with pytest.raises(ValueError, match="masked"):
        MaskedVAE(1, 6, masked=masked)


def test_it_brings_back_what_it_does_not_see():
    """Six copies of each of two factors: five of each can be told from any one of them."""
    factors = np.random.default_rng(0).standard_normal((300, 2))
    x = np.repeat(factors, 6, axis=1)
    shape = {"n_features": 12, "latent_dim": 2}
    options = {"epochs": 60, "beta": 0.1, "workers": 1}
    masked = training.train(partial(MaskedVAE, **shape), x, [0, 1], **options)
    plain = training.train(partial(VAE, **shape), x, [0, 1], **options)
    hidden = x.copy()
    hidden[:, ::2] = 0  # half of the copies of either factor
    hidden *= 2

    def error(trained):
        return np.square(trained.reconstruct(hidden) - x).mean()

    assert error(masked) < 0.5 * error(plain)
