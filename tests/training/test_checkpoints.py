"""Networks on disk: what is there is loaded, what does not fit is trained anew."""

import json
import threading

import numpy as np
import pytest
import torch
from example_networks import SIZES, VAE, X, train
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from lib import models, training
from lib.training import Architecture, Tracks, checkpoints, trainer
from lib.training.run import RunSettings
from lib.training.stack import Stack


@pytest.fixture
def trained_seeds(monkeypatch):
    """The seeds of all networks that are trained."""
    seeds, original, lock = [], Stack.train, threading.Lock()

    def train(self, tick):
        with lock:
            seeds.extend(settings.seed for settings in self.settings)
        return original(self, tick)

    monkeypatch.setattr(Stack, "train", train)
    return seeds


def load(folder, architecture=VAE, data=X):
    path = folder / "models" / "vae.safetensors"
    return checkpoints.load(path, architecture, Tracks.of(data))


def test_what_is_saved_is_loaded_and_only_what_is_missing_trained(tmp_path, trained_seeds):
    first = train(range(3), epochs=2, folder=tmp_path)
    assert sorted(trained_seeds) == [0, 1, 2]
    again = train(range(3), epochs=2, folder=tmp_path)
    assert len(trained_seeds) == 3
    more = train([2, 7, 0], epochs=2, folder=tmp_path)
    assert trained_seeds[3:] == [7]
    for a, b in ((again.z, first.z), (more.z[[2, 0]], first.z[[0, 2]])):
        assert np.array_equal(a, b)
    assert again.history.equals(first.history)
    assert again.health.equals(first.health)
    assert [run.settings.seed for run in load(tmp_path)] == [2, 7, 0]


def test_an_interrupted_run_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "cpu_count", lambda: 1)
    whole = train(range(40), epochs=1)
    assert len(trainer._stacks([RunSettings(seed) for seed in range(40)], 16, 1)) > 2
    original, calls = checkpoints.save, []

    def save(*arguments):
        original(*arguments)
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "save", save)
    with pytest.raises(KeyboardInterrupt):
        train(range(40), epochs=1, folder=tmp_path)
    monkeypatch.setattr(checkpoints, "save", original)
    assert 0 < len(load(tmp_path)) < 40
    rest = train(range(40), epochs=1, folder=tmp_path)
    assert np.array_equal(rest.z, whole.z)


def test_other_settings_data_or_architecture_are_trained_anew(tmp_path, trained_seeds):
    train([0], epochs=1, folder=tmp_path)
    train([0], epochs=2, folder=tmp_path)
    other = Architecture(models.VAE, **SIZES | {"hidden": (8,)})
    training.train(other, X, [0], epochs=2, device="cpu", folder=tmp_path)
    training.train(other, X + 0.1, [0], epochs=2, device="cpu", folder=tmp_path)
    assert len(trained_seeds) == 4


def test_nothing_is_loaded_that_does_not_fit(tmp_path):
    assert load(tmp_path) == []
    train([0], epochs=1, folder=tmp_path)
    assert len(load(tmp_path)) == 1
    for architecture, data in (
        (VAE, X[:100]),
        (VAE, X * 1.001),
        (VAE, {"y": X}),
        (Architecture(models.VAE, n_features=10, latent_dim=5), X),
        (Architecture(models.Autoencoder, **SIZES), X),
    ):
        assert load(tmp_path, architecture, data) == []
    path = tmp_path / "models" / "vae.safetensors"
    path.write_bytes(path.read_bytes()[:200])
    assert load(tmp_path) == []


def drop_a_tensor(description, arrays):
    arrays.pop("0.state.encoder.0.bias")


def change_a_shape(description, arrays):
    arrays["0.state.encoder.0.weight"] = arrays["0.state.encoder.0.weight"][:, :1].contiguous()


def add_a_stranger(description, arrays):
    arrays["stranger"] = torch.zeros(1)


def name_an_unknown_setting(description, arrays):
    description["runs"][0]["colour"] = "blue"


def forget_the_runs(description, arrays):
    description["runs"] = []


@pytest.mark.parametrize(
    "damage",
    [
        drop_a_tensor,
        change_a_shape,
        add_a_stranger,
        name_an_unknown_setting,
        forget_the_runs,
        lambda description, arrays: description.pop("runs"),
    ],
)
def test_a_file_that_does_not_hold_what_it_says_is_trained_anew(tmp_path, trained_seeds, damage):
    """As one of another version of the project may be."""
    first = train([0], epochs=1, folder=tmp_path)
    path = tmp_path / "models" / "vae.safetensors"
    with safe_open(path, "pt") as file:
        description = json.loads(file.metadata()["description"])
    arrays = load_file(path)
    damage(description, arrays)
    save_file(arrays, path, metadata={"description": json.dumps(description)})
    again = train([0], epochs=1, folder=tmp_path)
    assert trained_seeds == [0, 0] and np.array_equal(first.z, again.z)


def test_the_json_says_what_the_file_holds(tmp_path):
    train([4], beta=2.0, epochs=1, folder=tmp_path, name="beta_vae")
    said = json.loads((tmp_path / "models" / "beta_vae.json").read_text())
    assert said["architecture"] == VAE.description
    assert said["n_parameters"] == VAE.n_parameters
    assert said["shape"] == {"x": [150, 10]}
    assert said["runs"] == [
        {"seed": 4, "beta": 2.0, "epochs": 1, "batch_size": 32, "learning_rate": 1e-3}
    ]
    assert {"python", "torch"} <= said["versions"].keys()
    names = sorted(file.name for file in (tmp_path / "models").iterdir())
    assert names == ["beta_vae.json", "beta_vae.safetensors"]
