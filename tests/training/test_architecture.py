"""What a network is made from, and whether weights may be taken for those of its code."""

import importlib.util
import inspect

import numpy as np
import pytest
import torch
from example_networks import VAE, train
from IPython.core.compilerop import CachingCompiler

from lib import models, training
from lib.errors import UserError
from lib.training import Architecture, architecture
from lib.training.stack import Stack

MINE = '''
class Mine(VAE):
    """A VAE with another loss."""

    factor = {}

    def kl(self, mean, logvar):
        return self.factor * super().kl(mean, logvar)
'''


def defined_in_a_notebook(source: str) -> type:
    """The class of a cell, compiled as IPython does it."""
    compiler, names = CachingCompiler(), {"VAE": models.VAE, "__name__": "__main__"}
    exec(compiler(source, compiler.cache(source), "exec"), names)
    return names["Mine"]


def defined_in_a_file(source: str, folder) -> type:
    folder.mkdir()
    (folder / "mine.py").write_text(f"from lib.models import VAE\n{source}")
    spec = importlib.util.spec_from_file_location("mine", folder / "mine.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Mine


def code(network: type) -> str:
    return Architecture(network, n_features=4).description["code"]


def test_building_is_a_function_of_the_seed_and_leaves_the_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, same, other = (VAE.build(1, seed).encoder[0].weight for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_the_vae_of_the_study_has_25780_parameters():
    assert Architecture(models.VAE, n_features=20, latent_dim=16).n_parameters == 25_780


def test_the_description_names_the_network_and_its_keywords():
    said = VAE.description
    assert said["network"] == "VAE" and len(said["code"]) == 8
    assert said["hidden"] == [16, 8] and said["latent_dim"] == 4


@pytest.mark.parametrize("network", [lambda n_networks: models.VAE(n_networks, 10), dict, "VAE"])
def test_what_is_no_network_is_refused(network):
    with pytest.raises(UserError, match="inherits from Autoencoder"):
        Architecture(network)


def test_keywords_that_no_file_can_hold_are_refused():
    with pytest.raises(UserError, match="VAE takes plain values"):
        Architecture(models.VAE, n_features=np.ones(3))


@pytest.mark.parametrize(
    "part", [models.gaussian_kl, models.squared_error, models.Losses.total, Stack._epoch]
)
def test_an_edited_function_that_the_loss_runs_through_is_trained_anew(part, tmp_path, monkeypatch):
    """Else whoever tries out a loss would look at the weights of the one before."""
    train([0], epochs=1, folder=tmp_path)
    before, file = VAE.description["code"], tmp_path / "models" / "vae.safetensors"
    monkeypatch.setattr(training.trainer.Stack, "train", lambda *_: pytest.fail("trained again"))
    train([0], epochs=1, folder=tmp_path)
    monkeypatch.undo()

    source = inspect.getsource(part)
    twice = source.replace("return ", "return 2 * ")
    edited = [text.replace(source, twice) for text in architecture._SOURCES]
    assert edited != architecture._SOURCES
    monkeypatch.setattr(architecture, "_SOURCES", edited)
    assert VAE.description["code"] != before
    old = file.read_bytes()
    train([0], epochs=1, folder=tmp_path)
    assert file.read_bytes() != old  # with the new code in it


def test_the_source_of_a_network_of_ones_own_counts_wherever_it_stands(tmp_path):
    once, again, other = (code(defined_in_a_notebook(MINE.format(f))) for f in (1, 1, 3))
    assert once == again != other
    once, other = (code(defined_in_a_file(MINE.format(f), tmp_path / f"{f}")) for f in (1, 3))
    assert len({once, other, code(models.VAE)}) == 3


def test_a_network_without_a_source_is_never_taken_for_another():
    names = {"VAE": models.VAE, "__name__": "nowhere"}
    exec(MINE.format(1), names)
    assert code(names["Mine"]) != code(names["Mine"])
    assert code(models.VAE) == code(models.VAE)
