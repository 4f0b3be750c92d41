"""Ideas for clusters that follow genre, tried side by side and chosen among without labels.

All see the same wide features and nothing else, and all make the same number of clusters. What
chooses is the agreement of an idea with the others (`lib.clustering.consensus.agreement`); labels, where
there are any, only score.

The choice among the ideas is blind, the list of them is not: it, and the settings, were drawn up
while their scores on GTZAN could be seen. So scores on other corpora are the fairer ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from lib.audio.scaling import feature_groups, half_whiten, rank_normal
from lib.clustering import consensus
from lib.clustering.algorithms import agglomerative, kmeans, spectral
from lib.clustering.projection import umap
from lib.errors import UserError, unless_missing
from lib.evaluation import partition as metrics
from lib.evaluation.statistics import compare, interval
from lib.models import autoencoder as models
from lib.models import vade
from lib.models.denoising import MaskedVAE
from lib.models.neighbour import NeighbourVAE, prepare
from lib.training import trainer as training

SCORES = ("ari", "nmi", "ami", "purity")
COLUMNS = ("idea", "family", "seed", *SCORES, "agreement")
ENSEMBLE = 5  # networks that one seed of an ensemble has
LATENT_DIM = 10


class Network(NamedTuple):
    """A network to train: its class, the `Workbench`'s features that it sees, beta, how many."""

    network: type
    data: str
    beta: float = 1.0
    per_seed: int = 1


NETWORKS = {
    "vae_standardised": Network(models.VAE, "standardised"),
    "vae": Network(models.VAE, "ranks", 0.1, ENSEMBLE),
    "masked_vae": Network(MaskedVAE, "ranks", 0.1),
    "vade": Network(vade.VaDE, "ranks"),
    "neighbour_vae": Network(NeighbourVAE, "ranks"),
    "balanced_vae": Network(models.VAE, "balanced", 0.1),
    "balanced_neighbour_vae": Network(NeighbourVAE, "balanced", 1.0, ENSEMBLE),
}


def fewest(n_clusters: int) -> int:
    """Return how many tracks the ideas need for their neighbours and their mixtures."""
    return max(20, 2 * n_clusters)


