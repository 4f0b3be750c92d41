"""How far partitions of GTZAN's feature table get, pipeline by pipeline.

    python benchmarks/gtzan_table.py [n_seeds]

All 1000 rows, to compare with published figures, then the 930 without repetitions and faults; ten
seeds. Features: the 57 numeric columns without the length. The table is looked for in the folder
that MUSIC_DATA names, else where the tests look. Nothing is written into the project. Ten seeds
take about six minutes of one core.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read once, when numpy and scikit-learn are loaded

import sys
import tempfile
import time
from pathlib import Path

from lib import ROOT
from lib.corpora import gtzan
from lib.study import pipelines

TARGET = {"ari": 0.29, "nmi": 0.43, "purity": 0.48}


def main() -> None:
    n_seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    data = Path(os.environ.get("MUSIC_DATA") or ROOT.parent / "shared" / "data")
    tracks, features = gtzan.read_table(gtzan.find_table(data))
    for kept in (tracks, gtzan.without_faults(tracks)[0]):
        truth = kept["genre"].to_numpy(str)
        start = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            table = features.loc[kept["track_id"]]
            rows = pipelines.run(table, truth, 10, range(n_seeds), folder=folder)
        seconds = (time.process_time() - start) / n_seeds
        chosen, best = pipelines.chosen(rows), pipelines.best(rows)
        print(f"\n{len(kept)} tracks, {n_seeds} seeds, {seconds:.0f} s of CPU time each\n")
        print(pipelines.summary(rows).to_string())
        means = rows[rows["pipeline"] == chosen][list(TARGET)].mean()
        reached = {score: bool(means[score] >= least) for score, least in TARGET.items()}
        print(f"\nchosen without labels: {chosen}; by AMI it would have been: {best}")
        print(f"targets {TARGET}: reached {reached}")


if __name__ == "__main__":
    main()
