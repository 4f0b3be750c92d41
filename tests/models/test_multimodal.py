"""Several modalities behind one code, some of them missing."""

from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score as ami
from torch import nn

from lib import training
from lib.lyrics import fill_missing, sizes
from lib.models import MultimodalVAE, ProductOfExpertsVAE, multimodal
from lib.models.multimodal import _MaskedBatchNorm
from lib.training import Architecture, Tracks, checkpoints

BOTH = [MultimodalVAE, ProductOfExpertsVAE]
SIZES = {"audio": 6, "text": 5}
rng = np.random.default_rng(0)
N = 300
SOUND, WORDS = rng.integers(0, 3, (2, N))  # one is heard, the other sung
PATTERNS = np.array([[1, 1, 1, -1, -1, -1], [-1, 1, -1, 1, -1, 1], [1, -1, -1, 1, 1, -1]])
BLOCKS = {
    "audio": PATTERNS[SOUND] + 0.4 * rng.standard_normal((N, 6)),
    "text": PATTERNS[WORDS, :5] + 0.4 * rng.standard_normal((N, 5)),
}
CODE = {"latent_dim": 4, "hidden": (32, 16)}
train = partial(training.train, device="cpu", learning_rate=5e-3, epochs=80)


def recipe(network: type) -> Architecture:
    return Architecture(network, sizes=SIZES, **CODE)


