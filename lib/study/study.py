"""The verbs that the notebooks share: represent, learn, score, save."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_mutual_info_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from lib.catalogue import HEALTH, SCORES, Method
from lib.clustering import algorithms as clustering
from lib.clustering import projection
from lib.evaluation import comparison, probes
from lib.evaluation import partition as metrics
from lib.lyrics import fusion as hybrid
from lib.report import Table, results
from lib.settings import Settings
from lib.study.dataset import Dataset
from lib.training import trainer as training


@dataclass(frozen=True, eq=False)
class Representation:
    """One point a track, for each member of an ensemble of seeds.

    Attributes
    ----------
    name : str
        As in the results: raw, pca, vae...
    features : str
        What it was made of.
    z : ndarray, (n_members, n_tracks, n_dims)
        The points: for a learned representation one member a seed, else a single member.
    beta : float
        Weight of the KL term; NaN where there is none.
    health : DataFrame or None
        For learned ones, a row a member: see `lib.evaluation.health`.
    r2 : float
        For representations that are not learned: the share of the input's variance they keep.
    own : ndarray or None, (n_members, n_tracks)
        The clusters that a model finds itself, as VaDE does: scored as the algorithm ``mixture``.
    """

    name: str
    features: str
    z: np.ndarray
    beta: float = np.nan
    health: pd.DataFrame | None = None
    r2: float = np.nan
    own: np.ndarray | None = None

    @property
    def key(self) -> tuple[str, float | None]:
        """What tells it from the others of a run: its name, and its beta where it has one."""
        return self.name, None if np.isnan(self.beta) else self.beta

    def among(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return its own of many representations' tidy rows."""
        return rows[(rows["representation"] == self.name) & rows["beta"].isin([self.beta])]