class Workbench:
    """What the ideas share: the features on both scales, and each network trained once.

    Parameters
    ----------
    features : DataFrame, (n_tracks, n_columns)
        See `ideas`.
    n_clusters : int
        How many clusters each idea makes.
    seeds : sequence of int
        One run of each idea a seed.
    folder : path, optional
        Results folder where networks are kept.
    epochs, device : int, str
        Of the networks' training: see `lib.training.trainer.train`.
    """

    def __init__(
        self,
        features: pd.DataFrame,
        n_clusters: int,
        seeds: Sequence[int],
        *,
        folder: str | Path | None = None,
        epochs: int = 100,
        device: str = "auto",
    ):
        groups = feature_groups(features.columns)
        self.groups = groups[groups != ""]
        self.features = features.to_numpy(float)[:, groups != ""]
        if not np.isfinite(self.features).all():
            raise UserError("wide features have NaN or infinity: leave those tracks or columns out")
        self.n_clusters, self.seeds, self.folder = n_clusters, list(seeds), folder
        self.epochs, self.device = epochs, device
        self._trained = {}

    @cached_property
    def standardised(self) -> np.ndarray:
        """The features with mean 0 and variance 1."""
        return StandardScaler().fit_transform(self.features)

    @cached_property
    def ranks(self) -> np.ndarray:
        """The features brought to normal distributions by their ranks."""
        return rank_normal(self.features)

    @cached_property
    def balanced(self) -> np.ndarray:
        """The ranks half whitened."""
        return half_whiten(self.ranks, self.groups)

    def kmeans(self, points: np.ndarray, seed: int) -> np.ndarray:
        """Partition points into as many clusters as all make."""
        return kmeans(points, self.n_clusters, seed)

    def networks(self, name: str) -> training.Trained:
        """Train the networks of a kind for all seeds, or find them trained."""
        if name not in self._trained:
            kind = NETWORKS[name]
            data = getattr(self, kind.data)
            options = {"n_features": data.shape[1], "latent_dim": LATENT_DIM}
            if kind.network is vade.VaDE:
                options["n_clusters"] = self.n_clusters
            if kind.network is NeighbourVAE:
                data = prepare(data)
            self._trained[name] = training.train(
                partial(kind.network, **options),
                data,
                [seed * ENSEMBLE + i for seed in self.seeds for i in range(kind.per_seed)],
                beta=kind.beta,
                epochs=self.epochs,
                batch_size=128,
                device=self.device,
                folder=self.folder,
                name=f"ideas_{name}",
            )
        return self._trained[name]

    def codes(self, name: str, seed: int) -> np.ndarray:
        """Codes of the networks of a seed: (n_networks, n_tracks, n_dims)."""
        trained = self.networks(name)
        return trained.z[trained.seeds // ENSEMBLE == seed]


def _umap(points: np.ndarray, seed: int) -> np.ndarray:
    """Unfold points with more neighbours and dimensions than a map to look at has."""
    n_neighbors = max(5, min(40, len(points) // 10))
    return umap(points, seed, min(LATENT_DIM, points.shape[1]), n_neighbors)


def _directly(data: str) -> Callable:
    """K-means on the features."""
    return lambda bench, seed: bench.kmeans(getattr(bench, data), seed)


def _merged_directly(data: str) -> Callable:
    """Ward's method on the features, which has no seed."""
    return lambda bench, seed: agglomerative(getattr(bench, data), bench.n_clusters)


def _unfolded_directly(data: str) -> Callable:
    """K-means on the unfolded features."""
    return lambda bench, seed: bench.kmeans(_umap(getattr(bench, data), seed), seed)


def _alone(name: str) -> Callable:
    """K-means on the code of one network."""
    return lambda bench, seed: bench.kmeans(bench.codes(name, seed)[0], seed)


def _unfolded(name: str) -> Callable:
    """K-means on the unfolded code of one network."""
    return lambda bench, seed: bench.kmeans(_umap(bench.codes(name, seed)[0], seed), seed)


def _joined(name: str) -> Callable:
    """K-means on the unfolded codes of an ensemble side by side."""

    def partition(bench, seed):
        joined = np.concatenate(bench.codes(name, seed), axis=1)
        return bench.kmeans(_umap(joined, seed), seed)

    return partition


def _consensus(name: str) -> Callable:
    """The consensus of k-means on the codes of an ensemble."""

    def partition(bench, seed):
        codes = bench.codes(name, seed)
        partitions = [bench.kmeans(z, seed) for z in codes]
        return consensus.consensus(partitions, bench.n_clusters)

    return partition


def _vade(bench: Workbench, seed: int) -> np.ndarray:
    bench.codes("vade", seed)
    trained = bench.networks("vade")
    return vade.assign(trained)[trained.seeds // ENSEMBLE == seed][0]


class Idea(NamedTuple):
    """A way from features to a partition.

    Attributes
    ----------
    text : str
        What it does, for a table.
    family : bool
        Whether a VAE takes part, so that it may be chosen; the others stand beside as anchors.
    partition : callable
        From a `Workbench` and a seed to the cluster of each track.
    """

    text: str
    family: bool
    partition: Callable[[Workbench, int], np.ndarray]


IDEAS = {
    "kmeans": Idea("k-means on the standardised features", False, _directly("standardised")),
    "rank_kmeans": Idea("k-means on ranks", False, _directly("ranks")),
    "rank_ward": Idea("Ward on ranks", False, _merged_directly("ranks")),
    "rank_umap": Idea("ranks, UMAP", False, _unfolded_directly("ranks")),
    "balanced_kmeans": Idea("k-means on balanced ranks", False, _directly("balanced")),
    "balanced_ward": Idea("Ward on balanced ranks", False, _merged_directly("balanced")),
    "balanced_umap": Idea("balanced ranks, UMAP", False, _unfolded_directly("balanced")),
    "vae_standardised": Idea("VAE on the standardised features", True, _alone("vae_standardised")),
    "vae": Idea("VAE on ranks", True, _alone("vae")),
    "masked_vae": Idea("VAE that sees half of the ranks", True, _alone("masked_vae")),
    "vade": Idea("VaDE on ranks, its own clusters", True, _vade),
    "neighbour_vae": Idea("neighbour VAE on ranks", True, _alone("neighbour_vae")),
    "vae_spectral": Idea(
        "VAE on ranks, spectral clustering",
        True,
        lambda bench, seed: spectral(bench.codes("vae", seed)[0], bench.n_clusters, seed),
    ),
    "vae_umap": Idea("VAE on ranks, UMAP (N2D)", True, _unfolded("vae")),
    "vae_consensus": Idea("consensus of five VAEs on ranks", True, _consensus("vae")),
    "ensemble_umap": Idea("five VAEs on ranks side by side, UMAP", True, _joined("vae")),
    "balanced_vae": Idea("VAE on balanced ranks", True, _alone("balanced_vae")),
    "balanced_neighbour_vae": Idea(
        "neighbour VAE on balanced ranks", True, _alone("balanced_neighbour_vae")
    ),
    "balanced_neighbour_consensus": Idea(
        "consensus of five neighbour VAEs on balanced ranks",
        True,
        _consensus("balanced_neighbour_vae"),
    ),
    "balanced_neighbour_umap": Idea(
        "five neighbour VAEs on balanced ranks side by side, UMAP",
        True,
        _joined("balanced_neighbour_vae"),
    ),
}


def ideas(
    features: pd.DataFrame,
    truth: np.ndarray,
    n_clusters: int,
    seeds: Sequence[int],
    *,
    folder: str | Path | None = None,
    epochs: int = 100,
    device: str = "auto",
) -> pd.DataFrame:
    """Try every idea with every seed, and score what comes out.

    Parameters
    ----------
    features : DataFrame, (n_tracks, n_columns)
        Wide features in their own units, with the names of `lib.audio.descriptors` or of the table of GTZAN;
        `lib.audio.scaling.feature_groups` says which are left out.
    truth : ndarray of str, (n_tracks,)
        The genre of each track, "" where unknown. It is read by the scores alone.
    n_clusters : int
        How many clusters each idea makes.
    seeds : sequence of int
        Each trains networks of its own.
    folder : path, optional
        Results folder where trained networks are kept, and found when this is run again with the
        same epochs.
    epochs : int
        How long each network is trained.
    device : str
        What networks are trained on: see `lib.training.trainer.train`.

    Returns
    -------
    DataFrame
        A row for each idea and seed: ``idea``, ``family`` (whether a VAE takes part), ``seed``,
        ``ari``, ``nmi``, ``ami``, ``purity`` (NaN without genres) and ``agreement``, the mean ARI
        with the partitions that the other ideas make under the same seed, which is label-free.

    Raises
    ------
    UserError
        For features that are not finite, and fewer tracks than the ideas can do with.
    """
    if len(features) < fewest(n_clusters):
        raise UserError(
            f"{len(features)} tracks are too few to try ideas on with {n_clusters} clusters: "
            "add music"
        )
    bench = Workbench(features, n_clusters, seeds, folder=folder, epochs=epochs, device=device)
    rows = []
    for seed in bench.seeds:
        partitions = [idea.partition(bench, seed) for idea in IDEAS.values()]
        agreements = consensus.agreement(partitions)
        for (name, idea), labels, agreement in zip(
            IDEAS.items(), partitions, agreements, strict=True
        ):
            scores = metrics.agreement(labels, truth)
            rows.append(
                {"idea": name, "family": idea.family, "seed": seed}
                | scores
                | {"agreement": agreement}
            )
    return pd.DataFrame(rows, columns=COLUMNS)


def choose(table: pd.DataFrame) -> str:
    """Choose the idea with a VAE in it that agrees most with the others; no label is read.

    Parameters
    ----------
    table : DataFrame
        As from `ideas`.

    Returns
    -------
    str
        Its name.
    """
    return _best(table, "agreement")


def oracle(table: pd.DataFrame, *, family: bool = True) -> str:
    """Name the idea that labels would have chosen, by AMI: to judge the choice, only.

    Parameters
    ----------
    table : DataFrame
        As from `ideas`.
    family : bool
        Whether among the ideas with a VAE in them, or among those without any network.

    Returns
    -------
    str
        Its name; empty where there are no labels.
    """
    return "" if table["ami"].isna().all() else _best(table, "ami", family)


def _best(table: pd.DataFrame, column: str, family: bool = True) -> str:
    ours = table[table["family"].astype(bool) == family]
    return str(ours.groupby("idea")[column].mean().idxmax())


@unless_missing
def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Summarise over seeds: a row an idea, the one that agrees most with the others first.

    Parameters
    ----------
    table : DataFrame
        As from `ideas`.

    Returns
    -------
    DataFrame
        Indexed by idea, of text: what it does, then each score and the agreement as a mean with
        its 95% interval (see `lib.evaluation.statistics.interval`), and what it was chosen by. Then numbers,
        NaN without labels: how far its AMI is above that of the best idea without a network
        (``difference``, ``low``, ``high``, and whether it is ``clear`` of zero, seed by seed).
    """
    chosen = {choose(table): "agreement"}
    if best := oracle(table):
        chosen[best] = " and ".join([*filter(None, [chosen.get(best)]), "labels"])
    rival = oracle(table, family=False)
    if rival:
        chosen[rival] = "labels, no network"
    rows = {}
    by_seed = table.pivot(index="seed", columns="idea", values="ami")
    means = table.groupby("idea")["agreement"].mean().sort_values(ascending=False)
    for name in means.index:
        of_idea = table[table["idea"] == name]
        rows[name] = {"what": IDEAS[name].text}
        for score in (*SCORES, "agreement"):
            rows[name][score] = "" if of_idea[score].isna().all() else f"{interval(of_idea[score])}"
        rows[name]["best by"] = chosen.get(name, "")
        difference = compare(by_seed[name], by_seed[rival or name])
        bounds = {"low": difference.low, "high": difference.high, "clear": difference.clear}
        rows[name] |= {"difference": difference.mean} | bounds
    return pd.DataFrame(rows).T.rename_axis("idea")
