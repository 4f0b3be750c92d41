"""A prior of several Gaussians: its divergence, how it is set, and what it finds."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score as ami

from lib import models, training
from lib.errors import UserError
from lib.models import vade
from lib.training import Architecture

rng = np.random.default_rng(0)
N, K, D = 240, 4, 3
TRUTH = rng.integers(0, K, N)
X = 2.5 * np.eye(K, 8)[TRUTH] @ np.linalg.qr(rng.standard_normal((8, 8)))[0]
X += 0.4 * rng.standard_normal((N, 8))
X = (X - X.mean(0)) / X.std(0)
SIZES = {"n_features": 8, "latent_dim": D, "hidden": (32, 16)}
VADE = Architecture(vade.VaDE, n_clusters=K, **SIZES)
train = partial(training.train, device="cpu", learning_rate=3e-3)


def assigned(trained) -> np.ndarray:
    """The network's own clusters: (M, N)."""
    return trained.map(vade.VaDE.assign)


def network_with(logits, means, logvars) -> vade.VaDE:
    """A network of one latent dimension with this mixture."""
    network = vade.VaDE(1, 8, len(logits), latent_dim=1, hidden=(4,)).double()
    with torch.no_grad():
        network.logits[0] = torch.tensor(logits)
        network.means[0, :, 0] = torch.tensor(means)
        network.logvars[0, :, 0] = torch.tensor(logvars)
    return network


MIXTURE = ([0.0, 1.0, -0.5], [-2.0, 0.5, 3.0], [0.1, -1.0, 0.6])
POSTERIORS = [(-1.0, 0.2), (0.4, -2.0), (1.7, -0.4), (9.0, 1.0)]


def quadrature(mean: float, logvar: float) -> tuple[float, np.ndarray, float]:
    """KL of q(z) q(c) from p(z, c) for the best q(c), that q(c), and KL of q(z) from p(z)."""
    logits, means, logvars = (np.array(part) for part in MIXTURE)
    weights = np.exp(logits) / np.exp(logits).sum()
    z = np.linspace(-40, 60, 400_001)
    dz = z[1] - z[0]
    log_q = norm.logpdf(z, mean, np.exp(logvar / 2))
    log_p = norm.logpdf(z, means[:, None], np.exp(logvars / 2)[:, None]) + np.log(weights)[:, None]
    q = np.exp(log_q)
    gamma = np.exp(((q * log_p).sum(1) - (q * log_p).sum(1).max()) * dz)
    gamma /= gamma.sum()
    joint = sum(
        g * (q * (np.log(g) + log_q - row)).sum() * dz for g, row in zip(gamma, log_p, strict=True)
    )
    return joint, gamma, (q * (log_q - np.logaddexp.reduce(log_p))).sum() * dz


@pytest.mark.parametrize(("mean", "logvar"), POSTERIORS)
def test_the_divergence_is_that_of_numerical_integration(mean, logvar):
    network = network_with(*MIXTURE)
    point = torch.tensor([[[mean]]]).double(), torch.tensor([[[logvar]]]).double()
    kl = network.kl(*point)
    joint, gamma, of_code = quadrature(mean, logvar)
    assert kl.shape == (1, 1, 2)
    assert kl.sum().item() == pytest.approx(joint, abs=1e-6)
    assert kl.sum().item() >= of_code - 1e-6  # a bound, whatever q(c)
    np.testing.assert_allclose(network._compare(*point)[1].exp()[0, 0].detach(), gamma, atol=1e-6)
    pi = np.exp(MIXTURE[0]) / np.exp(MIXTURE[0]).sum()
    assert kl[0, 0, 1].item() == pytest.approx((gamma * np.log(gamma / pi)).sum(), abs=1e-6)


def test_no_other_responsibilities_pay_less():
    network = network_with(*MIXTURE)
    mean, logvar = torch.tensor([[[1.0]]]).double(), torch.tensor([[[-0.3]]]).double()
    least = network.kl(mean, logvar).sum().item()
    by_component = network._compare(mean, logvar)[0][0, 0, :, 0].detach().numpy()
    log_pi = network._log_pi()[0, 0].detach().numpy()
    for gamma in rng.dirichlet(np.ones(3), 200):
        assert (gamma * (by_component + np.log(gamma) - log_pi)).sum() >= least - 1e-9


def test_dimensions_add_up_as_if_each_were_drawn_by_itself():
    """Against an average over draws, in three dimensions."""
    torch.manual_seed(0)
    network = VADE.build().double()
    with torch.no_grad():
        for parameter in (network.logits, network.means, network.logvars):
            parameter.normal_()
    mean, logvar = torch.randn(1, 2, D).double(), torch.randn(1, 2, D).double()
    kl, gamma = network.kl(mean, logvar)[0], network._compare(mean, logvar)[1].exp()[0]
    z = mean[0] + torch.randn(200_000, 2, D).double() * (logvar[0] / 2).exp()
    log_q = torch.distributions.Normal(mean[0], (logvar[0] / 2).exp()).log_prob(z)
    prior = torch.distributions.Normal(network.means[0], (network.logvars[0] / 2).exp())
    log_p = prior.log_prob(z[:, :, None])
    drawn = (gamma[..., None] * (log_q[:, :, None] - log_p)).sum(2).mean(0)
    torch.testing.assert_close(kl[:, :D], drawn, rtol=0.02, atol=0.02)


