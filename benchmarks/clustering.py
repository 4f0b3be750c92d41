"""What clustering, its scores and its maps cost, as ratios.

    python benchmarks/clustering.py [silhouette] [graphs] [umap]

Without arguments all three. One thread, CPU time, medians of runs that take turns. The points are
32-dimensional blobs (for the graphs also noise without any cluster). UMAP is measured in new
processes, from the first line to the map: what a notebook waits for.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read once, when numpy and scikit-learn are loaded

import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from unittest import mock

from lib import ROOT, runtime
from lib.clustering import algorithms
from lib.clustering.neighbours import graph
from lib.evaluation import silhouette
from lib.evaluation.silhouettes import samples

# isort: split
import numpy as np
from sklearn.cluster import SpectralClustering
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score, silhouette_score

UMAP = """
import lib
import numpy as np
from sklearn.datasets import make_blobs
points = make_blobs({n}, 32, centers=10, cluster_std=4, random_state=0)[0].astype(np.float32)
{call}
import time
print(time.process_time())
"""
DEFAULT = "import umap; umap.UMAP({}).fit_transform(points)"
OURS = "from lib.clustering import umap; umap(points)"


def blobs(n: int) -> np.ndarray:
    return make_blobs(n, 32, centers=10, cluster_std=4, random_state=0)[0]


def noise(n: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, 32))


def take_turns(variants: dict[str, Callable], repeats: int) -> tuple[dict, dict]:
    """Return the median CPU seconds of each variant, and what it returned last."""
    seconds, values = {name: [] for name in variants}, {}
    for _ in range(repeats):
        for name, call in variants.items():
            start = time.process_time()
            values[name] = call()
            seconds[name].append(time.process_time() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}, values


def report_silhouette() -> None:
    print("silhouette            tracks    sklearn s   by tiles s   ratio   |difference|")
    for n in (1000, 8000):
        points = blobs(n)
        labels = algorithms.kmeans(points, 10, seed=0)
        seconds, values = take_turns(
            {
                "sklearn": lambda x=points, y=labels: silhouette_score(x, y),
                "tiles": lambda x=points, y=labels: silhouette(x, y),
            },
            repeats=7,
        )
        ratio = seconds["sklearn"] / seconds["tiles"]
        gap = abs(values["sklearn"] - values["tiles"])
        print(
            f"exact                 {n:6}    {seconds['sklearn']:9.4f}   {seconds['tiles']:10.4f}"
            f"   {ratio:5.1f}   {gap:.1e}"
        )
    points = blobs(40_000)
    labels = algorithms.kmeans(points, 10, seed=0)
    seconds, values = take_turns(
        {
            "exact": lambda: samples(points, labels, np.arange(len(points))).mean(),
            "sampled": lambda: silhouette(points, labels),
        },
        repeats=3,
    )
    print(
        f"sampled, to exact     {len(points):6}    {seconds['exact']:9.4f}"
        f"   {seconds['sampled']:10.4f}   {seconds['exact'] / seconds['sampled']:5.1f}"
        f"   {abs(values['sampled'] - values['exact']):.1e}\n"
    )


def report_graphs() -> None:
    print("on graphs                       tracks   before s   ours s   ratio   ARI of the two")
    n = 8000
    for kind, points in (("blobs", blobs(n)), ("noise", noise(n))):
        variants = {
            "exact": lambda x=points: algorithms.agglomerative(x, 10),
            "graph": lambda x=points: on_graph(x),
        }
        seconds, values = take_turns(variants, repeats=3)
        show(f"Ward, {kind}", n, *seconds.values(), *values.values())
    n = 3000
    for kind, points in (("blobs", blobs(n)), ("noise", noise(n))):
        arpack = SpectralClustering(10, affinity="precomputed", random_state=0)
        variants = {
            "arpack": lambda x=points, a=arpack: a.fit_predict(graph(x)),
            "lobpcg": lambda x=points: algorithms.spectral(x, 10, 0),
        }
        seconds, values = take_turns(variants, repeats=3)
        show(f"spectral, {kind}", n, *seconds.values(), *values.values())
    print()


def on_graph(points: np.ndarray) -> np.ndarray:
    with mock.patch.object(algorithms, "WARD_UP_TO", 0):
        return algorithms.agglomerative(points, 10)


def show(what: str, n: int, before: float, ours: float, a: np.ndarray, b: np.ndarray) -> None:
    agreement = adjusted_rand_score(a, b)
    print(f"{what:28} {n:9}   {before:8.2f} {ours:8.2f} {before / ours:7.1f}   {agreement:.3f}")


def report_umap() -> None:
    runtime.warm()  # what numba keeps of UMAP is there for all
    print("UMAP, new process     tracks   default s   seeded s   ours s   default / ours")
    for n in (1000, 8000):
        variants = {
            "default": lambda n=n: in_process(DEFAULT.format(""), n),
            "seeded": lambda n=n: in_process(DEFAULT.format("random_state=0"), n),
            "ours": lambda n=n: in_process(OURS, n),
        }
        seconds = {name: [] for name in variants}
        for _ in range(3):
            for name, call in variants.items():
                seconds[name].append(call())
        default, seeded, ours = (statistics.median(times) for times in seconds.values())
        print(
            f"first map           {n:8}   {default:9.1f}  {seeded:9.1f} {ours:8.1f}"
            f"   {default / ours:.1f}"
        )


def in_process(call: str, n: int) -> float:
    script = UMAP.format(n=n, call=call)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    reports = {"silhouette": report_silhouette, "graphs": report_graphs, "umap": report_umap}
    for name in sys.argv[1:] or reports:
        reports[name]()
