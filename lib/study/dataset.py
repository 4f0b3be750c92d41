"""What a run studies: the tracks of a corpus that can be used, and their features."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from lib import files
from lib.audio import extraction as extract
from lib.audio import mfcc as audio
from lib.clustering import algorithms as clustering
from lib.corpora import corpus
from lib.errors import UserError
from lib.lyrics import embeddings as embed
from lib.lyrics import sources as text
from lib.report import results
from lib.runtime import CACHE
from lib.settings import Settings, whole_name


class Dataset:
    """A corpus and its features, each made when it is first asked for.

    Parameters
    ----------
    settings : Settings
        The parameters of a notebook.

    Raises
    ------
    UserError
        When the corpus cannot be had, holds too few usable tracks to cluster, or is another than
        that whose results are in the folder.
    """

    def __init__(self, settings: Settings):
        self.settings = settings
        self.folder: Path = settings.folder
        self.corpus = corpus.load(settings.corpus, settings.data_dir)
        results.claim(self.folder, whole_name(settings.corpus))

    @cached_property
    def features(self) -> extract.Features:
        """The features of every track that can be read; the others go to ``skipped.csv``."""
        if self.corpus.table is not None:
            nothing = pd.DataFrame(columns=["track_id", "path", "reason"])
            features = extract.Features(self.corpus.table, None, nothing)
        else:
            features = extract.extract(self.corpus.tracks, cache=CACHE / "features")
        skipped = self.folder / "skipped.csv"
        files.write_csv(skipped, features.skipped)
        if (n := len(features.vectors)) < 3:
            raise UserError(
                f"{self.corpus.name} has {n} usable track{'s' * (n != 1)}, and it takes three "
                f"to speak of clusters: add music ({skipped} says what was skipped, and why)"
            )
        return features

    @cached_property
    def wide_features(self) -> pd.DataFrame:
        """Spectrum, rhythm, harmony and MFCCs of the same tracks: (n_tracks, n_columns)."""
        if self.corpus.table is not None:
            return self.corpus.table
        wide = extract.extract(self.tracks, wide=True, cache=CACHE / "features")
        if len(wide.skipped):
            lost = wide.skipped.iloc[0]
            raise UserError(f"{lost.path} could be read before, and no longer: {lost.reason}")
        return wide.vectors

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
        """The words of each track, their language and where they come from: see `lib.lyrics.sources`."""
        place = text.folder(self.settings.corpus, self.settings.data_dir)
        return text.load(self.tracks, place)

    @cached_property
    def sung(self) -> list[str]:
        """What is sung in each track, empty where that is not known."""
        return self.words["text"].where(self.words["source"].isin(text.SUNG), "").tolist()

    @cached_property
    def text_vectors(self) -> dict[str, np.ndarray]:
        """Vectors of the sung words by method, (n_tracks, n_dims) each; NaN rows without words.

        Empty where fewer than half of the clusters could have a track with words.
        """
        if embed.has_text(self.sung).sum() < max(2, self.n_clusters // 2):
            return {}
        return {
            "tfidf": embed.tfidf(self.sung),
            "sbert": embed.sentences(self.sung, cache=CACHE / "sentences"),
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

    @cached_property
    def languages(self) -> np.ndarray:
        """The language of each track, that of its words where they are known; empty if unknown."""
        heard = self.words["language"].to_numpy(str)
        said = self.tracks["language"].to_numpy(str)
        return np.where(heard != "", heard, said)

    @property
    def facts(self) -> dict[str, np.ndarray]:
        """What is known of the tracks that a space may know, too, (n_tracks,) of str each.

        The genre, and the language of what is sung: empty where nothing is.
        """
        sung = np.where(self.languages == "none", "", self.languages)
        return {"genre": self.truth, "language": sung}

    def one_of_each_genre(self) -> np.ndarray:
        """Return the places of one track of each genre; of the first six without labels."""
        if not self.corpus.labelled:
            return np.arange(min(6, len(self.tracks)))
        return np.flatnonzero(~self.tracks["genre"].duplicated() & (self.truth != ""))

    @property
    def has_audio(self) -> bool:
        """Whether there is anything to hear."""
        return self.corpus.table is None

    def excerpts(self, seconds: float) -> dict[str, np.ndarray]:
        """Return the beginning of one track of each genre, by title; nothing without audio."""
        if not self.has_audio:
            return {}
        chosen = self.tracks.iloc[self.one_of_each_genre()]
        return {
            f"{row.genre}: {row.title}".removeprefix(": "): self.excerpt(row.Index, seconds)
            for row in chosen.itertuples()
        }

    def excerpt(self, place: int, seconds: float) -> np.ndarray:
        """Return the beginning of one track, (n_samples,), by its place in `tracks`."""
        return audio.read(self.tracks["path"].iloc[place])[: int(seconds * audio.SAMPLE_RATE)]

    def example(self) -> tuple[np.ndarray, str]:
        """Return the first track's samples and its identifier."""
        first = self.tracks.iloc[0]
        return audio.read(first["path"]), first["track_id"]
