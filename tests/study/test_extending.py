"""What README says of a new metric and a new algorithm: a function, and a line in the catalogue."""

import subprocess
import sys

import pandas as pd

from lib import ROOT
from lib.report import results

SCRIPT = """
import sys

import numpy as np

from lib import catalogue

catalogue.SCORES["largest"] = catalogue.Score("largest", "Largest cluster", "points")
catalogue.ALGORITHMS["halves"] = catalogue.Algorithm("halves", "Halves", "halving")

from lib import clustering, evaluation
from lib.report import tables
from lib.settings import Settings
from lib.study import Study

@evaluation.metric
def largest(points, labels):
    return np.unique(labels, return_counts=True)[1].max()

@clustering.algorithm(seeded=False)
def halves(points, n_clusters):
    return np.arange(len(points)) % 2

study = Study("easy", Settings(corpus=sys.argv[1], data_dir="", seeds=2, latent_dim=3, epochs=1,
                               n_clusters=0, device="cpu", results_dir=sys.argv[2]))
spaces = study.represent("raw")
scores = study.score(spaces, list(clustering.ALGORITHMS))
study.save(scores, spaces)
print(tables.scores(scores.rows, ["largest"]).to_csv(index=False))
"""


def test_a_new_metric_and_a_new_algorithm_reach_files_and_tables(tones, tmp_path):
    """In a process of its own, whose catalogue has them from the start."""
    command = [sys.executable, "-c", SCRIPT, str(tones), str(tmp_path / "results")]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    rows = pd.read_csv(tmp_path / "results" / "clustering_metrics.csv")
    assert rows.columns.drop("largest").tolist() == results.COLUMNS
    own = rows[rows["algorithm"] == "halves"]
    assert len(own) == 2 and (own["largest"] == 6).all() and (own["n_clusters"] == 2).all()
    summary = pd.read_csv(tmp_path / "results" / "summary.csv")
    assert {"largest", "largest_low", "largest_high"} <= set(summary.columns)
    assert "Representation,Largest cluster" in done.stdout
    assert '"Raw features, Halves",6.000' in done.stdout