def without_words(share: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The blocks with the words of some tracks missing, and which tracks these are."""
    missing = np.random.default_rng(1).random(N) < share
    return BLOCKS | {"text": np.where(missing[:, None], np.nan, BLOCKS["text"])}, missing


def found(z: np.ndarray, truth: np.ndarray, k: int) -> float:
    return ami(truth, KMeans(k, n_init=10, random_state=0).fit_predict(z))


# Parts ------------------------------------------------------------------------------------------


def test_the_number_of_parameters():
    data = fill_missing({"audio": rng.standard_normal((9, 20)), "text": rng.random((9, 30))})
    architecture = Architecture(MultimodalVAE, sizes=sizes(data))
    assert architecture.n_parameters == 33_490


def test_the_product_of_experts_is_the_normalised_product_of_densities():
    means, logvars = torch.tensor([[0.7], [-2.0]]), torch.tensor([[0.4], [-1.3]])
    z = np.linspace(-12, 12, 200_001)
    density = norm.pdf(z)
    for mean, logvar in zip(means[:, 0].tolist(), logvars[:, 0].tolist(), strict=True):
        density = density * norm.pdf(z, mean, np.exp(logvar / 2))
    density /= density.sum()
    mean, logvar = multimodal.product(means, logvars)
    assert mean.item() == pytest.approx((z * density).sum(), abs=1e-5)
    variance = (z**2 * density).sum() - (z * density).sum() ** 2
    assert logvar.item() == pytest.approx(np.log(variance), abs=1e-5)


def test_an_expert_that_knows_nothing_leaves_the_product():
    means, logvars = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    logvars[1] = torch.inf
    both, alone = multimodal.product(means, logvars), multimodal.product(means[:1], logvars[:1])
    torch.testing.assert_close(both, alone)
    logvars[0] = torch.inf  # only the prior is left
    mean, logvar = multimodal.product(means, logvars)
    assert (mean == 0).all() and (logvar == 0).all()


def test_the_masked_norm_is_that_of_torch_on_the_rows_that_are_there():
    members, batch, features = 3, 8, 4
    masked = _MaskedBatchNorm(members, features)
    nn.init.normal_(masked.weight)
    singles = [nn.BatchNorm1d(features) for _ in range(members)]
    for m, single in enumerate(singles):
        single.weight.data, single.bias.data = masked.weight[m].data, masked.bias[m].data
    there = torch.tensor([[1.0] * 8, [1, 0, 1, 1, 0, 1, 0, 0], [0, 1, 1, 0, 0, 0, 0, 0]])
    for _ in range(3):
        x = torch.randn(members, batch, features) * 3 + 1
        y = masked(torch.where(there[..., None] > 0, x, 1e3), there)
        for m, single in enumerate(singles):
            rows = there[m] > 0
            torch.testing.assert_close(y[m][rows], single(x[m][rows]), rtol=1e-4, atol=1e-4)
    for m, single in enumerate(singles):
        torch.testing.assert_close(masked.running_mean[m], single.running_mean)
        torch.testing.assert_close(masked.running_var[m], single.running_var)
        torch.testing.assert_close(masked.eval()(x, there)[m], single.eval()(x[m]))


def test_the_masked_norm_takes_no_statistics_from_less_than_two_rows():
    norm = _MaskedBatchNorm(2, 3)
    there = torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 0]])
    x = torch.randn(2, 4, 3)
    y = norm(x, there)
    assert (norm.running_mean == 0).all() and (norm.running_var == 1).all()
    torch.testing.assert_close(y, x / (1 + 1e-5) ** 0.5)


@pytest.mark.parametrize("network", BOTH)
def test_the_loss_is_over_what_a_track_has(network):
    blocks, missing = without_words(0.3)
    data = {k: torch.as_tensor(v[None, :20]) for k, v in fill_missing(blocks).items()}
    torch.manual_seed(0)
    model = recipe(network).build().double().eval()
    noise = torch.randn(1, 20, 4, dtype=torch.float64)
    losses = model.loss(data, noise)
    mean, logvar = (part[0].detach().numpy() for part in model.encode(data))
    z = torch.as_tensor(mean + noise[0].numpy() * np.exp(logvar / 2))[None]
    audio, text = model.decode(z)[0].detach().split([6, 5], dim=1)
    error = ((data["audio"][0] - audio) ** 2).sum(1) / 2
    error += torch.where(
        torch.as_tensor(missing[:20]), 0.0, ((data["text"][0] - text) ** 2).sum(1) / 2
    )
    torch.testing.assert_close(losses.reconstruction[0], error)
    kl = -0.5 * (1 + logvar - mean**2 - np.exp(logvar))
    np.testing.assert_allclose(losses.kl[0].detach(), kl, rtol=1e-9)
    torch.testing.assert_close(
        model.target(data)[0, :, 6:], data["text"][0] * ~torch.as_tensor(missing[:20])[:, None]
    )


# Training ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", BOTH)
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_both_modalities_meet_in_the_code(network, share):
    blocks, missing = without_words(share)
    trained = train(recipe(network), fill_missing(blocks), [0])
    assert set(trained.health.verdict) == {"healthy"}
    kinds = 3 * SOUND + WORDS
    for z in trained.z:
        assert np.isfinite(z).all()
        assert found(z[~missing], kinds[~missing], 9) > 0.8
        assert share == 0 or found(z[missing], SOUND[missing], 3) > 0.8


@pytest.mark.parametrize("network", BOTH)
def test_no_track_has_words(network):
    blocks = BLOCKS | {"text": np.full((N, 5), np.nan)}
    trained = train(recipe(network), fill_missing(blocks), [0])
    assert np.isfinite(trained.z).all()
    assert set(trained.health.verdict) == {"healthy"}
    assert min(found(z, SOUND, 3) for z in trained.z) > 0.9


def test_experts_never_look_at_what_is_not_there():
    data = fill_missing(without_words(0.3)[0])
    spoiled = data | {"text": np.where(data["mask"][:, 1:] > 0, data["text"], 99.0)}
    first, second = (train(recipe(ProductOfExpertsVAE), d, [0], epochs=5) for d in (data, spoiled))
    assert np.array_equal(first.z, second.z)
    assert first.history.equals(second.history)
    assert first.health.equals(second.health)


@pytest.mark.parametrize("network", BOTH)
@pytest.mark.usefixtures("double")
def test_networks_in_company_equal_those_alone(network):
    data = fill_missing(without_words(0.3)[0])
    settings = {"epochs": 4, "beta": 2.0}
    together = train(recipe(network), data, range(20), **settings)
    for m in (0, 11, 19):
        alone = train(recipe(network), data, [m], **settings)
        np.testing.assert_allclose(together.z[m], alone.z[0], rtol=0, atol=1e-9)
        rows = together.history[m * 4 : (m + 1) * 4].to_numpy()
        np.testing.assert_allclose(rows, alone.history.to_numpy(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("network", BOTH)
def test_it_collapses_on_purpose(network):
    trained = train(recipe(network), fill_missing(BLOCKS), [0], beta=300.0, epochs=40)
    assert trained.health.verdict.tolist() == ["collapsed"]


def test_modalities_in_another_order_are_another_network(tmp_path):
    data = fill_missing(BLOCKS)
    train(recipe(MultimodalVAE), data, [0], epochs=1, folder=tmp_path)
    turned = Architecture(MultimodalVAE, sizes={"text": 5, "audio": 6}, **CODE)
    path = tmp_path / "models" / "vae.safetensors"
    assert checkpoints.load(path, recipe(MultimodalVAE), Tracks.of(data))
    assert checkpoints.load(path, turned, Tracks.of(data)) == []
