"""Representations of the tracks, and the scores of their partitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.catalogue import REPRESENTATIONS, Method
from lib.evaluation import ranking
from lib.models import VaDE
from lib.training import Ensemble


@dataclass(frozen=True, eq=False)
class Representation:
    """One point per track, for each network of an ensemble."""

    name: str  # as in the results: raw, pca, vae...
    z: np.ndarray  # (n_networks, n_tracks, n_dims); NaN without a place, or after divergence
    beta: float = np.nan  # weight of the KL term, if there is one
    health: pd.DataFrame | None = None  # of learned ones, one row per network
    r2: float = np.nan  # of others, the share of the input's variance that they keep
    mixture: np.ndarray | None = None  # (n_networks, n_tracks): clusters that VaDE finds itself

    @property
    def features(self) -> str:
        """What it is made of: see `lib.catalogue.Kind`; of a user's own network, the inputs."""
        return REPRESENTATIONS.get(self.name, REPRESENTATIONS["vae"]).features

    @property
    def title(self) -> str:
        """What tables call it."""
        return self.method().space

    def method(self, algorithm: str = "kmeans") -> Method:
        """Return the method that partitions it by an algorithm."""
        return Method(self.name, algorithm, self.beta)

    def among(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return its own of many representations' tidy rows."""
        return rows[(rows["representation"] == self.name) & rows["beta"].isin([self.beta])]

    @property
    def converged(self) -> np.ndarray:
        """The points of the networks that did not diverge."""
        return self.z[np.isfinite(self.z).all(axis=(1, 2))]


def representation(name: str, ensemble: Ensemble) -> Representation:
    """Return what trained networks make of the tracks: their posterior means.

    Parameters
    ----------
    name : str
        Of the representation, a key of `lib.catalogue.REPRESENTATIONS` or one of your own.
    ensemble : Ensemble
        Networks with one beta, one network per seed.
    """
    kind = REPRESENTATIONS.get(name, REPRESENTATIONS["vae"])
    beta = float(ensemble.betas[0]) if kind.family == "vae" else np.nan
    finds = issubclass(ensemble.architecture.network, VaDE)
    mixture = ensemble.map(VaDE.assign) if finds else None
    return Representation(name, ensemble.z, beta, ensemble.health, mixture=mixture)


@dataclass(frozen=True)
class Scores:
    """Partitions of representations, and their scores.

    A method on which chance has no influence has one partition only, that of the first seed.
    """

    rows: pd.DataFrame  # tidy, one per representation, algorithm and seed
    partitions: dict[tuple[Method, int], np.ndarray]  # (n_tracks,) by method and seed; -1 is noise

    def clusters(self, space: Representation, algorithm: str = "kmeans") -> list[np.ndarray]:
        """Return the partitions of a representation by an algorithm, seed by seed."""
        method = space.method(algorithm)
        return [labels for (key, _), labels in self.partitions.items() if key == method]

    def best(self, spaces: Sequence[Representation], score: str) -> Representation:
        """Return the one of highest mean score under k-means, of those that place all tracks."""
        kmeans = self.rows[self.rows["algorithm"] == "kmeans"]
        means = {s: s.among(kmeans)[[score, "noise_fraction"]].mean() for s in spaces}
        able = [s for s in means if means[s]["noise_fraction"] <= ranking.NOISE_ALLOWED]
        return max(able, key=lambda s: means[s][score])
