"""A fact that a network is told need not be in its code."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score as ami

from lib import models, training
from lib.errors import UserError
from lib.evaluation import probe_accuracy
from lib.models import conditional
from lib.training import Architecture

rng = np.random.default_rng(0)
N = 240
KIND = rng.integers(0, 3, N)  # what a clustering should find
LANGUAGE = np.array(["bn", "en"])[rng.integers(0, 2, N)]  # what drowns it
SHIFT = np.where(LANGUAGE == "bn", 1.5, -1.5)[:, None] * np.array([1, 1, 1, 1, 1, 0, 0, 0])
X = SHIFT + 2 * np.eye(8)[5 + KIND] + 0.3 * rng.standard_normal((N, 8))
X = (X - X.mean(0)) / X.std(0)
CONDITION, NAMES = conditional.one_hot(LANGUAGE)
DATA = {"x": X, "condition": CONDITION}
CVAE = Architecture(conditional.CVAE, n_features=8, n_conditions=2, latent_dim=3, hidden=(32, 16))
train = partial(training.train, device="cpu", learning_rate=3e-3)


def found(z: np.ndarray, truth: np.ndarray, k: int) -> float:
    return ami(truth, KMeans(k, n_init=10, random_state=0).fit_predict(z))


def test_labels_become_columns_and_unknown_ones_claim_nothing():
    condition, names = conditional.one_hot(["en", "", "bn", "en"])
    assert names == ["bn", "en"]
    assert condition.tolist() == [[0, 1], [0, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize("labels", [["", ""], ["en", "en", ""]])
def test_a_condition_takes_two_labels(labels):
    with pytest.raises(UserError, match="two known labels or more"):
        conditional.one_hot(labels)


def test_the_loss_is_the_negative_elbo_given_the_condition():
    torch.manual_seed(0)
    network = CVAE.build().double().eval()
    x, c, noise = (torch.as_tensor(a)[None] for a in (X[:5], CONDITION[:5], np.ones((5, 3))))
    losses = network.loss({"x": x, "condition": c}, noise)
    codes = network.encoder(torch.cat([x, c], -1))[0].detach().numpy()
    mean, logvar = codes[:, :3], codes[:, 3:]
    z = mean + np.exp(logvar / 2)
    decoded = network.decoder(torch.as_tensor(np.hstack([z, CONDITION[:5]]))[None])
    error = ((X[:5] - decoded[0].detach().numpy()) ** 2).sum(1) / 2
    kl = -0.5 * (1 + logvar - mean**2 - np.exp(logvar))
    np.testing.assert_allclose(losses.reconstruction[0].detach(), error, rtol=1e-12)
    np.testing.assert_allclose(losses.kl[0].detach(), kl, rtol=1e-9)


def test_the_code_leaves_out_what_the_network_is_told():
    plain = train(Architecture(models.VAE, n_features=8, latent_dim=3, hidden=(32, 16)), X, [0, 1])
    told = train(CVAE, DATA, [0, 1], epochs=150)
    assert set(told.health.verdict) == {"healthy"}
    for m in range(2):
        assert found(plain.z[m], LANGUAGE, 2) > 0.9
        assert found(told.z[m], LANGUAGE, 2) < 0.1
        assert found(told.z[m], KIND, 3) > 0.9
        assert probe_accuracy(plain.z[m], LANGUAGE) > 0.95
        assert probe_accuracy(told.z[m], LANGUAGE) < 0.75


def test_decoding_under_another_condition_moves_what_it_moves():
    trained = train(CVAE, DATA, [0], epochs=150)
    bn, en = (
        trained.decode(trained.z[0], condition=np.tile(row, (N, 1)))[0].mean(0) for row in np.eye(2)
    )
    actual = X[LANGUAGE == "bn"].mean(0) - X[LANGUAGE == "en"].mean(0)
    np.testing.assert_allclose(bn - en, actual, atol=0.25)
    np.testing.assert_allclose(
        trained.decode(trained.z[0], condition=CONDITION), trained.reconstruct(), atol=1e-5
    )


def test_the_code_of_tracks_of_unknown_language_has_to_carry_it():
    condition, _ = conditional.one_hot(np.where(np.arange(N) % 4 == 0, "", LANGUAGE))
    trained = train(CVAE, {"x": X, "condition": condition}, [0], epochs=150)
    assert np.isfinite(trained.z).all()
    known = condition.any(axis=1)
    assert found(trained.z[0][known], KIND[known], 3) > 0.8
    assert probe_accuracy(trained.z[0][known], LANGUAGE[known]) < 0.75
    assert probe_accuracy(trained.z[0][~known], LANGUAGE[~known]) > 0.9


@pytest.mark.usefixtures("double")
def test_networks_in_company_equal_those_alone():
    settings = {"epochs": 4, "beta": 2.0}
    together = train(CVAE, DATA, range(20), **settings)
    for m in (0, 11, 19):
        alone = train(CVAE, DATA, [m], **settings)
        np.testing.assert_allclose(together.z[m], alone.z[0], rtol=0, atol=1e-9)


def test_it_collapses_on_purpose():
    assert train(CVAE, DATA, [0], beta=300.0, epochs=40).health.verdict.tolist() == ["collapsed"]
