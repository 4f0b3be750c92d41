"""Every representation, algorithm, score and corpus once: its key, and what people call it.

Keys stand in files, titles in tables and figures, nouns in sentences. A new representation, score
or algorithm takes its class or function, and one line here; README says what a corpus takes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Kind:
    """A kind of representation.

    Attributes
    ----------
    key, title, noun : str
        As in files, in tables, and in a sentence.
    family : str
        ``baseline`` (no network), ``words`` (sound or not, without a network), ``untrained``,
        ``ae``, ``vae``, or ``truth`` (no representation of the music, but what is to be found).
    features : str
        What it is made of, keys of `FEATURES` joined by +.
    conditioned_on : str
        What its network is told of each track besides the features: ``language``, ``genre``.
    without_words : str
        Key of the representation that has the same sound and no words.
    """

    key: str
    title: str
    noun: str
    family: str
    features: str = "mfcc_mean"
    conditioned_on: str = ""
    without_words: str = ""


@dataclass(frozen=True)
class AlgorithmName:
    """What an algorithm is called; `lib.clustering` has the function of the same key."""

    key: str
    title: str
    noun: str


@dataclass(frozen=True)
class Score:
    """A score of a partition, or a measure of a network's health.

    Attributes
    ----------
    key, title : str
        As in files and in tables.
    needs : str
        ``points`` (a partition and the space it was made in), ``input`` (a partition and the
        standardised input), ``labels`` (a partition and the genres), or ``network``.
    digits : int
        After the point.
    lower_is_better : bool
        Else more is better, in ranks, figures and sentences.
    """

    key: str
    title: str
    needs: str
    digits: int = 3
    lower_is_better: bool = False

    @property
    def sign(self) -> int:
        """What makes more the better when a value is multiplied by it."""
        return -1 if self.lower_is_better else 1

    @property
    def noun(self) -> str:
        """What a sentence calls it."""
        return self.title if self.title.isupper() else self.title.lower()


@dataclass(frozen=True)
class CorpusName:
    """What a corpus is called, and its tracks; `lib.corpora.load` knows it by its key."""

    key: str
    noun: str
    tracks: str


def _by_key(*entries):
    return {entry.key: entry for entry in entries}


REPRESENTATIONS: dict[str, Kind] = _by_key(
    Kind("raw", "Raw features", "the raw features", "baseline"),
    Kind("spectral", "Spectral features", "the spectral features", "baseline", "spectral"),
    Kind("pca", "PCA", "PCA", "baseline"),
    Kind("pca_matched", "Matched PCA", "the matched PCA", "baseline"),
    Kind("ae", "Autoencoder", "the autoencoder", "ae"),
    Kind("vae", "VAE", "the VAE", "vae"),
    Kind("random_encoder", "Untrained encoder", "the untrained encoder", "untrained"),
    Kind("conv1d_vae", "1-D conv VAE", "the 1-D convolutional VAE", "vae"),
    Kind("conv_vae", "2-D conv VAE", "the 2-D convolutional VAE", "vae", "mfcc_image"),
    Kind("factors", "The factors themselves", "the factors themselves", "truth", "factors"),
    Kind("tfidf", "TF-IDF alone", "TF-IDF words alone", "words", "tfidf"),
    Kind("sbert", "SBERT alone", "SBERT words alone", "words", "sbert"),
    Kind("hybrid_tfidf", "Sound + TF-IDF", "sound with TF-IDF words", "words", "mfcc_mean+tfidf",
         without_words="raw"),
    Kind("hybrid_sbert", "Sound + SBERT", "sound with SBERT words", "words", "mfcc_mean+sbert",
         without_words="raw"),
    Kind("beta_vae", "VAE, beta", "the VAE at β =", "vae"),
    Kind("cvae", "CVAE, language given", "the CVAE given the language", "vae",
         "mfcc_mean+language", conditioned_on="language"),
    Kind("cvae_genre", "CVAE, genre given", "the CVAE given the genre", "vae",
         "mfcc_mean+genre", conditioned_on="genre"),
    Kind("multimodal_vae", "Multimodal VAE", "the multimodal VAE with a shared encoder", "vae",
         "mfcc_mean+tfidf", without_words="vae"),
    Kind("multimodal_poe", "Product of experts", "the product of experts", "vae",
         "mfcc_mean+tfidf", without_words="vae"),
    Kind("vade", "VaDE", "VaDE", "vae"),
)  # fmt: skip

ALGORITHMS: dict[str, AlgorithmName] = _by_key(
    AlgorithmName("kmeans", "k-means", "k-means"),
    AlgorithmName("agglomerative", "Ward", "Ward's method"),
    AlgorithmName("dbscan", "DBSCAN", "DBSCAN"),
    AlgorithmName("hdbscan", "HDBSCAN", "HDBSCAN"),
    AlgorithmName("gmm", "Gaussian mixture", "a Gaussian mixture"),
    AlgorithmName("spectral", "Spectral clustering", "spectral clustering"),
)
MIXTURE = AlgorithmName("mixture", "own mixture", "its own mixture")
"""The clusters that a network such as VaDE finds itself."""
REFERENCES: dict[str, AlgorithmName] = _by_key(
    AlgorithmName("random", "Random labels", "random labels"),
    AlgorithmName("genres", "The genres themselves", "the genres themselves"),
)
"""Rows for orientation, which are no method's."""

