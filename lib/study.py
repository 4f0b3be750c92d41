"""The verbs that the notebooks share: represent, learn, score, save."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from lib import (
    ROOT,
    audio,
    clustering,
    corpus,
    embed,
    extract,
    hybrid,
    metrics,
    report,
    results,
    text,
    training,
)
from lib.errors import UserError
from lib.settings import Settings

CACHE = ROOT / ".cache"


@dataclass(frozen=True)
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
        For learned ones, a row a member: see `lib.health`.
    r2 : float
        For representations that are not learned: the share of the input's variance they keep.
    """

    name: str
    features: str
    z: np.ndarray
    beta: float = np.nan
    health: pd.DataFrame | None = None
    r2: float = np.nan


class Study:
    """One notebook's run on one corpus.

    Parameters
    ----------
    task : str
        The notebook: exploratory, easy, medium or hard.
    settings : Settings
        Its parameters.

    Raises
    ------
    UserError
        When the corpus cannot be had, or holds too few usable tracks to cluster.
    """

    def __init__(self, task: str, settings: Settings):
        self.task = task
        self.settings = settings
        self.folder: Path = settings.folder
        self.corpus = corpus.load(settings.corpus, settings.data_dir)
        self.seeds = list(range(settings.seeds))

    @cached_property
    def features(self) -> extract.Features:
        """The features of every track that can be read; the others go to ``skipped.csv``."""
        if self.corpus.table is not None:
            nothing = pd.DataFrame(columns=["track_id", "path", "reason"])
            return extract.Features(self.corpus.table, None, nothing)
        features = extract.extract(self.corpus.tracks, cache=CACHE / "features")
        results.write_csv(self.folder / "skipped.csv", features.skipped)
        return features

    @cached_property
    def wide_features(self) -> pd.DataFrame:
        """Spectrum, rhythm, harmony and MFCCs of the same tracks: (n_tracks, n_columns)."""
        if self.corpus.table is not None:
            return self.corpus.table
        return extract.extract(self.tracks, wide=True, cache=CACHE / "features").vectors

    @cached_property
    def tracks(self) -> pd.DataFrame:
        """What is known of the tracks that have features, in the order of the features."""
        tracks = self.corpus.tracks.set_index("track_id", drop=False)
        return tracks.loc[self.features.vectors.index].reset_index(drop=True)

    @cached_property
    def truth(self) -> np.ndarray:
        """The genre of each track, empty where unknown."""
        return self.tracks["genre"].to_numpy(str)

    @cached_property
    def inputs(self) -> np.ndarray:
        """The standardised MFCC means, (n_tracks, n_mfcc): what models eat and all share."""
        names = [c for c in self.features.vectors if c.startswith("mfcc") and c.endswith("_mean")]
        return StandardScaler().fit_transform(self.features.vectors[names].to_numpy(float))

    @cached_property
    def images(self) -> np.ndarray | None:
        """Standardised MFCC images, (n_tracks, 1, n_mfcc, n_frames); None without audio.

        Each coefficient has mean 0 and variance 1 over all tracks and frames, so that the first
        ones, which vary most, do not drown the others.
        """
        images = self.features.images
        if images is None:
            return None
        mean = images.mean(axis=(0, 2), keepdims=True)
        deviation = images.std(axis=(0, 2), keepdims=True)
        return ((images - mean) / np.maximum(deviation, 1e-9))[:, None]

    @cached_property
    def words(self) -> pd.DataFrame:
        """The words of each track, their language and where they come from: see `lib.text`."""
        place = text.folder(self.settings.corpus, self.settings.data_dir)
        return text.load(self.tracks, place)

    @cached_property
    def text_vectors(self) -> dict[str, np.ndarray]:
        """Vectors of the sung words by method, (n_tracks, n_dims) each; NaN rows without words.

        Empty where fewer than half of the clusters could have a track with words.
        """
        sung = self.words["source"].isin(text.SUNG)
        texts = self.words["text"].where(sung, "").tolist()
        if embed.has_text(texts).sum() < max(2, self.n_clusters // 2):
            return {}
        return {
            "tfidf": embed.tfidf(texts),
            "sbert": embed.sentences(texts, cache=CACHE / "sentences"),
        }

    @cached_property
    def n_clusters(self) -> int:
        """As many as asked for, else as there are genres, else as the silhouette prefers."""
        wanted = self.settings.n_clusters or len(set(self.truth) - {""})
        if wanted < 2:
            wanted = clustering.choose_n_clusters(self.inputs) if len(self.inputs) > 3 else 2
        if len(self.truth) <= wanted:
            raise UserError(
                f"{self.corpus.name} has {len(self.truth)} usable tracks, too few for "
                f"{wanted} clusters: add music, or set n_clusters lower"
            )
        return wanted

    def raw(self) -> Representation:
        """Represent each track by the standardised features themselves."""
        return Representation("raw", "mfcc_mean", self.inputs[None], r2=1.0)

    def pca(self) -> Representation:
        """Represent each track by as many principal components as models have latents."""
        most = min(self.settings.latent_dim, *self.inputs.shape)
        pca = PCA(most, random_state=0).fit(self.inputs)
        kept = float(pca.explained_variance_ratio_.sum())
        return Representation("pca", "mfcc_mean", pca.transform(self.inputs)[None], r2=kept)

    def spectral(self) -> Representation:
        """Represent each track by the standardised wide features: no model at all."""
        columns = [c for c in self.wide_features if c != "length" and not c.startswith("mfcc")]
        points = StandardScaler().fit_transform(self.wide_features[columns].to_numpy(float))
        return Representation("spectral", "spectral", points[None], r2=1.0)

    def words_alone(self) -> list[Representation]:
        """Represent each track that has words by them, and leave the others out (NaN)."""
        return [Representation("raw", name, v[None]) for name, v in self.text_vectors.items()]

    def hybrids(self) -> list[Representation]:
        """Represent each track by sound and words side by side: see `lib.hybrid.concatenate`."""
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
            A class of `lib.models` or `lib.convolutional`.
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
            A class of `lib.models` or `lib.convolutional`.
        beta : float
            Weight of the KL term.
        data : ndarray, optional
            What it learns: the inputs where not said.

        Returns
        -------
        Trained
            With a member for each seed.
        """
        return training.train(
            self.architecture(network, data),
            self.inputs if data is None else data,
            self.seeds,
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
            for algorithm in algorithms:
                for seed in self.seeds:
                    labels = self.partition(representation, algorithm, seed)
                    rows.append(self._row(representation, algorithm, seed, labels))
        first = representations[0]
        for seed in self.seeds:
            labels = np.random.default_rng(seed).integers(self.n_clusters, size=len(self.truth))
            rows.append(self._row(first, "random", seed, labels))
        if self.corpus.labelled:
            genres = np.unique(self.truth, return_inverse=True)[1]
            rows.append(self._row(first, "genres", self.seeds[0], genres))
        return pd.DataFrame(rows, columns=results.COLUMNS)

    def partition(
        self, representation: Representation, algorithm: str = "kmeans", seed: int = 0
    ) -> np.ndarray:
        """Return the cluster of each track: (n_tracks,) of int, for one seed.

        A track without a place there (no words, say, or a member that diverged) is noise, -1.
        """
        z = representation.z[seed % len(representation.z)]
        there = np.isfinite(z).all(axis=1)
        labels = np.full(len(z), -1)
        if there.sum() > self.n_clusters:
            labels[there] = clustering.ALGORITHMS[algorithm](z[there], self.n_clusters, seed)
        return labels

    def _row(self, representation: Representation, algorithm: str, seed: int, labels) -> dict:
        member = seed % len(representation.z)
        z = representation.z[member]
        health = {"r2": representation.r2} if algorithm in clustering.ALGORITHMS else {}
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
            **{name: health.get(name, np.nan) for name in results.HEALTH},
        }

    def against_noise(
        self, representations: Sequence[Representation], rows: pd.DataFrame
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Set the silhouette of each space beside what noise reaches in as many dimensions.

        Parameters
        ----------
        representations : sequence of Representation
            The spaces.
        rows : DataFrame
            Their scores.

        Returns
        -------
        points : DataFrame
            ``method``, effective ``dimensions``, ``silhouette`` and ``noise``, means over members.
        line : DataFrame
            ``dimensions`` and ``silhouette`` of k-means on noise.
        """
        shape = len(self.truth), self.n_clusters
        dimensions = np.arange(1, max(r.z.shape[2] for r in representations) + 1)
        line = [metrics.noise_silhouette(int(d), *shape) for d in dimensions]
        kmeans = rows[rows["algorithm"] == "kmeans"].groupby("representation")["silhouette"].mean()
        points = []
        for r in representations:
            used = float(np.mean([metrics.effective_dimensions(z) for z in r.z]))
            point = {"method": report.method_name(r.name), "dimensions": used}
            point |= {"silhouette": kmeans[r.name], "noise": np.interp(used, dimensions, line)}
            points.append(point)
        return pd.DataFrame(points), pd.DataFrame({"dimensions": dimensions, "silhouette": line})

    @property
    def has_audio(self) -> bool:
        """Whether there is anything to hear."""
        return self.corpus.table is None

    def excerpts(self, seconds: float) -> dict[str, np.ndarray]:
        """Return the beginning of one track of each genre, by title; nothing without audio."""
        if not self.has_audio:
            return {}
        chosen = self.tracks.groupby("genre").first() if self.corpus.labelled else self.tracks[:6]
        n_samples = int(seconds * audio.SAMPLE_RATE)
        return {
            f"{genre}: {row.title}" if self.corpus.labelled else row.title:
            audio.read(row.path)[:n_samples]
            for genre, row in chosen.iterrows()
        }  # fmt: skip

    def example(self) -> tuple[np.ndarray, str]:
        """Return the first track's samples and its identifier."""
        first = self.tracks.iloc[0]
        return audio.read(first["path"]), first["track_id"]

    def save(self, rows: pd.DataFrame, representations: Sequence[Representation]) -> None:
        """Write the run's tables and latents into the results folder."""
        results.save_rows(self.folder, self.task, rows)
        for representation in representations:
            track_id = self.tracks["track_id"].to_numpy(str)
            results.save_latents(self.folder, representation.name, representation.z, track_id)

    def table(self, frame: pd.DataFrame, caption: str, name: str) -> report.Table:
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
        report.Table
            Numbered in the book, plain in JupyterLab.
        """
        results.save_table(self.folder, name, frame, caption)
        return report.Table(frame, caption, f"tab-{name}")

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
