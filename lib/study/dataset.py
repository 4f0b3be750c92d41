"""What a run studies: the tracks of a corpus that can be used, and their features."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from lib import audio, clustering, corpora, lyrics
from lib.catalogue import LANGUAGES
from lib.errors import Missing, UserError
from lib.files import write_csv
from lib.report import results
from lib.runtime import CACHE
from lib.settings import Settings, whole_name

NO_AUDIO = Missing("This corpus came as a table of features: there is no audio to hear or to show.")


class Dataset:
    """A corpus and its features, each made when it is first asked for."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._folder: Path = settings.folder
        self.corpus = corpora.load(settings.corpus, settings.data_dir)
        results.claim(self._folder, whole_name(settings.corpus))

    @cached_property
    def features(self) -> audio.Features:
        """The features of every track that can be read; the others go to ``skipped.csv``."""
        if self.corpus.table is not None:
            nothing = pd.DataFrame(columns=["track_id", "path", "reason"])
            features = audio.Features(self.corpus.table, None, nothing)
        else:
            features = audio.extract(self.corpus.tracks, cache=CACHE / "features")
        skipped = self._folder / "skipped.csv"
        write_csv(skipped, features.skipped)
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
        wide = audio.extract(self.tracks, wide=True, cache=CACHE / "features")
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
        """The genre of each track, (n_tracks,) of str, empty where unknown."""
        return self.tracks["genre"].to_numpy(str)

    @cached_property
    def inputs(self) -> np.ndarray:
        """The standardised MFCC means, (n_tracks, n_mfcc): the space that all scores share."""
        names = [c for c in self.features.vectors if c.startswith("mfcc") and c.endswith("_mean")]
        return StandardScaler().fit_transform(self.features.vectors[names].to_numpy(float))

    @cached_property
    def spectral(self) -> np.ndarray | None:
        """The standardised wide features without MFCCs, (n_tracks, n_columns); None without any."""
        columns = [c for c in self.wide_features if c != "length" and not c.startswith("mfcc")]
        if not columns:
            return None
        return StandardScaler().fit_transform(self.wide_features[columns].to_numpy(float))

    @cached_property
    def images(self) -> np.ndarray | Missing:
        """Standardised MFCC images, (n_tracks, 1, n_mfcc, n_frames); missing without audio."""
        images = self.features.images
        if images is None:
            return NO_AUDIO
        # by coefficient, so that the first ones, which vary most, do not drown the others
        mean = images.mean(axis=(0, 2), keepdims=True)
        deviation = images.std(axis=(0, 2), keepdims=True)
        return ((images - mean) / np.maximum(deviation, 1e-9))[:, None]

    @cached_property
    def words(self) -> pd.DataFrame:
        """The words of each track, their language and their source: see `lib.lyrics.sources`."""
        place = lyrics.folder(self._settings.corpus, self._settings.data_dir)
        return lyrics.load(self.tracks, place)

    @cached_property
    def sung(self) -> list[str]:
        """What is sung in each track, empty where that is not known."""
        return self.words["text"].where(self.words["source"].isin(lyrics.SUNG), "").tolist()

    @cached_property
    def text_vectors(self) -> dict[str, np.ndarray]:
        """Vectors of the sung words by method, (n_tracks, n_dims) each; NaN rows without words."""
        # words of so few tracks would leave half of the clusters without any
        if lyrics.has_text(self.sung).sum() < max(2, self.n_clusters // 2):
            return {}
        return {
            "tfidf": lyrics.tfidf(self.sung),
            "sbert": lyrics.sbert(self.sung, CACHE / "sentences"),
        }

    @cached_property
    def n_clusters(self) -> int:
        """As many as the settings ask for, else as there are genres, else by the silhouette."""
        wanted = self._settings.n_clusters or len(set(self.truth) - {""})
        if wanted < 2:
            wanted = clustering.choose_n_clusters(self.inputs) if len(self.inputs) > 3 else 2
        if len(self.truth) <= wanted:
            raise UserError(
                f"{self.corpus.name} has {len(self.truth)} usable tracks, too few for "
                f"{wanted} clusters: add music, or set n_clusters lower"
            )
        return wanted

    @cached_property
    def _languages(self) -> np.ndarray:
        heard = self.words["language"].to_numpy(str)
        tagged = self.tracks["language"].to_numpy(str)
        return np.where(heard != "", heard, tagged)

    @property
    def languages(self) -> np.ndarray:
        """The language of each track as people call it, (n_tracks,); empty where unknown."""
        return np.array([LANGUAGES.get(c, c) if c else "" for c in self._languages])

    @property
    def attributes(self) -> dict[str, np.ndarray]:
        """The genre, and the language of what is sung, (n_tracks,) of str; empty where unknown."""
        sung = np.where(self._languages == "none", "", self._languages)
        return {"genre": self.truth, "language": sung}

    @property
    def one_of_each_genre(self) -> np.ndarray:
        """The indices of one track of each genre; of the first six tracks without labels."""
        if not self.corpus.labelled:
            return np.arange(min(6, len(self.tracks)))
        return np.flatnonzero(~self.tracks["genre"].duplicated() & (self.truth != ""))

    @property
    def has_audio(self) -> bool:
        """Whether there is anything to hear."""
        return self.corpus.table is None

    def excerpts(
        self, seconds: float, indices: Mapping[str, int] | None = None
    ) -> dict[str, np.ndarray] | Missing:
        """Return the first seconds of tracks by title: of those given, or of one of each genre."""
        if not self.has_audio:
            return NO_AUDIO
        if indices is None:
            rows = self.tracks.iloc[self.one_of_each_genre].itertuples()
            indices = {f"{row.genre}: {row.title}".removeprefix(": "): row.Index for row in rows}
        stop, paths = int(seconds * audio.SAMPLE_RATE), self.tracks["path"]
        return {title: audio.read(paths.iloc[i])[:stop] for title, i in indices.items()}

    def example(self) -> tuple[np.ndarray | Missing, str]:
        """Return the first track's samples and its identifier."""
        path, name = self.tracks.iloc[0][["path", "track_id"]]
        return audio.read(path) if self.has_audio else NO_AUDIO, name