class Study(Dataset):
    """One notebook's run on one corpus: a data set, and what is done with it.

    Parameters
    ----------
    task : str
        The notebook: exploratory, easy, medium or hard.
    settings : Settings
        Its parameters.

    Attributes
    ----------
    seeds : list of int
    labels : dict
        Every partition made so far, (n_tracks,) of int, by representation, beta (or None),
        algorithm and seed.

    Raises
    ------
    UserError
        When the corpus cannot be had, or holds too few usable tracks to cluster.
    """

    def __init__(self, task: str, settings: Settings):
        super().__init__(settings)
        self.task = task
        self.seeds = list(range(settings.seeds))
        self.labels: dict[tuple, np.ndarray] = {}

    @property
    def headline(self) -> str:
        """The score that counts most: AMI; without labels, the silhouette in the shared space."""
        return "ami" if self.corpus.labelled else "silhouette_shared"

    def raw(self) -> Representation:
        """Represent each track by the standardised features themselves."""
        return Representation("raw", "mfcc_mean", self.inputs[None], r2=1.0)

    def pca(self) -> Representation:
        """Represent each track by as many principal components as models have latents."""
        return self._components("pca", self.settings.latent_dim)

    def pca_matched(self, z: np.ndarray) -> Representation:
        """Represent each track by as few principal components as a code has dimensions in effect.

        Parameters
        ----------
        z : ndarray, (n_members, n_tracks, n_dims)
            The code (see `lib.evaluation.partition.effective_dimensions`); members that diverged do not count.
        """
        n = [metrics.effective_dimensions(member) for member in _alive(z)]
        return self._components("pca_matched", max(1, round(np.mean(n or [1]))))

    def _components(self, name: str, n: int) -> Representation:
        pca = PCA(min(n, *self.inputs.shape), random_state=0).fit(self.inputs)
        kept = float(pca.explained_variance_ratio_.sum())
        return Representation(name, "mfcc_mean", pca.transform(self.inputs)[None], r2=kept)

    def spectral(self) -> list[Representation]:
        """Represent each track by the standardised wide features; nothing where there are none."""
        columns = [c for c in self.wide_features if c != "length" and not c.startswith("mfcc")]
        if not columns:
            return []
        points = StandardScaler().fit_transform(self.wide_features[columns].to_numpy(float))
        return [Representation("spectral", "spectral", points[None], r2=1.0)]

    def words_alone(self) -> list[Representation]:
        """Represent each track that has words by them, and leave the others out (NaN)."""
        return [Representation(name, name, v[None]) for name, v in self.text_vectors.items()]

    def hybrids(self) -> list[Representation]:
        """Represent each track by sound and words side by side: see `lib.lyrics.fusion.concatenate`."""
        return [
            Representation(
                f"hybrid_{name}",
                f"mfcc_mean+{name}",
                hybrid.concatenate({"audio": self.inputs, "text": vectors})[None],
            )
            for name, vectors in self.text_vectors.items()
        ]

    def architecture(self, network: type, data: np.ndarray | None = None) -> partial:
        """Return the recipe for a network that eats the inputs, or other data.

        Parameters
        ----------
        network : type
            A class of `lib.models.autoencoder` or `lib.models.convolutional`.
        data : ndarray, optional
            Vectors (n_tracks, n_features) or images (n_tracks, 1, n_rows, n_columns).
        """
        data = self.inputs if data is None else data
        size = {"shape": data.shape[2:]} if data.ndim == 4 else {"n_features": data.shape[1]}
        return partial(network, latent_dim=self.settings.latent_dim, **size)

    def learn(
        self, name: str, network: type, beta: float = 1.0, data: np.ndarray | None = None
    ) -> training.Trained:
        """Train a network once for each seed, or load it if it was trained on these data before.

        Parameters
        ----------
        name : str
            Of the representation.
        network : type
            A class of `lib.models.autoencoder` or `lib.models.convolutional`.
        beta : float
            Weight of the KL term.
        data : ndarray, optional
            What it learns: the inputs where not said.

        Returns
        -------
        Trained
            With a member for each seed.
        """
        data = self.inputs if data is None else data
        members = {"seeds": self.seeds, "beta": beta}
        return self.train(name, self.architecture(network, data), data, **members)

    def train(self, name: str, architecture: partial, data, seeds, beta=1.0) -> training.Trained:
        """Train as `lib.training.trainer.train` does, with the run's settings and results folder."""
        return training.train(
            architecture,
            data,
            seeds,
            beta=beta,
            epochs=self.settings.epochs,
            device=self.settings.device,
            folder=self.folder,
            name=name,
        )

    def untrained(self, network: type) -> training.Trained:
        """Return the network as it was before it learned anything, once for each seed."""
        return training.random_encoder(self.architecture(network), self.inputs, self.seeds)

    def score(
        self, representations: Sequence[Representation], algorithms: Sequence[str] = ("kmeans",)
    ) -> pd.DataFrame:
        """Partition each representation by each algorithm with each seed, and score it.

        Two rows for orientation come with the first representation: random labels, and the genres
        themselves taken for clusters.

        Parameters
        ----------
        representations : sequence of Representation
            What to partition.
        algorithms : sequence of str
            Names out of `clustering.ALGORITHMS`.

        Returns
        -------
        DataFrame
            Tidy rows, one a representation, algorithm and seed; columns `results.COLUMNS`.
        """
        rows = []
        for representation in representations:
            own = [] if representation.own is None else ["mixture"]
            for algorithm in [*algorithms, *own]:
                seeded = algorithm != "mixture" and clustering.ALGORITHMS[algorithm].seeded
                drawn = seeded or len(representation.z) > 1
                for seed in self.seeds:
                    if drawn or seed == self.seeds[0]:  # else it is what it was
                        labels = self.partition(representation, algorithm, seed)
                        row = self._row(representation, algorithm, seed, labels)
                    rows.append({**row, "seed": seed})
        first = representations[0]
        for seed in self.seeds:
            labels = np.random.default_rng(seed).integers(self.n_clusters, size=len(self.truth))
            rows.append(self._row(first, "random", seed, labels))
        if self.corpus.labelled:
            genres = np.unique(self.truth, return_inverse=True)[1]
            genres[self.truth == ""] = -1
            rows.append(self._row(first, "genres", self.seeds[0], genres))
        return pd.DataFrame(rows, columns=results.COLUMNS)

    def partition(
        self, representation: Representation, algorithm: str = "kmeans", seed: int = 0
    ) -> np.ndarray:
        """Return the cluster of each track: (n_tracks,) of int, for one seed.

        A track without a place there (no words, say, or a member that diverged) is noise, -1.
        """
        key = (*representation.key, algorithm, seed)
        if key not in self.labels:
            member = seed % len(representation.z)
            z = representation.z[member]
            there = np.isfinite(z).all(axis=1)
            labels = np.full(len(z), -1)
            if algorithm == "mixture":
                labels[there] = representation.own[member][there]
            elif there.sum() > self.n_clusters:
                with threadpool_limits(1):  # on matrices this small, threads wait for each other
                    partition = clustering.ALGORITHMS[algorithm]
                    labels[there] = partition(z[there], self.n_clusters, seed)
            self.labels[key] = labels
        return self.labels[key]

    def _row(self, representation: Representation, algorithm: str, seed: int, labels) -> dict:
        member = seed % len(representation.z)
        z = representation.z[member]
        health = {} if algorithm in ("random", "genres") else {"r2": representation.r2}
        if representation.health is not None:
            health = representation.health.iloc[member].to_dict()
        return {
            "corpus": self.corpus.name,
            "task": self.task,
            "features": representation.features,
            "representation": representation.name,
            "beta": representation.beta,
            "latent_dim": z.shape[1],
            "seed": seed,
            "algorithm": algorithm,
            **metrics.score(z, labels, self.inputs, self.truth),
            **{name: health.get(name, np.nan) for name in HEALTH},
        }

    def against_noise(
        self, representations: Sequence[Representation], rows: pd.DataFrame
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Set the silhouette of each space beside what noise of the same shape reaches.

        Parameters
        ----------
        representations : sequence of Representation
            The spaces.
        rows : DataFrame
            Their scores.

        Returns
        -------
        points : DataFrame
            ``method``, effective ``dimensions``, ``silhouette`` and ``noise``, means over members
            that have not diverged.
        line : DataFrame
            ``dimensions`` and ``silhouette`` of k-means on round noise, to guide the eye.
        """
        shape = len(self.truth), self.n_clusters
        dimensions = np.arange(1, max(r.z.shape[2] for r in representations) + 1)
        line = [metrics.noise_silhouette(np.ones(d), *shape) for d in dimensions]
        kmeans = rows[rows["algorithm"] == "kmeans"]
        points = []
        for r in representations:
            alive = _alive(r.z)
            if not len(alive):
                continue
            alike = [
                metrics.noise_silhouette(metrics.principal_variances(z), *shape) for z in alive
            ]
            point = {"method": Method(r.name, beta=r.beta).space}
            point["dimensions"] = np.mean([metrics.effective_dimensions(z) for z in alive])
            silhouette = r.among(kmeans)["silhouette"].mean()
            points.append(point | {"silhouette": silhouette, "noise": np.mean(alike)})
        return pd.DataFrame(points), pd.DataFrame({"dimensions": dimensions, "silhouette": line})

    def map(self, z: np.ndarray) -> np.ndarray:
        """Map a space by t-SNE, (n_tracks, 2); tracks without a place there have none here."""
        there = np.isfinite(z).all(axis=1)
        flat = np.full((len(z), 2), np.nan)
        flat[there] = projection.tsne(z[there])
        return flat

    def agreement(self, representations: Sequence[Representation]) -> pd.DataFrame:
        """Measure whether k-means clusters follow the genre or the language.

        Parameters
        ----------
        representations : sequence of Representation
            The spaces.

        Returns
        -------
        DataFrame
            AMI with the ``genre`` (if there are genres) and with the ``language``, means over
            seeds, a row a space; over the tracks whose language is known, and empty where fewer
            than two languages are.
        """
        facts = {name: fact for name, fact in self.facts.items() if len(set(fact) - {""}) > 1}
        table = {}
        for r in representations if "language" in facts else ():
            scores = []
            for seed in self.seeds:
                labels = self.partition(r, "kmeans", seed)
                known = (facts["language"] != "") & (labels >= 0)
                scores.append(
                    {
                        name: adjusted_mutual_info_score(fact[known], labels[known])
                        for name, fact in facts.items()
                    }
                )
            table[Method(r.name, beta=r.beta).space] = pd.DataFrame(scores).mean()
        return pd.DataFrame(table).T

    def noise_table(self, representations: Sequence[Representation]) -> pd.DataFrame:
        """Score the partitions of density-based algorithms with their noise and without it.

        Parameters
        ----------
        representations : sequence of Representation
            The spaces; those that lack a place for some tracks are left out.

        Returns
        -------
        DataFrame
            Of text, a row a space and algorithm (first seed): the share of noise, then silhouette
            and AMI of the tracks that are left and of all, noise being one more cluster.
        """
        rows = []
        finders = [name for name, algorithm in clustering.ALGORITHMS.items() if algorithm.finds_k]
        for r in representations:
            for algorithm in finders if np.isfinite(r.z[0]).all() else ():
                labels = self.partition(r, algorithm)
                both = metrics.score_noise(r.z[0], labels, self.inputs, self.truth)
                row = {"Method": Method(r.name, algorithm, r.beta).title}
                row["Noise"] = f"{both['with noise']['noise_fraction']:.3f}"
                for score in ("silhouette", "ami"):
                    for way in ("without noise", "with noise"):
                        value = both[way][score]
                        name = f"{SCORES[score].title} {way}"
                        row[name] = "" if np.isnan(value) else f"{value:.3f}"
                rows.append(row)
        return pd.DataFrame(rows)

    def genre_readings(self, representation: Representation) -> list[float]:
        """Return how well a linear reader finds the genre in each member: see `lib.evaluation.probes`."""
        return [probes.linear(z, self.truth) for z in representation.z]

    def kept_together(self, representation: Representation) -> pd.Series:
        """Return for each genre the share of it in its best k-means cluster, over seeds."""
        labels = [self.partition(representation, "kmeans", seed) for seed in self.seeds]
        return comparison.kept_together(self.truth, labels)

    def best(
        self, representations: Sequence[Representation], rows: pd.DataFrame, score: str
    ) -> Representation:
        """Return the space with the highest mean score under k-means that places all tracks."""
        kmeans = rows[rows["algorithm"] == "kmeans"]
        means = {r: r.among(kmeans)[[score, "noise_fraction"]].mean() for r in representations}
        able = [r for r in means if means[r]["noise_fraction"] <= comparison.NOISE_ALLOWED]
        return max(able, key=lambda r: means[r][score])

    def save(self, rows: pd.DataFrame, representations: Sequence[Representation]) -> None:
        """Write the run's tables and latents into the results folder."""
        results.save_rows(self.folder, self.task, rows)
        for representation in representations:
            track_id = self.tracks["track_id"].to_numpy(str)
            name = self.file_name(representation)
            results.save_latents(self.folder, name, representation.z, track_id)

    def file_name(self, representation: Representation) -> str:
        """Return what the file of its latents is called."""
        return representation.name

    def table(self, frame: pd.DataFrame, caption: str, name: str) -> Table:
        """Save a table as LaTeX into the results folder, and hand it on to be shown.

        Parameters
        ----------
        frame : DataFrame
            Its cells are shown as they are: round them first.
        caption : str
            One sentence.
        name : str
            Of the file; the book's text refers to it as ``tab-<name>``.

        Returns
        -------
        Table
            Numbered in the book, plain in JupyterLab.
        """
        results.save_table(self.folder, name, frame, caption)
        return Table(frame, caption, f"tab-{name}")

    def keep(self, figure: Figure, name: str) -> Figure:
        """Save a figure as PNG and SVG into the results folder, and hand it on to be shown."""
        results.save_figure(self.folder, name, figure)
        plt.close(figure)
        return figure


def representation(
    name: str, trained: training.Trained, beta: float = np.nan, features: str = "mfcc_mean"
) -> Representation:
    """Return what trained networks make of the tracks: their posterior means."""
    return Representation(name, features, trained.z, beta, trained.health)


def _alive(z: np.ndarray) -> np.ndarray:
    """Leave out the members that diverged, of which nothing is a number."""
    return z[np.isfinite(z).all(axis=(1, 2))]
