"""What README says about a model, a metric and an algorithm of one's own works as it stands."""

import json
import re
import subprocess
import sys
import textwrap

import pandas as pd
import pytest

from lib import ROOT, catalogue, models
from lib.report import results
from lib.settings import Settings
from lib.study import Study, representation


def example(start, end):
    """Return the two blocks of code between two words of README: the code, and the line."""
    paragraph = re.search(rf"\*\*{start}\.\*\*.*?(?=\*\*{end}\.\*\*)", README, re.S).group()
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", paragraph, re.M)
    code, line = (textwrap.dedent(block) for block in blocks if block.strip())
    return code, line


README = (ROOT / "README.md").read_text("utf-8")
EXAMPLES = {
    "model": example("A model", "A metric"),
    "metric": example("A metric", "An algorithm"),
    "algorithm": example("An algorithm", "A corpus"),
}

# In a process of its own, whose catalogue has the lines and whose rooms have the code.
EXTENDED = """
import json
import sys

from lib import catalogue

examples = json.loads(sys.argv[1])
tables = {"model": catalogue.REPRESENTATIONS, "metric": catalogue.SCORES,
          "algorithm": catalogue.ALGORITHMS}
for kind, (_, line) in examples.items():
    (entry,) = eval(line, dict(vars(catalogue)))
    tables[kind][entry.key] = entry

from lib.clustering import algorithms
from lib.evaluation import partition

exec(examples["metric"][0], vars(partition))
exec(examples["algorithm"][0], vars(algorithms))
"""
STUDY = """
from pathlib import Path

from lib import models
from lib.report import tables
from lib.settings import Settings
from lib.study import Study, dataset, representation

music, folder, cache = sys.argv[2:]
dataset.CACHE = Path(cache)
study = Study("easy", Settings(corpus=music, data_dir="", seeds=2, latent_dim=3, epochs=1,
                               n_clusters=0, device="cpu", results_dir=folder))
names = {"models": models, "study": study, "representation": representation}
exec(examples["model"][0], names)
spaces = [*study.represent("raw"), representation("free_bits_vae", names["free_bits"])]
scores = study.score(spaces, list(algorithms.ALGORITHMS))
study.save(scores, spaces)
print(tables.scores(scores.rows, ["dunn"]).to_csv(index=False))
"""
CHECKS = """
import pytest

sys.exit(pytest.main(["-p", "no:cacheprovider", "-k", "complete", *sys.argv[2:]]))
"""


def run(script, *arguments):
    command = [sys.executable, "-c", EXTENDED + script, json.dumps(EXAMPLES), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture
def study(tones, tmp_path, monkeypatch):
    monkeypatch.setattr("lib.study.dataset.CACHE", tmp_path / "cache")
    values = {"corpus": str(tones), "data_dir": "", "seeds": 2, "latent_dim": 3, "epochs": 20}
    values |= {"n_clusters": 0, "device": "cpu", "results_dir": str(tmp_path / "results")}
    return Study("easy", Settings(**values))


def test_a_network_takes_a_class_and_one_line_of_the_catalogue(study, monkeypatch):
    code, line = EXAMPLES["model"]
    kind = eval(line, {"Kind": catalogue.Kind})[0]
    monkeypatch.setitem(catalogue.REPRESENTATIONS, kind.key, kind)
    names = {"models": models, "study": study, "representation": representation}
    exec(code, names)
    trained, scores = names["free_bits"], names["scores"]
    assert trained.z.shape == (2, 12, 3)
    assert trained.history.filter(regex="kl_").to_numpy().min() >= 0.0999
    assert (study.folder / "models" / "free_bits_vae.safetensors").exists()
    rows = scores.rows[scores.rows["representation"] == "free_bits_vae"]
    assert rows["seed"].tolist() == [0, 1] and rows["silhouette"].notna().all()
    assert set(catalogue.with_titles(rows)["method"]) == {"Free-bits VAE"}


def test_all_three_reach_files_and_tables(tones, tmp_path):
    done = run(STUDY, tones, tmp_path / "results", tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    rows = pd.read_csv(tmp_path / "results" / "clustering_metrics.csv")
    assert rows.columns.drop("dunn").tolist() == results.COLUMNS
    own = rows[rows["algorithm"] == "complete"]
    assert set(own["representation"]) == {"raw", "free_bits_vae"}
    assert (own["n_clusters"] == 2).all() and (own["dunn"] > 0).all()
    summary = pd.read_csv(tmp_path / "results" / "summary.csv")
    assert {"dunn", "dunn_low", "dunn_high"} <= set(summary.columns)
    assert "Representation,Dunn" in done.stdout
    assert '"Free-bits VAE, Complete linkage",' in done.stdout


def test_the_metric_is_the_index_of_dunn():
    given = "points = np.array([[0.0], [1], [10], [12]])\nlabels = np.array([0, 0, 1, 1])\n"
    done = run(f"import numpy as np\n{given}print(partition.METRICS['dunn'](points, labels))")
    assert done.stdout == "4.5\n", done.stderr


def test_the_algorithm_passes_the_checks_of_all_algorithms():
    done = run(CHECKS, "tests/clustering/test_algorithms.py")
    assert done.returncode == 0, done.stdout