SCORES: dict[str, Score] = _by_key(
    Score("silhouette", "Silhouette", "points"),
    Score("calinski_harabasz", "Calinski-Harabasz", "points", digits=1),
    Score("davies_bouldin", "Davies-Bouldin", "points", lower_is_better=True),
    Score("ari", "ARI", "labels"),
    Score("nmi", "NMI", "labels"),
    Score("ami", "AMI", "labels"),
    Score("purity", "Purity", "labels"),
    Score("silhouette_shared", "Shared silhouette", "input"),
)
HEALTH: dict[str, Score] = _by_key(
    Score("active_units", "Active units", "network", digits=1),
    Score("kl", "KL", "network"),
    Score("r2", "R²", "network"),
)
EXTERNAL = ("ami", *(s.key for s in SCORES.values() if s.needs == "labels" and s.key != "ami"))
"""The scores against labels, that of the headline first."""

FEATURES = {
    "mfcc_mean": "MFCC means",
    "mfcc_image": "MFCC images",
    "spectral": "Spectral features",
    "tfidf": "TF-IDF",
    "sbert": "SBERT",
}
LANGUAGES = {"en": "English", "bn": "Bangla", "mixed": "both", "none": "no words", "": "unknown"}
CORPORA: dict[str, CorpusName] = _by_key(
    CorpusName("demo", "the demo corpus", "composed tracks"),
    CorpusName("gtzan", "GTZAN", "recordings"),
    CorpusName("gtzan_table", "the feature table of GTZAN", "tracks"),
    CorpusName("fma", "the Free Music Archive", "clips"),
)
"""The corpora that go by a name; any other is the path of a folder."""
FOLDER = CorpusName("", "a folder of music", "tracks")


def algorithm_name(key: str) -> AlgorithmName:
    """Return an algorithm, a network's own mixture included, or a row for orientation."""
    return {**ALGORITHMS, "mixture": MIXTURE, **REFERENCES}.get(key, AlgorithmName(key, key, key))


def title(key: str) -> str:
    """What tables call a representation or a score; its key where it has no other name."""
    for names in (REPRESENTATIONS, SCORES, HEALTH):
        if key in names:
            return names[key].title
    return key


@dataclass(frozen=True)
class Method:
    """A representation, and the algorithm that partitions it.

    Parameters
    ----------
    representation : str
        A key of `REPRESENTATIONS`, or a name that a user gave a network.
    algorithm : str
        A key of `ALGORITHMS`, ``mixture``, ``random`` or ``genres``.
    beta : float
        Weight of the KL term. It tells methods apart in a sweep (``beta_vae``), else not.
    """

    representation: str
    algorithm: str = "kmeans"
    beta: float = np.nan

    def __post_init__(self):
        if self.representation != "beta_vae":  # so that equal methods are equal, NaN or not
            object.__setattr__(self, "beta", None)

    @property
    def space(self) -> str:
        """What tables call the space, as in "VAE, beta 4"."""
        return self._space("title")

    @property
    def title(self) -> str:
        """What tables call the method, as in "PCA, Ward"; k-means goes without saying."""
        if self.algorithm in REFERENCES:
            return REFERENCES[self.algorithm].title
        if self.algorithm == "kmeans":
            return self.space
        return f"{self.space}, {algorithm_name(self.algorithm).title}"

    @property
    def space_noun(self) -> str:
        """What a sentence calls the space, as in "the VAE at β = 4"."""
        return self._space("noun")

    @property
    def noun(self) -> str:
        """What a sentence calls the method, as in "PCA under Ward's method"."""
        return f"{self.space_noun} under {algorithm_name(self.algorithm).noun}"

    def _space(self, form: str) -> str:
        kind = REPRESENTATIONS.get(self.representation)
        name = getattr(kind, form) if kind else self.representation
        return name if self.beta is None else f"{name} {self.beta:g}"

    def among(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return this method's own of tidy rows, by seed."""
        rows = rows[rows["representation"] == self.representation]
        rows = rows[rows["algorithm"] == self.algorithm]
        return (rows if self.beta is None else rows[rows["beta"] == self.beta]).set_index("seed")


def with_titles(rows: pd.DataFrame) -> pd.DataFrame:
    """Return tidy rows with columns ``space`` and ``method``: what tables and figures call them."""
    keys = zip(rows["representation"], rows["algorithm"], rows["beta"], strict=True)
    methods = [Method(*key) for key in keys]
    return rows.assign(space=[m.space for m in methods], method=[m.title for m in methods])
