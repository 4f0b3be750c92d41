"""Members that train together equal members that train alone, and all that is built on that."""

import json
import threading
import warnings
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lib.errors import UserError
from lib.models import autoencoder as models
from lib.models.layers import BatchNorm, Conv, ConvTranspose
from lib.training import checkpoints
from lib.training import trainer as training
from lib.training.bank import Bank, clip_gradients
from lib.training.ensemble import Member


def features(n_tracks: int = 150, n_features: int = 10, seed: int = 0) -> np.ndarray:
    """Standardised features with three factors behind them."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_tracks, 3)) @ rng.standard_normal((3, n_features))
    x += 0.3 * rng.standard_normal(x.shape)
    return (x - x.mean(0)) / x.std(0)


X = features()
VAE = partial(models.VAE, n_features=10, latent_dim=4, hidden=(16, 8))
train = partial(training.train, VAE, X, device="cpu", batch_size=32)


# Together or alone ------------------------------------------------------------------------------


def test_forty_together_equal_each_alone_to_rounding_in_float64():
    grid = training.grid(range(20), [1.0, 4.0])
    together = train(**grid, epochs=12, warmup_epochs=4, clip_norm=5.0, dtype="float64")
    for m in (0, 7, 19, 20, 39):
        alone = train(
            [grid["seeds"][m]],
            beta=grid["beta"][m],
            epochs=12,
            warmup_epochs=4,
            clip_norm=5.0,
            dtype="float64",
        )
        rows = together.history[m * 12 : (m + 1) * 12]
        np.testing.assert_allclose(rows.to_numpy(), alone.history.to_numpy(), rtol=0, atol=1e-9)
        np.testing.assert_allclose(together.z[m], alone.z[0], rtol=0, atol=1e-9)
        np.testing.assert_allclose(together.logvar[m], alone.logvar[0], rtol=0, atol=1e-9)


def test_forty_together_equal_each_alone_in_float32_while_rounding_is_small():
    together = train(range(40), epochs=2)
    for m in (0, 13, 39):
        alone = train([m], epochs=2)
        rows = together.history[m * 2 : (m + 1) * 2]
        np.testing.assert_allclose(rows.to_numpy(), alone.history.to_numpy(), rtol=0, atol=1e-5)


def test_the_bank_equals_a_plain_torch_script():
    """One epoch in one batch against torch.nn, torch.optim and the formula of the loss."""
    trained = train([3], epochs=1, batch_size=len(X), beta=2.0, dtype="float64")
    bank = Bank(VAE, torch.as_tensor(X), [Member(3, epochs=1, dtype="float64")])
    sizes = [10, 16, 8, 8, 8, 16, 10]  # the fourth is mean and log-variance, the fifth the decoder
    linears = [m for m in bank.model.modules() if type(m).__name__ == "Linear"]
    plain = []
    for layer in linears:
        linear = nn.Linear(layer.weight.shape[1], layer.weight.shape[2]).double()
        linear.weight.data, linear.bias.data = layer.weight[0].T.clone(), layer.bias[0, 0].clone()
        plain.append(linear)
    hidden = [nn.BatchNorm1d(size).double() for size in (16, 8, 8, 16)]
    assert [linear.out_features for linear in plain] == sizes[1:4] + sizes[4:]
    x = torch.as_tensor(X)[bank._permutations(len(X))[0]]
    noise = bank._noise(len(X))[0]
    optimizer = torch.optim.Adam([p for m in plain + hidden for p in m.parameters()], lr=1e-3)

    def forward(x, noise):
        h = hidden[1](plain[1](hidden[0](plain[0](x)).relu())).relu()
        mean, logvar = plain[2](h).split(4, dim=1)
        h = hidden[2](plain[3](mean + noise * torch.exp(logvar / 2))).relu()
        return plain[5](hidden[3](plain[4](h)).relu()), mean, logvar

    y, mean, logvar = forward(x, noise)
    reconstruction = ((x - y) ** 2).sum() / 2 / len(x)
    kl = -0.5 * (1 + logvar - mean**2 - logvar.exp()).sum() / len(x)
    (reconstruction + 2 * kl).backward()
    optimizer.step()
    row = trained.history.iloc[0]
    assert row.reconstruction == pytest.approx(reconstruction.item(), abs=1e-10)
    assert row.kl == pytest.approx(kl.item(), abs=1e-10)
    assert row.total == pytest.approx((reconstruction + 2 * kl).item(), abs=1e-10)
    for module in hidden:
        module.eval()
    _, mean, _ = forward(torch.as_tensor(X), 0)
    np.testing.assert_allclose(trained.z[0], mean.detach().numpy(), rtol=0, atol=1e-9)


def test_the_same_seed_gives_the_same_bits():
    first, second = train(range(3), epochs=4), train(range(3), epochs=4)
    assert np.array_equal(first.z, second.z)
    assert first.history.equals(second.history)
    assert not np.array_equal(first.z[0], first.z[1])


def test_the_number_of_threads_does_not_matter_and_is_given_back():
    before = torch.get_num_threads()
    one = train(range(20), epochs=2, workers=1, dtype="float64")
    two = train(range(20), epochs=2, workers=2, dtype="float64")
    np.testing.assert_allclose(one.z, two.z, rtol=0, atol=1e-9)
    assert torch.get_num_threads() == before


def test_training_leaves_the_random_numbers_of_the_process_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    train([0], epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_settings_that_differ_between_members_reach_their_members():
    rates, sizes = [1e-3, 1e-2, 1e-3], [32, 32, 50]
    together = train([0, 1, 2], epochs=3, learning_rate=rates, batch_size=sizes, dtype="float64")
    for m in range(3):
        alone = train([m], epochs=3, learning_rate=rates[m], batch_size=sizes[m], dtype="float64")
        np.testing.assert_allclose(together.z[m], alone.z[0], rtol=0, atol=1e-9)


# One member in trouble --------------------------------------------------------------------------


def test_a_member_that_diverges_is_named_and_stopped_alone():
    calm = train(range(3), epochs=4, dtype="float32")
    with pytest.warns(RuntimeWarning, match=r"seed 1 and beta 1e\+38 diverged in epoch 0"):
        mixed = train(range(3), epochs=4, beta=[1, 1e38, 1])
    assert mixed.health.verdict.tolist()[1] == "diverged"
    assert "diverged" not in mixed.health.verdict.tolist()[::2]
    assert np.array_equal(mixed.z[::2], calm.z[::2])
    assert np.isnan(mixed.z[1]).all()
    assert mixed.history.groupby("seed").size().tolist() == [4, 1, 4]


def test_a_member_that_diverges_in_its_very_last_step_is_named_too():
    """Its losses were numbers: only its weights are none."""
    with pytest.warns(RuntimeWarning, match=r"seed 1 and beta 1 diverged in epoch 0"):
        mixed = train(range(2), epochs=1, batch_size=len(X), learning_rate=[1e-3, 1e38])
    assert mixed.history.total.notna().all()
    assert mixed.health.verdict.tolist()[1] == "diverged" and np.isnan(mixed.z[1]).all()


def test_clipping_bounds_each_gradient_on_its_own():
    bank = Bank(VAE, torch.as_tensor(X), [Member(seed, dtype="float64") for seed in range(2)])
    for p in bank.parameters:
        p.grad[0], p.grad[1] = 1.0, 1e-6
    clip_gradients(bank.parameters, 0.5)
    norms = sum(p.grad.flatten(1).square().sum(1) for p in bank.parameters).sqrt()
    n = models.count_parameters(bank.model)
    assert norms.tolist() == pytest.approx([0.5, 1e-6 * n**0.5])


def test_early_stopping_keeps_the_best_epoch_of_each_member():
    stopped = train(range(4), epochs=300, held_out=0.2, patience=4, learning_rate=0.02)
    lengths = stopped.history.groupby("seed").size()
    assert lengths.max() < 300
    assert lengths.nunique() > 1
    for seed, rows in stopped.history.groupby("seed"):
        assert rows.held_out.argmin() == len(rows) - 1 - 4
        alone = train([seed], epochs=300, held_out=0.2, patience=4, learning_rate=0.02)
        assert abs(len(alone.history) - len(rows)) <= 20
        best = train(
            [seed], epochs=int(rows.held_out.argmin()) + 1, held_out=0.2, patience=400,
            learning_rate=0.02,
        )  # fmt: skip
        assert best.history.held_out.min() == pytest.approx(rows.held_out.min(), rel=0.02)


def test_early_stopping_waits_for_the_warm_up():
    trained = train([0], epochs=60, held_out=0.2, patience=1, warmup_epochs=40, learning_rate=0.05)
    assert len(trained.history) > 40


# What comes back --------------------------------------------------------------------------------


def test_history_and_codes():
    trained = train([5, 6], beta=[0.5, 2.0], epochs=3, warmup_epochs=2)
    rows = trained.history
    assert list(rows.columns[:6]) == ["seed", "beta", "epoch", "total", "reconstruction", "kl"]
    np.testing.assert_allclose(rows[[f"kl_{j}" for j in range(4)]].sum(axis=1), rows.kl, rtol=1e-5)
    weight = rows.beta * rows.epoch.map({0: 0.0, 1: 0.5, 2: 1.0})
    np.testing.assert_allclose(rows.total, rows.reconstruction + weight * rows.kl, rtol=1e-5)
    assert trained.z.shape == trained.logvar.shape == (2, len(X), 4)
    assert list(zip(trained.seeds, trained.beta, strict=True)) == [(5, 0.5), (6, 2.0)]
    np.testing.assert_allclose(trained.decode(trained.z), trained.reconstruct(), atol=1e-5)
    assert trained.decode(np.zeros((7, 4))).shape == (2, 7, 10)
    np.testing.assert_allclose(trained.reconstruct(X[:5]), trained.reconstruct()[:, :5], atol=1e-5)


def test_training_learns_and_beta_costs_reconstruction():
    trained = train(**training.grid([0, 1], [0.1, 1.0, 30.0]), epochs=60, learning_rate=3e-3)
    health = trained.health.groupby("beta").mean(numeric_only=True)
    assert health.r2.is_monotonic_decreasing
    assert health.kl.is_monotonic_decreasing
    verdicts = trained.health.set_index("beta").verdict
    assert set(verdicts.loc[0.1]) == {"healthy"}
    assert set(verdicts.loc[30.0]) == {"collapsed"}
    untrained = training.random_encoder(VAE, X, [0])
    assert untrained.health.verdict.tolist() == ["untrained"]
    assert untrained.z.shape == (1, len(X), 4)
    assert untrained.history.empty
    assert untrained.health.r2[0] < 0.2


def test_an_autoencoder_trains_the_same_way():
    architecture = partial(models.Autoencoder, n_features=10, latent_dim=4, hidden=(16,))
    trained = training.train(architecture, X, [0, 1], epochs=80, device="cpu")
    assert trained.logvar is None
    assert trained.health.kl.isna().all()
    assert (trained.health.r2 > 0.8).all()
    assert trained.history.kl.isna().all()


@given(st.integers(0, 300), st.integers(0, 100))
def test_kl_weight_climbs_from_zero_to_one(epoch, warmup):
    weight = training.kl_weight(epoch, warmup)
    assert 0 <= weight <= training.kl_weight(epoch + 1, warmup) <= 1
    assert (weight == 1) == (epoch >= warmup)


def test_kl_weight_is_linear():
    assert [training.kl_weight(epoch, 4) for epoch in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]


# Networks of other kinds ------------------------------------------------------------------------


class ConvVAE(models.VAE):
    """A VAE on images (M, B, 1, 8, 12); convolutions gain nothing from company."""

    bank_size = 1

    def __init__(self, members: int, latent_dim: int = 3):
        nn.Module.__init__(self)
        self.latent_dim = latent_dim
        self.down = nn.Sequential(
            Conv(members, 1, 4, (3, 3), stride=2, padding=1), BatchNorm(members, 4), nn.ReLU()
        )
        self.code = models.Linear(members, 4 * 4 * 6, 2 * latent_dim)
        self.spread = models.Linear(members, latent_dim, 4 * 4 * 6)
        self.up = ConvTranspose(members, 4, 1, (4, 4), stride=2, padding=1)

    def encode(self, x: Tensor):
        return self.code(self.down(x).flatten(2)).chunk(2, dim=-1)

    def decode(self, z: Tensor) -> Tensor:
        return self.up(self.spread(z).relu().unflatten(2, (4, 4, 6)))


class ConditionalMultimodalVAE(models.VAE):
    """One encoder over sound and words, some of which are missing, given a condition."""

    def __init__(self, members: int, latent_dim: int = 3):
        nn.Module.__init__(self)
        self.latent_dim = latent_dim
        self.encoder = models.mlp(members, [6 + 4 + 2, 16, 2 * latent_dim])
        self.heads = nn.ModuleList(models.mlp(members, [latent_dim + 2, 16, n]) for n in (6, 4))

    def target(self, data):
        return torch.cat([data["audio"], data["text"] * data["has_text"]], dim=-1)

    def encode(self, data):
        x = torch.cat([self.target(data), data["language"]], dim=-1)
        return self.encoder(x).chunk(2, dim=-1)

    def decode(self, z, language):
        z = torch.cat([z, language], dim=-1)
        return torch.cat([head(z) for head in self.heads], dim=-1)

    def reconstruct(self, data):
        audio, text = self.decode(self.encode(data)[0], data["language"]).split([6, 4], dim=-1)
        return torch.cat([audio, text * data["has_text"]], dim=-1)

    def loss(self, data, noise):
        mean, logvar = self.encode(data)
        decoded = self.decode(mean + noise * torch.exp(0.5 * logvar), data["language"])
        audio, text = decoded.split([6, 4], dim=-1)
        present = torch.cat([audio, text * data["has_text"]], dim=-1)
        error = models.squared_error(self.target(data), present)
        return models.Losses(error, models.gaussian_kl(mean, logvar))


CONV = partial(ConvVAE, latent_dim=3)


def images(n_tracks: int = 90) -> np.ndarray:
    """Smooth images with three factors behind them."""
    rows, columns = np.linspace(0, 3, 8)[:, None], np.linspace(0, 3, 12)
    patterns = np.stack(
        [np.sin(rows + columns), np.cos(rows) + 0 * columns, np.sin(2 * columns - rows)]
    )
    strengths = np.random.default_rng(0).standard_normal((n_tracks, 1, 3))
    return np.tensordot(strengths, patterns, axes=1)


def test_a_convolutional_vae_behind_the_same_call():
    trained = training.train(CONV, images(), range(3), epochs=40, learning_rate=0.01, device="cpu")
    assert trained.z.shape == (3, 90, 3)
    assert trained.reconstruct().shape == (3, 90, 1, 8, 12)
    assert (trained.health.r2 > 0.5).all()
    alone = training.train(CONV, images(), [2], epochs=40, learning_rate=0.01, device="cpu")
    assert np.array_equal(trained.z[2], alone.z[0])


def test_convolutions_in_company_equal_those_alone():
    data = torch.as_tensor(images())
    members = [Member(seed, epochs=3, dtype="float64") for seed in range(3)]
    together = Bank(CONV, data, members).train()
    alone = Bank(CONV, data, members[1:2]).train()[0]
    for name, tensor in alone.state.items():
        torch.testing.assert_close(together[1].state[name], tensor, rtol=0, atol=1e-9)


def test_several_modalities_with_a_mask_and_a_condition():
    rng = np.random.default_rng(1)
    data = {
        "audio": features(120, 6),
        "text": features(120, 4),
        "has_text": (rng.random((120, 1)) < 0.7).astype(float),
        "language": np.eye(2)[rng.integers(0, 2, 120)],
    }
    architecture = partial(ConditionalMultimodalVAE, latent_dim=3)
    trained = training.train(architecture, data, range(2), epochs=100, device="cpu")
    assert (trained.health.r2 > 0.4).all()
    decoded = trained.decode(trained.z[0], language=data["language"])
    assert decoded.shape == (2, 120, 10)
    # Words that are missing teach nothing and are not looked at.
    data["text"] = np.where(data["has_text"] > 0, data["text"], 99.0)
    again = training.train(architecture, data, range(2), epochs=100, device="cpu")
    assert np.array_equal(trained.z, again.z)


# On disk ----------------------------------------------------------------------------------------


@pytest.fixture
def count_bank(monkeypatch):
    """The seeds of all banks that are trained."""
    trained, original = [], Bank.train
    lock = threading.Lock()

    def train(self, tick):
        with lock:
            trained.extend(member.seed for member in self.members)
        return original(self, tick)

    monkeypatch.setattr(Bank, "train", train)
    return trained


def test_saved_members_are_loaded_and_only_missing_ones_trained(tmp_path, count_bank):
    first = train(range(3), epochs=2, folder=tmp_path)
    assert sorted(count_bank) == [0, 1, 2]
    again = train(range(3), epochs=2, folder=tmp_path)
    assert len(count_bank) == 3
    more = train([2, 7, 0], epochs=2, folder=tmp_path)
    assert count_bank[3:] == [7]
    for a, b in ((again.z, first.z), (more.z[[2, 0]], first.z[[0, 2]])):
        assert np.array_equal(a, b)
    assert again.history.equals(first.history)
    assert again.health.equals(first.health)
    loaded = training.load(VAE, X, folder=tmp_path)
    assert loaded.seeds.tolist() == [2, 7, 0]
    assert np.array_equal(loaded.z, more.z)


def test_an_interrupted_run_goes_on_to_the_same_bits(tmp_path, monkeypatch, count_bank):
    whole = train(range(40), epochs=1, workers=1)
    n_banks = len(training._banks([Member(seed) for seed in range(40)], 8, 1, "cpu"))
    assert n_banks > 2
    count_bank.clear()
    original, calls = training.checkpoints.save, []

    def save(*arguments):
        original(*arguments)
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(training.checkpoints, "save", save)
    with pytest.raises(KeyboardInterrupt):
        train(range(40), epochs=1, workers=1, folder=tmp_path)
    monkeypatch.undo()
    kept = training.load(VAE, X, folder=tmp_path)
    assert 0 < len(kept.seeds) < 40
    rest = train(range(40), epochs=1, workers=1, folder=tmp_path)
    assert np.array_equal(rest.z, whole.z)


def test_other_settings_data_or_architecture_are_trained_anew(tmp_path, count_bank):
    train([0], epochs=1, folder=tmp_path)
    train([0], epochs=2, folder=tmp_path)
    other = partial(models.VAE, n_features=10, latent_dim=4, hidden=(8,))
    training.train(other, X, [0], epochs=2, device="cpu", folder=tmp_path)
    training.train(other, X + 0.1, [0], epochs=2, device="cpu", folder=tmp_path)
    assert len(count_bank) == 4


def test_loading_refuses_what_does_not_fit_in_one_line(tmp_path):
    train([0], epochs=1, folder=tmp_path)
    other = partial(models.VAE, n_features=10, latent_dim=5)
    ae = partial(models.Autoencoder, n_features=10, latent_dim=4, hidden=(16, 8))
    path = tmp_path / "models" / "vae.safetensors"
    for architecture, data, reason in (
        (VAE, X[:100], "shape"),
        (VAE, X * 1.001, "data"),
        (other, X, "architecture"),
        (ae, X, "architecture"),
    ):
        with pytest.raises(UserError, match=f"vae.safetensors.*other {reason}") as error:
            training.load(architecture, data, folder=tmp_path)
        assert "\n" not in str(error.value)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UserError, match="cannot be read"):
        training.load(VAE, X, folder=tmp_path)
    path.unlink()
    with pytest.raises(UserError, match="not there"):
        training.load(VAE, X, folder=tmp_path)


def drop_a_tensor(description, arrays):
    arrays.pop("0.state.encoder.0.bias")


def change_a_shape(description, arrays):
    arrays["0.state.encoder.0.weight"] = arrays["0.state.encoder.0.weight"][:, :1].contiguous()


def add_a_stranger(description, arrays):
    arrays["stranger"] = torch.zeros(1)


def name_an_unknown_setting(description, arrays):
    description["members"][0]["colour"] = "blue"


def forget_the_members(description, arrays):
    description["members"] = []


@pytest.mark.parametrize(
    "damage",
    [
        drop_a_tensor,
        change_a_shape,
        add_a_stranger,
        name_an_unknown_setting,
        forget_the_members,
        lambda description, arrays: description.pop("members"),
    ],
)
def test_a_file_that_does_not_hold_what_it_says_is_refused_and_trained_anew(
    tmp_path, count_bank, damage
):
    """As one of another version of the project may be."""
    first = train([0], epochs=1, folder=tmp_path)
    path = tmp_path / "models" / "vae.safetensors"
    with safe_open(path, "pt") as file:
        description = json.loads(file.metadata()["description"])
    arrays = load_file(path)
    damage(description, arrays)
    save_file(arrays, path, metadata={"description": json.dumps(description)})
    with pytest.raises(UserError, match=r"vae.safetensors does not hold what it says") as error:
        training.load(VAE, X, folder=tmp_path)
    assert "\n" not in str(error.value)
    again = train([0], epochs=1, folder=tmp_path)
    assert count_bank == [0, 0] and np.array_equal(first.z, again.z)


def test_a_network_whose_code_has_changed_is_trained_anew(tmp_path, count_bank):
    """Else whoever tries out a loss would look at the weights of the one before."""
    source = "class Mine(VAE):\n  def kl(self, mean, logvar): return super().kl(mean, logvar) * {}"
    for factor in (1.0, 1.0, 3.0):
        names = {"VAE": models.VAE, "__name__": "notebook"}
        exec(source.format(factor), names)
        architecture = partial(names["Mine"], **VAE.keywords)
        training.train(architecture, X, [0], epochs=1, device="cpu", folder=tmp_path)
        train([0], epochs=1, folder=tmp_path, name="other")
    assert len(count_bank) == 3  # twice ours, once the other, which did not change


def test_what_the_methods_of_a_network_take_from_around_them_counts_as_its_code():
    def network(least, factor):
        class Mine(models.VAE):
            def kl(self, mean, logvar, *, least=least):
                return factor * super().kl(mean, logvar).clamp(min=least)

        return checkpoints.describe(partial(Mine, n_features=4))["code"]

    assert network(0.1, 1.0) == network(0.1, 1.0)
    assert len({network(0.1, 1.0), network(0.2, 1.0), network(0.1, 2.0)}) == 3


def test_the_json_says_what_the_file_holds(tmp_path):
    train([4], beta=2.0, epochs=1, folder=tmp_path, name="beta_vae")
    said = json.loads((tmp_path / "models" / "beta_vae.json").read_text())
    assert said["architecture"]["network"] == "lib.models.autoencoder.VAE"
    assert said["architecture"]["hidden"] == [16, 8]
    assert said["n_parameters"] == train([0], epochs=0).n_parameters
    assert said["shape"] == [150, 10]
    assert said["members"][0]["seed"] == 4 and said["members"][0]["beta"] == 2.0
    assert {"python", "torch"} <= said["versions"].keys()
    names = sorted(file.name for file in (tmp_path / "models").iterdir())
    assert names == ["beta_vae.json", "beta_vae.safetensors"]


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"seeds": []}, "seeds is empty"),
        ({"seeds": [1, 1]}, "seed 1 comes twice"),
        ({"seeds": [0, 1], "beta": [1, 2, 3]}, "beta has 3 values for 2 seeds"),
        ({"seeds": [0], "beta": -1}, "beta must be"),
        ({"seeds": [0], "beta": float("nan")}, "beta must be"),
        ({"seeds": [0.5]}, "seed must be a whole number"),
        ({"seeds": [0], "epochs": 1.5}, "epochs must be a whole number"),
        ({"seeds": [0], "batch_size": 1}, "batch_size must be"),
        ({"seeds": [0], "patience": 3}, "early stopping"),
        ({"seeds": [0], "held_out": 1.5, "patience": 3}, "early stopping"),
        ({"seeds": [0], "dtype": "float16"}, "dtype must be"),
        ({"seeds": [0], "device": "abacus"}, "device 'abacus' is not there: choose auto or c"),
    ],
)
def test_settings_that_cannot_be_meant(arguments, message):
    with pytest.raises(UserError, match=message):
        training.train(VAE, X, **arguments)


def test_data_that_cannot_be_trained_on():
    broken = X.copy()
    broken[7, 2] = np.nan
    for data, message in (
        (broken, r"NaN or infinity in rows \[7\]"),
        (X[:, :4], "cannot take data of shape"),
        (X[:2], "three or more"),
        ({"a": X, "b": X[:9]}, "same tracks"),
    ):
        with pytest.raises(UserError, match=message):
            training.train(VAE, data, [0])
    with pytest.raises(UserError, match=r"held_out 0\.5 leaves 1 tracks to learn from"):
        training.train(VAE, X[:3], [0], held_out=0.5, patience=1)
    with pytest.raises(UserError, match=r"functools\.partial"):
        training.train(lambda members: models.VAE(members, 10), X, [0])


@given(
    n=st.integers(1, 90),
    size=st.integers(1, 20),
    workers=st.integers(1, 4),
    n_rates=st.integers(1, 3),
)
def test_banks_hold_each_member_once_and_are_even(n, size, workers, n_rates):
    members = [Member(seed, learning_rate=10.0 ** -(seed % n_rates)) for seed in range(n)]
    banks = training._banks(members, size, workers, "cpu")
    assert sorted(m.seed for bank in banks for m in bank) == list(range(n))
    for bank in banks:
        assert 1 <= len(bank) <= size
        assert len({m.learning_rate for m in bank}) == 1
    by_rate = [[len(b) for b in banks if b[0].learning_rate == 10.0**-i] for i in range(n_rates)]
    for lengths in by_rate:
        assert all(abs(a - b) <= 1 for a, b in pairwise(lengths))


def test_a_gpu_takes_all_members_at_once_whatever_others_there_are():
    members = [Member(0), *(Member(seed, learning_rate=0.01) for seed in range(1, 40))]
    assert [len(bank) for bank in training._banks(members, 16, 1, "cuda")] == [1, 39]
    assert {len(bank) for bank in training._banks(members, 1, 1, "cuda")} == {1}


def test_no_warning_without_a_reason():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train([0, 1], epochs=2)
