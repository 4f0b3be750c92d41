"""What trained networks make of their tracks, and how a part of them is taken."""

import numpy as np
import pytest
import torch
from example_networks import VAE, X, train
from torch import nn

from lib import models, training
from lib.errors import UserError
from lib.training import Architecture


def test_history_and_codes():
    trained = train([5, 6], beta=[0.5, 2.0], epochs=3)
    rows = trained.history
    assert list(rows.columns[:6]) == ["seed", "beta", "epoch", "total", "reconstruction", "kl"]
    np.testing.assert_allclose(rows[[f"kl_{j}" for j in range(4)]].sum(axis=1), rows.kl, rtol=1e-5)
    np.testing.assert_allclose(rows.total, rows.reconstruction + rows.beta * rows.kl, rtol=1e-5)
    assert trained.z.shape == trained.logvar.shape == (2, len(X), 4)
    assert list(zip(trained.seeds, trained.betas, strict=True)) == [(5, 0.5), (6, 2.0)]
    decoded = trained.decode(trained.z[1])
    np.testing.assert_allclose(decoded[1], trained.reconstruct()[1], atol=1e-5)
    assert trained.decode(np.zeros((7, 4))).shape == (2, 7, 10)


def test_training_learns_and_beta_costs_reconstruction():
    trained = train(**training.grid([0, 1], [0.1, 1.0, 30.0]), epochs=60, learning_rate=3e-3)
    health = trained.health.groupby("beta").mean(numeric_only=True)
    assert health.r2.is_monotonic_decreasing
    assert health.kl.is_monotonic_decreasing
    verdicts = trained.health.set_index("beta").verdict
    assert set(verdicts.loc[0.1]) == {"healthy"}
    assert set(verdicts.loc[30.0]) == {"collapsed"}
    untrained = training.untrained(VAE, X, [0])
    assert untrained.health.verdict.tolist() == ["untrained"]
    assert untrained.z.shape == (1, len(X), 4)
    assert untrained.history.empty
    assert untrained.health.r2[0] < 0.2


def test_an_autoencoder_trains_the_same_way():
    architecture = Architecture(models.Autoencoder, n_features=10, latent_dim=4, hidden=(16,))
    trained = training.train(architecture, X, [0, 1], epochs=80, device="cpu")
    assert trained.logvar is None
    assert trained.health.kl.isna().all()
    assert (trained.health.r2 > 0.8).all()
    assert trained.history.kl.isna().all()


def test_a_selection_has_what_the_whole_has_and_encodes_nothing(monkeypatch):
    swept = train(**training.grid([0, 1], [0.5, 4.0]), epochs=2)
    monkeypatch.setattr(models.VAE, "encode", lambda *_: pytest.fail("encoded again"))
    some = swept.select(beta=4.0)
    assert some.seeds.tolist() == [0, 1] and some.betas.tolist() == [4.0, 4.0]
    assert np.array_equal(some.z, swept.z[2:]) and np.array_equal(some.logvar, swept.logvar[2:])
    for part, whole in ((some.health, swept.health), (some.history, swept.history)):
        assert part.equals(whole[whole["beta"] == 4].reset_index(drop=True))
    assert np.array_equal(swept.select(beta=4.0, seed=1).z[0], swept.z[3])
    with pytest.raises(UserError, match="no network has beta 3"):
        swept.select(beta=3)
    assert np.array_equal(some.decode(np.zeros((1, 4))), swept.decode(np.zeros((1, 4)))[2:])


def test_a_function_is_mapped_over_all_networks_and_tracks():
    trained = train([0, 1], epochs=1)
    largest = trained.map(lambda network, x: network.encode(x)[0].argmax(-1))
    assert np.array_equal(largest, trained.z.argmax(-1))
    assert np.array_equal(trained.map(models.VAE.reconstruct), trained.reconstruct())


class PlainVAE(nn.Module):
    """The VAE in plain torch, as a student would write it."""

    def __init__(self, n_features: int, latent_dim: int):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(n_features, 16), nn.BatchNorm1d(16), nn.ReLU(),
            nn.Linear(16, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2 * latent_dim),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, 8), nn.BatchNorm1d(8), nn.ReLU(),
            nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, n_features),
        )  # fmt: skip


def loss(model, x, noise, beta):
    mean, logvar = model.encoder(x).chunk(2, dim=-1)
    z = mean + noise * torch.exp(0.5 * logvar)
    error = 0.5 * (x - model.decoder(z)).square().sum(-1)
    kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum(-1)
    return error + beta * kl


def test_a_network_is_the_same_in_plain_torch():
    trained = train([0, 1], epochs=3)
    x, noise = torch.as_tensor(X, dtype=torch.float32), torch.randn(len(X), 4)
    plain = PlainVAE(10, 4).eval()
    plain.load_state_dict(trained.as_torch(1))
    with torch.no_grad():
        ours = trained.network(1).loss(x[None], noise[None]).total(beta=4)[0]
        torch.testing.assert_close(ours, loss(plain, x, noise, beta=4))
        codes = plain.encoder(x)[:, :4].numpy()
    np.testing.assert_allclose(trained.z[1], codes, atol=1e-5)
    assert sum(p.numel() for p in plain.parameters()) == trained.n_parameters


@pytest.mark.parametrize("plain", [nn.Conv1d(1, 32, 3), nn.ConvTranspose1d(64, 32, 4)])
def test_convolutions_are_the_same_in_plain_torch(plain):
    trained = training.untrained(Architecture(models.Conv1dVAE), np.ones((9, 20)), [0])
    part = "encoder.0" if type(plain) is nn.Conv1d else "decoder.3"
    state = trained.as_torch()
    plain.load_state_dict({k: state[f"{part}.{k}"] for k in ("weight", "bias")})
