"""What README says about a model of one's own works as it stands there."""

import re
import textwrap
from pathlib import Path

import pytest

from lib import catalogue, models
from lib.settings import Settings
from lib.study import Study, representation

README = Path(__file__).resolve().parent.parent.parent / "README.md"
PARAGRAPH = re.search(
    r"\*\*A model\.\*\*.*?(?=\*\*A metric)", README.read_text("utf-8"), re.S
).group()
BLOCKS = re.findall(r"(?:^(?: {4}.*)?\n)+", PARAGRAPH, re.M)
CODE, LINE = (textwrap.dedent(block) for block in BLOCKS if block.strip())


@pytest.fixture
def study(tones, tmp_path, monkeypatch):
    monkeypatch.setattr("lib.study.dataset.CACHE", tmp_path / "cache")
    values = {"corpus": str(tones), "data_dir": "", "seeds": 2, "latent_dim": 3, "epochs": 20}
    values |= {"n_clusters": 0, "device": "cpu", "results_dir": str(tmp_path / "results")}
    return Study("easy", Settings(**values))


def test_a_network_takes_a_class_and_one_line_of_the_catalogue(study, monkeypatch):
    kind = eval(LINE, {"Kind": catalogue.Kind})[0]
    monkeypatch.setitem(catalogue.REPRESENTATIONS, kind.key, kind)
    names = {"models": models, "study": study, "representation": representation}
    exec(CODE, names)
    trained, scores = names["free_bits"], names["scores"]
    assert trained.z.shape == (2, 12, 3)
    assert trained.history.filter(regex="kl_").to_numpy().min() >= 0.0999
    assert (study.folder / "models" / "free_bits_vae.safetensors").exists()
    rows = scores.rows[scores.rows["representation"] == "free_bits_vae"]
    assert rows["seed"].tolist() == [0, 1] and rows["silhouette"].notna().all()
    assert set(catalogue.with_titles(rows)["method"]) == {"Free-bits VAE"}