@pytest.mark.usefixtures("double")
def test_before_the_mixture_is_set_it_is_a_plain_vae():
    settings = {"epochs": 10, "beta": 2.0}
    ours = train(VADE, X, [0, 1], **settings).history
    plain = train(Architecture(models.VAE, **SIZES), X, [0, 1], **settings).history
    early, late = ours[ours.epoch < 5], ours[ours.epoch >= 5]
    same = plain[plain.epoch < 5]
    np.testing.assert_allclose(early[same.columns], same, rtol=0, atol=1e-9)
    assert np.abs(early[f"kl_{D}"]).max() < 1e-12 < late[f"kl_{D}"].min()
    np.testing.assert_allclose(ours[[f"kl_{j}" for j in range(D + 1)]].sum(axis=1), ours.kl)


def test_planted_clusters_are_found_and_reported():
    trained = train(VADE, X, range(3), epochs=80)
    labels = assigned(trained)
    assert labels.shape == (3, N) and labels.dtype.kind == "i"
    assert set(trained.health.verdict) == {"healthy"}
    assert (trained.health.active_units <= D).all()
    for z, own in zip(trained.z, labels, strict=True):
        assert ami(TRUTH, own) > 0.9
        assert ami(TRUTH, KMeans(K, n_init=10, random_state=0).fit_predict(z)) > 0.9
    shuffled = np.stack([rng.permutation(column) for column in X.T], axis=1)  # nothing to find
    assert ami(TRUTH, assigned(train(VADE, shuffled, [0], epochs=80))[0]) < 0.1


def test_the_mixture_starts_where_the_codes_are():
    """Set on the codes of an encoder that passes its input on: EM has to find the groups."""
    network = VADE.build(2).double().eval()
    spots = 6 * np.eye(K, D, k=-1)
    codes = torch.as_tensor(spots[TRUTH] + 0.1 * rng.standard_normal((2, N, D)))
    network.encode = lambda x: (codes, torch.full_like(codes, np.log(0.09)))
    with torch.no_grad():
        network.after_pretraining(codes, [0, 1])
    for m in range(2):
        order = np.lexsort(network.means[m].detach().numpy().round(0).T)
        means = network.means[m].detach().numpy()[order]
        np.testing.assert_allclose(means, spots[np.lexsort(spots.T)], atol=0.1)
        pi = network.logits[m].softmax(0).detach().numpy()
        np.testing.assert_allclose(sorted(pi), sorted(np.bincount(TRUTH) / N), atol=1e-6)
        # The spread is that of draws: 0.1 squared between the means, 0.09 of each posterior.
        np.testing.assert_allclose(network.logvars[m].exp().detach(), 0.1, atol=0.01)


# Guarantees of the trainer ----------------------------------------------------------------------


@pytest.mark.usefixtures("double")
def test_networks_in_company_equal_those_alone():
    settings = {"epochs": 6}
    grid = training.grid(range(20), [1.0, 4.0])
    together = train(VADE, X, **grid, **settings)
    labels = assigned(together)
    for m in (0, 19, 20, 39):
        alone = train(VADE, X, [grid["seeds"][m]], beta=grid["beta"][m], **settings)
        np.testing.assert_allclose(together.z[m], alone.z[0], rtol=0, atol=1e-8)
        assert np.array_equal(labels[m], assigned(alone)[0])


@pytest.mark.usefixtures("double")
def test_it_is_repeatable_and_goes_on_where_it_was(tmp_path):
    settings = {"epochs": 6}
    whole = train(VADE, X, range(3), **settings)
    train(VADE, X, [1], **settings, folder=tmp_path)
    resumed = train(VADE, X, range(3), **settings, folder=tmp_path)
    loaded = train(VADE, X, range(3), **settings, folder=tmp_path)
    np.testing.assert_allclose(resumed.z, whole.z, rtol=0, atol=1e-9)
    assert np.array_equal(assigned(loaded), assigned(resumed))
    assert np.array_equal(train(VADE, X, range(3), **settings).z, whole.z)


def test_a_member_that_diverges_is_left_out_alone():
    calm = train(VADE, X, range(3), epochs=6)
    with pytest.warns(RuntimeWarning, match="seed 1 and beta 1e\\+38 diverged"):
        mixed = train(VADE, X, range(3), epochs=6, beta=[1, 1e38, 1])
    labels = assigned(mixed)
    assert mixed.health.verdict[1] == "diverged" and (labels[1] == -1).all()
    assert np.array_equal(mixed.z[::2], calm.z[::2])
    assert np.array_equal(labels[::2], assigned(calm)[::2])


def test_it_collapses_on_purpose():
    trained = train(VADE, X, [0], epochs=60, beta=300.0)
    assert trained.health.verdict.tolist() == ["collapsed"]


def test_a_mixture_takes_as_many_tracks_as_it_has_components():
    with pytest.raises(UserError, match="8 tracks are too few for a mixture of 9"):
        train(Architecture(vade.VaDE, n_clusters=9, **SIZES), X[:8], [0], epochs=2)
