"""The verbs that the notebooks share: represent, learn, score, table, figure, save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure as MatplotlibFigure
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from lib import clustering, evaluation, lyrics, training
from lib.catalogue import HEALTH, MIXTURE, REPRESENTATIONS, Method, title
from lib.errors import Missing, unless_missing
from lib.report import Figure, Table, results
from lib.settings import Settings
from lib.study.dataset import NO_AUDIO, Dataset
from lib.study.representation import Representation, Scores
from lib.training import Architecture, Ensemble


class Study:
    """One notebook's run on one corpus.

    Parameters
    ----------
    task : str
        The notebook: exploratory, easy, medium or hard.
    settings : Settings
        Its parameters.

    Attributes
    ----------
    data : Dataset
        The corpus and its features.
    folder : Path
        Where the results go.
    seeds : list of int

    Raises
    ------
    UserError
        When the corpus cannot be had, or holds too few usable tracks to cluster.
    """

    settings_type = Settings

    def __init__(self, task: str, settings: Settings):
        self.task = task
        self.settings = settings
        self.data = Dataset(settings)
        self.folder = settings.folder
        self.seeds = list(range(settings.seeds))
        self._partitions: dict[tuple[Method, int], np.ndarray] = {}

    @classmethod
    def from_notebook(cls, task: str, namespace: Mapping) -> Study:
        """Return the study of a notebook.

        Parameters
        ----------
        task, namespace : str, mapping
            The notebook, and its ``globals()`` with the parameters: see `Settings.from_notebook`.
        """
        return cls(task, cls.settings_type.from_notebook(namespace))

    @property
    def headline(self) -> str:
        """The score that counts most: AMI; without labels, the silhouette in the shared space."""
        return "ami" if self.data.corpus.labelled else "silhouette_shared"

    def represent(self, *names: str) -> list[Representation]:
        """Return representations that need no training.

        Parameters
        ----------
        *names : str
            Of ``raw``, ``pca``, ``spectral``, ``tfidf``, ``sbert``, ``hybrid_tfidf`` and
            ``hybrid_sbert``; those for which the corpus lacks what they are made of are left out.
        """
        made = [self._represent(name) for name in names]
        return [space for space in made if space is not None]

    def _represent(self, name: str) -> Representation | None:
        data, features = self.data, REPRESENTATIONS[name].features
        if name == "pca":
            return self._components("pca", self.settings.latent_dim)
        if name in ("raw", "spectral"):
            points = data.inputs if name == "raw" else data.spectral
            return None if points is None else Representation(name, points[None], r2=1.0)
        words = data.text_vectors.get(features.rpartition("+")[2])
        if words is None:
            return None
        if "+" in features:  # else NaN for tracks without words
            words = lyrics.concatenate({"audio": data.inputs, "text": words})
        return Representation(name, words[None])

    def pca_matched(self, space: Representation) -> Representation:
        """Return as few principal components as a latent space has effective dimensions.

        Parameters
        ----------
        space : Representation
            Networks that diverged do not count.
        """
        n = [evaluation.health.effective_dimensions(z) for z in space.converged]
        return self._components("pca_matched", max(1, round(np.mean(n or [1]))))

    def _components(self, name: str, n: int) -> Representation:
        inputs = self.data.inputs
        pca = PCA(min(n, *inputs.shape), random_state=0).fit(inputs)
        kept = float(pca.explained_variance_ratio_.sum())
        return Representation(name, pca.transform(inputs)[None], r2=kept)

    def learn(
        self,
        name: str,
        network: type,
        data: np.ndarray | dict[str, np.ndarray] | None = None,
        *,
        seeds: Sequence[int] | None = None,
        beta: float | Sequence[float] = 1.0,
        **options,
    ) -> Ensemble:
        """Train a network once for each seed, or load it if it was trained on these data before.

        Parameters
        ----------
        name : str
            Of the representation.
        network : type
            A class of `lib.models`.
        data : ndarray or dict of ndarray, optional
            What it learns, vectors (n_tracks, n_features) or images (n_tracks, 1, n_rows,
            n_columns), or several by name; the inputs where not given.
        seeds : sequence of int, optional
            One network each; those of the study where not given.
        beta : float or sequence of float
            Weight of the KL term: one for all networks, or one for each.
        **options
            Keywords of the network; its latent size, and the size of a single array, are known.
        """
        data = self.data.inputs if data is None else data
        return training.train(
            self._architecture(network, data, **options),
            data,
            self.seeds if seeds is None else seeds,
            beta=beta,
            epochs=self.settings.epochs,
            device=self.settings.device,
            folder=self.folder,
            name=name,
        )

    def untrained(self, network: type, data: np.ndarray | None = None) -> Ensemble:
        """Return the network as it was before it learned anything, once for each seed."""
        data = self.data.inputs if data is None else data
        return training.untrained(self._architecture(network, data), data, self.seeds)

    def _architecture(self, network: type, data, **options) -> Architecture:
        if not isinstance(data, dict):
            size = {"shape": data.shape[2:]} if data.ndim == 4 else {"n_features": data.shape[1]}
            options = size | options
        return Architecture(network, latent_dim=self.settings.latent_dim, **options)

    def score(
        self, representations: Sequence[Representation], algorithms: Sequence[str] = ("kmeans",)
    ) -> Scores:
        """Partition each representation by each algorithm with each seed, and score it.

        Two rows for orientation come with the first representation: random labels, and the genres
        themselves taken for clusters. A partition that was made before is not made again.

        Parameters
        ----------
        representations : sequence of Representation
            What to partition.
        algorithms : sequence of str
            Keys of `lib.clustering.ALGORITHMS`.

        Returns
        -------
        Scores
            Tidy ``rows``, and the ``partitions`` by method and seed.
        """
        rows, partitions = [], {}
        for space in representations:
            mixture = [] if space.mixture is None else [MIXTURE.key]
            for algorithm in [*algorithms, *mixture]:
                seeded = algorithm != MIXTURE.key and clustering.ALGORITHMS[algorithm].seeded
                varies = seeded or len(space.z) > 1
                for seed in self.seeds:
                    if varies or seed == self.seeds[0]:  # else it is what it was
                        labels = self._partition(space, algorithm, seed)
                        partitions[space.method(algorithm), seed] = labels
                        row = self._row(space, algorithm, seed, labels)
                    rows.append({**row, "seed": seed})
        first, truth = representations[0], self.data.truth
        for seed in self.seeds:
            labels = np.random.default_rng(seed).integers(self.data.n_clusters, size=len(truth))
            rows.append(self._row(first, "random", seed, labels))
        if self.data.corpus.labelled:
            genres = np.unique(truth, return_inverse=True)[1]
            genres[truth == ""] = -1
            rows.append(self._row(first, "genres", self.seeds[0], genres))
        return Scores(pd.DataFrame(rows, columns=results.COLUMNS), partitions)

    def _partition(self, space: Representation, algorithm: str, seed: int) -> np.ndarray:
        """A track without a place (no words, or a network that diverged) is noise, -1."""
        key = space.method(algorithm), seed
        if key not in self._partitions:
            index = seed % len(space.z)
            z = space.z[index]
            there = np.isfinite(z).all(axis=1)
            labels = np.full(len(z), -1)
            if algorithm == MIXTURE.key:
                labels[there] = space.mixture[index][there]
            elif there.sum() > self.data.n_clusters:
                with threadpool_limits(1):  # on matrices this small, threads wait for each other
                    partition = clustering.ALGORITHMS[algorithm]
                    labels[there] = partition(z[there], self.data.n_clusters, seed)
            self._partitions[key] = labels
        return self._partitions[key]

    def _row(self, space: Representation, algorithm: str, seed: int, labels: np.ndarray) -> dict:
        index = seed % len(space.z)
        health = {} if algorithm in ("random", "genres") else {"r2": space.r2}
        if space.health is not None:
            health = space.health.iloc[index].to_dict()
        return {
            "corpus": self.data.corpus.name,
            "task": self.task,
            "features": space.features,
            "representation": space.name,
            "beta": space.beta,
            "latent_dim": space.z.shape[2],
            "seed": seed,
            "algorithm": algorithm,
            **evaluation.score(space.z[index], labels, self.data.inputs, self.data.truth),
            **{name: health.get(name, np.nan) for name in HEALTH},
        }

    def reconstruct_images(
        self, ensemble: Ensemble | None
    ) -> tuple[np.ndarray | Missing, np.ndarray | Missing]:
        """Return all MFCC images, and what the first network of an ensemble rebuilds of them."""
        if not self.data.has_audio:
            return NO_AUDIO, NO_AUDIO
        return self.data.images[:, 0], ensemble.reconstruct()[0, :, 0]

    def against_noise(
        self, spaces: Sequence[Representation], scores: Scores
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Set the silhouette of each space beside what noise of the same shape reaches.

        Returns
        -------
        points, line : DataFrame
            ``method``, effective ``dimensions``, ``silhouette`` and ``noise``, means over the
            networks that have not diverged; and, to guide the eye, ``dimensions`` and
            ``silhouette`` of k-means on round noise.
        """
        health, shape = evaluation.health, (len(self.data.truth), self.data.n_clusters)
        kmeans = scores.rows[scores.rows["algorithm"] == "kmeans"]
        points = []
        for space in [space for space in spaces if len(space.converged)]:
            alike = [health.principal_variances(z) for z in space.converged]
            noise = [clustering.noise_silhouette(variances, *shape) for variances in alike]
            point = {"method": space.title, "noise": np.mean(noise)}
            point["dimensions"] = np.mean([health.effective_dimensions(z) for z in space.converged])
            points.append(point | {"silhouette": space.among(kmeans)["silhouette"].mean()})
        dimensions = np.arange(1, max(space.z.shape[2] for space in spaces) + 1)
        line = [clustering.noise_silhouette(np.ones(d), *shape) for d in dimensions]
        return pd.DataFrame(points), pd.DataFrame({"dimensions": dimensions, "silhouette": line})

    def score_noise(self, spaces: Sequence[Representation], scores: Scores) -> pd.DataFrame:
        """Score the partitions of density-based algorithms with their noise and without it.

        Returns
        -------
        DataFrame
            By method (first seed), of the spaces that place all tracks: the share of noise, then
            silhouette and AMI of the tracks that are left and of all, noise being one more cluster.
        """
        rows = {}
        finders = [name for name, algorithm in clustering.ALGORITHMS.items() if algorithm.finds_k]
        for space in spaces:
            for algorithm in finders if np.isfinite(space.z[0]).all() else ():
                labels = scores.clusters(space, algorithm)[0]
                both = evaluation.score_noise(space.z[0], labels, self.data.inputs, self.data.truth)
                rows[space.method(algorithm).title] = {
                    "Noise": both["with noise"]["noise_fraction"],
                    **{
                        f"{title(s)} {way}": both[way][s]
                        for s in ("silhouette", "ami")
                        for way in both
                    },
                }
        return pd.DataFrame(rows).T

    def save(self, scores: Scores, spaces: Sequence[Representation]) -> None:
        """Write scores, in place of the notebook's earlier ones, and the points of spaces."""
        results.save_rows(self.folder, self.task, scores.rows)
        track_id = self.data.tracks["track_id"].to_numpy(str)
        for space in spaces:
            results.save_latents(self.folder, self._file_name(space), space.z, track_id)

    def _file_name(self, space: Representation) -> str:
        return space.name

    @unless_missing
    def table(self, frame: pd.DataFrame | Missing, caption: str, name: str) -> Table:
        """Save a table as LaTeX into the results folder, and hand it on to be shown.

        Parameters
        ----------
        frame : DataFrame or Missing
            Its cells are shown as they are: round them first. If it is missing, the reason shows.
        caption : str
            One sentence.
        name : str
            Of the file; the book's text refers to it as ``tab-<name>``.
        """
        results.save_table(self.folder, name, frame, caption)
        return Table(frame, caption, f"tab-{name}")

    @unless_missing
    def figure(
        self, figure: MatplotlibFigure | Missing, caption: str, name: str, *, alt: str
    ) -> Figure:
        """Save a figure as PNG and SVG into the results folder, and hand it on to be shown.

        Parameters
        ----------
        figure : matplotlib.figure.Figure or Missing
            If it is missing, the reason shows.
        caption : str
            One sentence or two.
        name : str
            Of the files; the book's text refers to the figure as ``fig-<name>``.
        alt : str
            What is to be seen, for those who cannot see it.
        """
        results.save_figure(self.folder, name, figure)
        plt.close(figure)
        return Figure(figure, caption, f"fig-{name}", alt)
