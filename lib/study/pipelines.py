"""Pipelines from features to a partition, run side by side and chosen among without labels.

All see the same wide features and nothing else, and all make the same number of clusters. A
pipeline is chosen by the agreement of its partitions with those of the others; labels, where there
are any, only score.

The choice among the pipelines is blind, the list of them is not: it, and the settings, were drawn
up while their scores on GTZAN could be seen. So scores on other corpora are the fairer ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from lib import training
from lib.audio import feature_groups, half_whiten, rank_normal
from lib.clustering import agglomerative, consensus, kmeans, neighbourhoods, umap
from lib.errors import UserError
from lib.evaluation import compare, external_scores, mean_pairwise_ari, summarise
from lib.models import VAE, NeighbourVAE, VaDE
from lib.training import Architecture, Ensemble

GENRE_SCORES = ("ari", "nmi", "ami", "purity")
ENSEMBLE = 5  # seeds of networks that one seed of a pipeline has to itself
LATENT_DIM = 10


class Pipeline(NamedTuple):
    """A way from features to a partition: scale them, encode them, unfold the codes, partition."""

    what: str  # for a table
    scale: str  # a feature matrix of `_Run`
    network: type | None = None
    n_networks: int = 1
    umap: bool = False
    partition: str = "kmeans"  # by the consensus of all networks; ward, or the network's mixture


PIPELINES = {
    "kmeans": Pipeline("k-means on the standardised features", "standardised"),
    "rank_kmeans": Pipeline("k-means on ranks", "ranks"),
    "rank_ward": Pipeline("Ward on ranks", "ranks", partition="ward"),
    "rank_umap": Pipeline("ranks, UMAP", "ranks", umap=True),
    "balanced_kmeans": Pipeline("k-means on balanced ranks", "balanced"),
    "balanced_ward": Pipeline("Ward on balanced ranks", "balanced", partition="ward"),
    "balanced_umap": Pipeline("balanced ranks, UMAP", "balanced", umap=True),
    "vae": Pipeline("VAE on ranks", "ranks", VAE),
    "vade": Pipeline("VaDE on ranks, its own clusters", "ranks", VaDE, partition="mixture"),
    "neighbour_vae": Pipeline("neighbour VAE on ranks", "ranks", NeighbourVAE),
    "balanced_neighbour_vae": Pipeline("neighbour VAE on balanced ranks", "balanced", NeighbourVAE),
    "balanced_neighbour_consensus": Pipeline(
        "consensus of five neighbour VAEs on balanced ranks", "balanced", NeighbourVAE, ENSEMBLE),
    "balanced_neighbour_umap": Pipeline(
        "five neighbour VAEs on balanced ranks side by side, UMAP", "balanced", NeighbourVAE,
        ENSEMBLE, umap=True),
}  # fmt: skip
_NAMES = {VAE: "vae", VaDE: "vade", NeighbourVAE: "neighbour_vae"}
_BETAS = {VAE: 0.1, VaDE: 1.0, NeighbourVAE: 1.0}


def fewest(n_clusters: int) -> int:
    """Return how many tracks the pipelines need for their neighbours and their mixtures."""
    return max(20, 2 * n_clusters)


def run(
    features: pd.DataFrame,
    truth: np.ndarray,
    n_clusters: int,
    seeds: Sequence[int],
    *,
    folder: str | Path | None = None,
    epochs: int = 100,
    device: str = "auto",
) -> pd.DataFrame:
    """Run every pipeline with every seed, and score its partitions, one row each.

    Columns: ``pipeline``, ``what`` it does, ``family`` (whether a VAE takes part), ``seed``, the
    scores against genres (NaN without any), which alone read ``truth``, and ``agreement``, the mean
    ARI with the partitions of the other pipelines under the same seed.
    """
    if len(features) < fewest(n_clusters):
        raise UserError(
            f"{len(features)} tracks are too few for pipelines with {n_clusters} clusters: "
            "add music"
        )
    settings = {"folder": folder, "epochs": epochs, "device": device}
    bench = _Run(features, n_clusters, seeds, **settings)
    rows = []
    for seed in bench.seeds:
        partitions = [bench.partition(pipeline, seed) for pipeline in PIPELINES.values()]
        agreements = mean_pairwise_ari(partitions)
        for (name, pipeline), labels, agreement in zip(
            PIPELINES.items(), partitions, agreements, strict=True
        ):
            row = {"pipeline": name, "what": pipeline.what}
            row |= {"family": pipeline.network is not None, "seed": seed}
            rows.append(row | external_scores(labels, truth) | {"agreement": agreement})
    return pd.DataFrame(rows)


class _Run:
    """What pipelines share: the features on all scales, and each network trained once."""

    def __init__(self, features: pd.DataFrame, n_clusters: int, seeds: Sequence[int], **settings):
        groups = feature_groups(features.columns)
        self.groups = groups[groups != ""]
        self.features = features.to_numpy(float)[:, groups != ""]
        if not np.isfinite(self.features).all():
            raise UserError("wide features have NaN or infinity: leave those tracks or columns out")
        self.n_clusters, self.seeds, self.settings = n_clusters, list(seeds), settings
        self._trained = {}

    @cached_property
    def standardised(self) -> np.ndarray:
        return StandardScaler().fit_transform(self.features)

    @cached_property
    def ranks(self) -> np.ndarray:
        return rank_normal(self.features)

    @cached_property
    def balanced(self) -> np.ndarray:
        return half_whiten(self.ranks, self.groups)

    def partition(self, pipeline: Pipeline, seed: int) -> np.ndarray:
        points = [getattr(self, pipeline.scale)]
        if pipeline.network is not None:
            trained = self.networks(pipeline.network, pipeline.scale)
            of_seed = np.flatnonzero(trained.seeds // ENSEMBLE == seed)[: pipeline.n_networks]
            if pipeline.partition == "mixture":
                return trained.map(VaDE.assign)[of_seed[0]]
            points = list(trained.z[of_seed])
        if pipeline.umap:
            points = [_unfolded(np.concatenate(points, axis=1), seed)]
        if pipeline.partition == "ward":
            return agglomerative(points[0], self.n_clusters)
        partitions = [kmeans(each, self.n_clusters, seed) for each in points]
        if len(partitions) == 1:
            return partitions[0]
        return consensus(partitions, self.n_clusters)

    def networks(self, network: type, scale: str) -> Ensemble:
        """Train as many networks of a kind per seed as any pipeline needs, or find them trained."""
        if (network, scale) not in self._trained:
            data = getattr(self, scale)
            options = {"n_features": data.shape[1], "latent_dim": LATENT_DIM}
            if network is VaDE:
                options["n_clusters"] = self.n_clusters
            n = max(p.n_networks for p in PIPELINES.values() if p[1:3] == (scale, network))
            prefix = "pipelines_balanced_" if scale == "balanced" else "pipelines_"
            self._trained[network, scale] = training.train(
                Architecture(network, **options),
                neighbourhoods(data) if network is NeighbourVAE else data,
                [seed * ENSEMBLE + i for seed in self.seeds for i in range(n)],
                beta=_BETAS[network],
                batch_size=128,
                name=prefix + _NAMES[network],
                **self.settings,
            )
        return self._trained[network, scale]


def _unfolded(points: np.ndarray, seed: int) -> np.ndarray:
    """Unfold points by more neighbours, into more dimensions, than a map to look at has."""
    n_neighbors = max(5, min(40, len(points) // 10))
    return umap(points, seed, min(LATENT_DIM, points.shape[1]), n_neighbors)


def chosen(rows: pd.DataFrame) -> str:
    """Name the pipeline with a VAE in it that agrees most with the others; no label is read."""
    return _best(rows[rows["family"].astype(bool)], "agreement")


def best(rows: pd.DataFrame, *, family: bool = True) -> str:
    """Name the pipeline, with a VAE in it or without any network, that labels would have chosen.

    By AMI, and only to judge the choice without labels; empty where there are none.
    """
    of_family = rows[rows["family"].astype(bool) == family]
    return "" if rows["ami"].isna().all() else _best(of_family, "ami")


def _best(rows: pd.DataFrame, column: str) -> str:
    return str(rows.groupby("pipeline")[column].mean().idxmax())


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Summarise over seeds: one row per pipeline, the one that agrees most with the others first.

    Columns: what it does, each score and the agreement with its 95% bounds as in ``summary.csv``,
    what it is best by, and its difference in AMI, seed by seed, from the best pipeline without a
    network, with bounds and p. Scores and differences are NaN without labels.
    """
    table = summarise(rows, ["pipeline", "what"], [*GENRE_SCORES, "agreement"])
    table = table.set_index("pipeline")
    table = table.sort_values("agreement", ascending=False, kind="stable")
    best_by = {chosen(rows): "agreement"}
    rival = best(rows, family=False)
    if rival:
        ours = best(rows)
        best_by[ours] = " and ".join([*filter(None, [best_by.get(ours)]), "labels"])
        best_by[rival] = "labels, no network"
    table["best by"] = [best_by.get(name, "") for name in table.index]
    ami = rows.pivot(index="seed", columns="pipeline", values="ami")
    ahead = [compare(ami[name], ami[rival or name]) for name in table.index]
    table[["difference", "low", "high", "p"]] = [[d.mean, d.low, d.high, d.p] for d in ahead]
    return table
