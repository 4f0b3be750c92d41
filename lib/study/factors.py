"""The factors split of the demo corpus: clips whose true factors are known and independent.

Ground truth for `lib.evaluation.disentanglement`. The tracks of the demo corpus itself are none,
since their tempo, rhythm and instruments depend on the genre.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from lib import ROOT, audio
from lib.corpora import data_folder, demo
from lib.errors import UserError
from lib.evaluation import disentanglement, health, statistics
from lib.runtime import CACHE
from lib.study.representation import Representation

N_CLIPS = 500
N_DRAWS = 9999  # permutations of a test


@dataclass(frozen=True)
class Factors:
    """Clips, what was measured of them, and what they were made from, indexed by track_id."""

    features: pd.DataFrame  # standardised: MFCCs, spectrum, chroma, rhythm
    levels: pd.DataFrame  # of each of `demo.FACTORS`, as text

    @property
    def inputs(self) -> np.ndarray:
        """The features as an array, (n, F)."""
        return self.features.to_numpy(float)

    @property
    def attributes(self) -> dict[str, np.ndarray]:
        """The factors as the attributes of tracks are given: (n,) of str each."""
        return {name: self.levels[name].to_numpy(str) for name in self.levels}

    def components(self, n: int) -> np.ndarray:
        """The features' first n principal components, (n_clips, n)."""
        return PCA(min(n, *self.inputs.shape), random_state=0).fit_transform(self.inputs)

    @property
    def oracle(self) -> np.ndarray:
        """The factors themselves as a code, (1, n, 8), on which the measures are highest."""
        numbers = [np.unique(level, return_inverse=True)[1] for level in self.levels.T.to_numpy()]
        return np.stack(numbers, axis=1)[None].astype(float)


def load(data_dir: str | Path = "", cache: str | Path = CACHE / "features") -> Factors:
    """Return the split in ``demo_factors/`` of the data folder, or else of the project's ``data/``.

    It is composed into that one where it is not there: 500 clips of five seconds.
    """
    data = data_folder(data_dir)
    home = data if (data / "demo_factors" / "tracks.csv").exists() else ROOT / "data"
    try:
        folder = demo.write_factors(home / "demo_factors", n=N_CLIPS)
    except OSError as error:
        raise UserError(
            f"cannot write the factors split into {home / 'demo_factors'}: {error.strerror}"
        ) from None
    tracks = pd.read_csv(folder / "tracks.csv", keep_default_na=False, dtype=str)
    tracks["path"] = [str(folder / path) for path in tracks["path"]]
    vectors = audio.extract(tracks, wide=True, cache=cache).vectors
    levels = tracks.set_index("track_id").loc[vectors.index, list(demo.FACTORS)]
    return Factors(_standardised(vectors), levels)


def _standardised(vectors: pd.DataFrame) -> pd.DataFrame:
    """Scale features, without constant ones and without squares of others."""
    squares = [c for c in vectors if c.startswith("mfcc") and c.endswith("_var")]
    kept = vectors.drop(columns=squares)
    kept = kept.loc[:, kept.std() > 1e-9 * kept.abs().max()]
    return pd.DataFrame(StandardScaler().fit_transform(kept), kept.index, kept.columns)


def evaluate(spaces: Sequence[Representation], levels: pd.DataFrame) -> pd.DataFrame:
    """Score how disentangled spaces are, one row per network.

    Factors that a space does not know at all count as zeros.
    """
    networks = [(space, seed) for space in spaces for seed in range(len(space.z))]
    work = joblib.Parallel(n_jobs=joblib.cpu_count(), prefer="threads")
    scores = work(joblib.delayed(disentanglement.score)(s.z[seed], levels) for s, seed in networks)
    rows = [
        {"space": space.title, "representation": space.name, "seed": seed, "beta": space.beta}
        | {"health": "" if space.health is None else space.health["verdict"].iloc[seed]}
        | score
        for (space, seed), score in zip(networks, scores, strict=True)
    ]
    order = ["space", "representation", "seed", *disentanglement.MEASURES, "beta", "health"]
    return pd.DataFrame(rows, columns=order)


def correlate(measures: pd.DataFrame, rows: pd.DataFrame, score: str) -> pd.DataFrame:
    """Correlate disentanglement with a score over the betas of a sweep.

    Networks of one beta are no independent witnesses of what beta does, and betas are few; so each
    seed has a rank correlation of its own over its betas: ``mean``, ``low`` and ``high`` are over
    seeds. Measure and score are of two networks of one beta and seed, that of the clips with known
    factors and that of the corpus. One that collapses has little of either, and both do as beta
    grows; so the columns ``alive_`` say the same without pairs of which one has ``collapsed``, of
    the seeds that have three left. It says what goes together, not what causes what.
    """
    kmeans = rows[(rows["representation"] == "beta_vae") & (rows["algorithm"] == "kmeans")]
    keys = {"beta": float, "seed": int}
    known = kmeans[[*keys, score, "r2", "kl", "active_units"]].astype(keys)
    both = measures.astype(keys).merge(known, on=list(keys))
    dead = np.array(health.statuses(both)) == "collapsed"
    if "health" in both:
        dead |= (both["health"] == "collapsed").to_numpy()
    alive = both[~dead]
    alive = alive[alive.groupby("seed")["beta"].transform("size") >= 3]
    names = measures.columns.drop([*keys, "space", "health"], errors="ignore")
    again = _correlations(alive, names, score)[["mean", "low", "high", "clear"]]
    table = _correlations(both, names, score).join(again.add_prefix("alive_"))
    return table.assign(collapsed=dead.sum())


def _correlations(both: pd.DataFrame, measures: Sequence[str], score: str) -> pd.DataFrame:
    """Correlate each measure with the score over the betas of each seed."""
    found = []
    for measure in measures:
        orders = [
            stats.zscore(stats.rankdata(pair, axis=0))
            for _, pair in both.dropna(subset=[measure, score]).groupby("seed")[[measure, score]]
            if pair.nunique().min() > 1
        ]
        varied = [np.mean(order[:, 0] * order[:, 1]) for order in orders]
        value = statistics.compare(varied, np.zeros(len(varied)))
        if value.fixed and len(varied) > 1:  # all seeds agree, and t has no spread to go by
            value = replace(value, p=_by_chance(orders))
        found.append(value)
    corrected = statistics.correct(found)
    bounds = [[d.mean, *np.clip([d.low, d.high], -1, 1), d.clear] for d in corrected]
    table = pd.DataFrame(bounds, columns=["mean", "low", "high", "clear"])
    table.insert(0, "measure", list(measures))
    table.insert(1, "score", score)
    return table.astype({"clear": bool})


def _by_chance(orders: list[np.ndarray]) -> float:
    """Return how likely so large a mean correlation is if one order says nothing of the other.

    The orders are two standardised variables for each seed, (n, 2); the second is permuted within
    the seed.
    """
    rng = np.random.default_rng(0)
    found = np.mean([np.mean(order[:, 0] * order[:, 1]) for order in orders])
    drawn = np.zeros(N_DRAWS)
    for first, second in (order.T for order in orders):
        shuffled = rng.permuted(np.tile(second, (N_DRAWS, 1)), axis=1)
        drawn += shuffled @ first / len(first) / len(orders)
    return float((1 + np.sum(np.abs(drawn) >= abs(found) - 1e-9)) / (1 + N_DRAWS))
