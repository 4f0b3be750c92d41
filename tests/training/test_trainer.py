"""Networks that train together equal those that train alone, and all that is built on that."""

import warnings

import numpy as np
import pytest
import torch
from example_networks import VAE, X, features, train
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lib import models, training
from lib.errors import UserError
from lib.training import Architecture, trainer
from lib.training.run import RunSettings

# Together or alone ------------------------------------------------------------------------------


@pytest.mark.usefixtures("double")
def test_forty_together_equal_each_alone_to_rounding_in_float64():
    grid = training.grid(range(20), [1.0, 4.0])
    together = train(**grid, epochs=12)
    for m in (0, 7, 19, 20, 39):
        alone = train([grid["seeds"][m]], beta=grid["beta"][m], epochs=12)
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


def test_the_same_seed_gives_the_same_bits():
    first, second = train(range(3), epochs=4), train(range(3), epochs=4)
    assert np.array_equal(first.z, second.z)
    assert first.history.equals(second.history)
    assert not np.array_equal(first.z[0], first.z[1])


@pytest.mark.usefixtures("double")
def test_the_number_of_cores_does_not_matter_and_threads_are_given_back(monkeypatch):
    before, codes = torch.get_num_threads(), []
    for cores in (1, 2):
        monkeypatch.setattr(trainer, "cpu_count", lambda cores=cores: cores)
        codes.append(train(range(20), epochs=2).z)
    np.testing.assert_allclose(*codes, rtol=0, atol=1e-9)
    assert torch.get_num_threads() == before


def test_training_leaves_the_random_numbers_of_the_process_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    train([0], epochs=1)
    assert torch.equal(torch.rand(3), expected)


# One network in trouble -------------------------------------------------------------------------


def test_a_network_that_diverges_is_named_and_stopped_alone():
    calm = train(range(3), epochs=4)
    with pytest.warns(RuntimeWarning, match=r"seed 1 and beta 1e\+38 diverged in epoch 0"):
        mixed = train(range(3), epochs=4, beta=[1, 1e38, 1])
    assert mixed.health.verdict.tolist()[1] == "diverged"
    assert "diverged" not in mixed.health.verdict.tolist()[::2]
    assert np.array_equal(mixed.z[::2], calm.z[::2])
    assert np.isnan(mixed.z[1]).all()
    assert mixed.history.groupby("seed").size().tolist() == [4, 1, 4]


def test_a_network_that_diverges_in_its_very_last_step_is_named_too():
    """Its losses were numbers: only its weights are none."""
    with pytest.warns(RuntimeWarning, match=r"seed 1 and beta 1 diverged in epoch 0"):
        broken = train([1], epochs=1, batch_size=len(X), learning_rate=1e38)
    assert broken.history.total.notna().all()
    assert broken.health.verdict.tolist() == ["diverged"] and np.isnan(broken.z).all()


def test_no_warning_without_a_reason():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train([0, 1], epochs=2)


# Networks of other kinds ------------------------------------------------------------------------


class ConditionalMultimodalVAE(models.VAE):
    """One encoder over sound and words, some of which are missing, given a condition."""

    def __init__(self, n_networks: int, latent_dim: int = 3):
        nn.Module.__init__(self)
        self.latent_dim = latent_dim
        self.encoder = models.mlp(n_networks, [6 + 4 + 2, 16, 2 * latent_dim])
        self.heads = nn.ModuleList(models.mlp(n_networks, [latent_dim + 2, 16, n]) for n in (6, 4))

    def target(self, data):
        return torch.cat([data["audio"], data["text"] * data["has_text"]], dim=-1)

    def encode(self, data):
        return super().encode(torch.cat([self.target(data), data["language"]], dim=-1))

    def decode(self, z, language):
        z = torch.cat([z, language], dim=-1)
        return torch.cat([head(z) for head in self.heads], dim=-1)

    def predict(self, z, data):
        audio, text = self.decode(z, data["language"]).split([6, 4], dim=-1)
        return torch.cat([audio, text * data["has_text"]], dim=-1)


def test_several_modalities_with_a_mask_and_a_condition():
    rng = np.random.default_rng(1)
    data = {
        "audio": features(120, 6),
        "text": features(120, 4),
        "has_text": (rng.random((120, 1)) < 0.7).astype(float),
        "language": np.eye(2)[rng.integers(0, 2, 120)],
    }
    architecture = Architecture(ConditionalMultimodalVAE, latent_dim=3)
    trained = training.train(architecture, data, range(2), epochs=100, device="cpu")
    assert (trained.health.r2 > 0.4).all()
    decoded = trained.decode(trained.z[0], language=data["language"])
    assert decoded.shape == (2, 120, 10)
    # Words that are missing teach nothing and are not looked at.
    data["text"] = np.where(data["has_text"] > 0, data["text"], 99.0)
    again = training.train(architecture, data, range(2), epochs=100, device="cpu")
    assert np.array_equal(trained.z, again.z)


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"seeds": []}, "0 seeds and 0 betas: give one of each"),
        ({"seeds": [0, 1], "beta": [1, 2, 3]}, "2 seeds and 3 betas: give one of each"),
        ({"seeds": [0], "beta": -1}, "beta must be"),
        ({"seeds": [0], "beta": float("nan")}, "beta must be"),
        ({"seeds": [0], "epochs": -1}, "epochs must be 0 or more, not -1"),
        ({"seeds": [0], "device": "abacus"}, "device 'abacus' is not there: choose auto or c"),
    ],
)
def test_settings_that_cannot_be_meant(arguments, message):
    with pytest.raises(UserError, match=message):
        training.train(VAE, X, **arguments)


# Shared out over the cores ----------------------------------------------------------------------


@given(n=st.integers(1, 90), size=st.integers(1, 20), cores=st.integers(1, 4))
def test_stacks_hold_each_network_once_and_are_even(n, size, cores):
    stacks = trainer._stacks([RunSettings(seed) for seed in range(n)], size, cores)
    assert sorted(s.seed for stack in stacks for s in stack) == list(range(n))
    lengths = [len(stack) for stack in stacks]
    assert min(lengths) >= 1 and max(lengths) <= size and max(lengths) - min(lengths) <= 1
    assert len(stacks) == 1 or len(stacks) == n or len(stacks) % cores == 0


@pytest.mark.parametrize("size, lengths", [(16, [20]), (1, [1] * 20)])
def test_a_gpu_takes_all_networks_at_once(size, lengths, monkeypatch):
    """Unless they gain nothing side by side."""
    found = []
    monkeypatch.setattr(trainer, "choose_device", lambda name: "cuda")
    monkeypatch.setattr(models.VAE, "stack_size", size)
    monkeypatch.setattr(trainer, "_train", lambda stacks, *_: found.extend(stacks) or [])
    with pytest.raises(KeyError):  # nothing was trained
        train(range(20))
    assert [len(stack.args[2]) for stack in found] == lengths
