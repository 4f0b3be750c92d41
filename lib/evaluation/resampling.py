"""Which methods differ beyond the noise of the seeds and of the tracks: paired half samples.

Seeds alone tell how a method does on these very tracks. To tell how it would do on others like
them, the tracks are drawn anew, the same ones for all methods. A bootstrap would draw some tracks
twice; each pair of twins agrees with itself, and AMI and ARI rise. So each draw takes half of the
tracks, none twice: the spread of a score over half samples is that of the score on all tracks
(delete-half jackknife, Shao and Wu 1989, doi 10.1214/aos/1176347263). Seeds are drawn with it, the
same ones for all methods: one fewer than there are, with replacement, which has the right variance
where drawing all of them has too little (Rao and Wu 1988, doi 10.2307/2288945).

The partitions stay as they are: what is drawn anew is who judges them, not what they were made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import networkx as nx
import numpy as np
import pandas as pd
from scipy import special, stats

from lib.evaluation.silhouettes import samples

N_DRAWS = 1000
JUDGED_UP_TO = 2000
"""Of more tracks, so many drawn at random are the judges; intervals are then wider than need be."""


@dataclass(frozen=True)
class Draws:
    """One score of several methods, on all tracks and over draws of tracks and seeds.

    Attributes
    ----------
    names : list of str
        The methods.
    by_seed : ndarray, (n_seeds, n_methods)
        On all tracks.
    values : ndarray, (n_draws, n_methods)
        Means over the seeds drawn, on the tracks drawn.
    """

    names: list[str]
    by_seed: np.ndarray
    values: np.ndarray

    @property
    def means(self) -> np.ndarray:
        """Means over all seeds on all tracks, (n_methods,)."""
        return self.by_seed.mean(axis=0)

    def ranks(self) -> pd.DataFrame:
        """Rank the methods in each draw, 1 for the highest.

        Returns
        -------
        DataFrame
            ``method``, its mean score, the mean ``rank`` over draws, 95% of the draws between
            ``low`` and ``high``, and the share of draws in which it is ``first``; best rank first.
        """
        ranks = stats.rankdata(-self.values, axis=1)
        low, high = np.quantile(ranks, [0.025, 0.975], axis=0)
        first = (ranks == ranks.min(axis=1, keepdims=True)).mean(axis=0)
        table = {"method": self.names, "score": self.means, "rank": ranks.mean(axis=0)}
        table |= {"low": low, "high": high, "first": first}
        return pd.DataFrame(table).sort_values("rank", kind="stable", ignore_index=True)

    def differences(self, pairs: Sequence[tuple[str, str]] | None = None) -> pd.DataFrame:
        """Compare pairs of methods, with intervals that hold for all of them at once.

        The half width is the pair's standard error over draws times what 95% of the draws keep
        below in every pair (single-step maxT, Westfall and Young 1993), widened after Student
        where few seeds make up the error.

        Parameters
        ----------
        pairs : sequence of (str, str), optional
            The first minus the second is compared; all pairs where not given.

        Returns
        -------
        DataFrame
            ``a``, ``b``, ``mean``, ``low``, ``high``, and whether it is ``clear`` of zero.
        """
        pairs = list(combinations(self.names, 2)) if pairs is None else list(pairs)
        table = pd.DataFrame(pairs, columns=["a", "b"])
        a, b = ([self.names.index(name) for name in table[side]] for side in ("a", "b"))
        drawn = self.values[:, a] - self.values[:, b]
        seeds = self.by_seed[:, a] - self.by_seed[:, b]
        error = drawn.std(axis=0)
        varies = error > 1e-12
        half = np.zeros(len(pairs))
        if varies.any():
            deviations = np.abs(drawn - drawn.mean(axis=0))[:, varies] / error[varies]
            bound = np.quantile(deviations.max(axis=1), 0.95)
            half[varies] = error[varies] * _student(bound, error[varies], seeds[:, varies])
        mean = seeds.mean(axis=0)
        clear = np.abs(mean) > half + 1e-12
        return table.assign(mean=mean, low=mean - half, high=mean + half, clear=clear)

    def groups(self) -> list[list[str]]:
        """Return the largest groups in which no method can be told from any other.

        Each has two methods or more, best rank first; a method may be in several.
        """
        order = self.ranks()["method"].tolist()
        table = self.differences()
        alike = nx.from_pandas_edgelist(table[~table["clear"]], "a", "b")
        groups = [sorted(clique, key=order.index) for clique in nx.find_cliques(alike)]
        return sorted(groups, key=lambda group: [order.index(name) for name in group])


def _student(bound: float, error: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Widen a normal bound where the error is made of few seeds (Satterthwaite's freedom)."""
    n_seeds = len(seeds)
    if n_seeds < 2:
        return np.full(len(error), bound)
    of_seeds = seeds.var(axis=0, ddof=1) / n_seeds
    freedom = (n_seeds - 1) * np.maximum(error**2 / np.maximum(of_seeds, 1e-18), 1) ** 2
    return stats.t.isf(stats.norm.sf(bound), freedom)


def half_samples(
    partitions: Mapping[str, Sequence[np.ndarray]],
    truth: np.ndarray,
    shared: np.ndarray,
) -> dict[str, Draws]:
    """Score partitions on halves of the tracks, the same ones for all methods.

    Each method has one partition per seed (always in the same order), or one alone where seeds
    change nothing. The scores are ``silhouette_shared``, for which a track's own silhouette is
    taken among all tracks and averaged over those drawn, and where at least two genres are known
    ``ari``, ``nmi``, ``ami`` and ``purity`` over the tracks that have one. A partition of fewer
    than two clusters has a shared silhouette of -1, the worst there is.
    """
    rng = np.random.default_rng(0)
    n_seeds = max(map(len, partitions.values()))
    seeds = rng.integers(n_seeds, size=(N_DRAWS, max(n_seeds - 1, 1)))
    known = np.flatnonzero(truth != "")
    judges = known if len(np.unique(truth[known])) > 1 else np.arange(len(truth))
    if len(judges) > JUDGED_UP_TO:
        judges = rng.choice(judges, JUDGED_UP_TO, replace=False)
    weights = _halves(len(judges), N_DRAWS, rng)
    scorers = [_Silhouette(shared, judges, weights)]
    if len(judges) and len(np.unique(truth[judges])) > 1:
        scorers.append(_External(truth[judges], judges, weights))

    found: dict[str, tuple[list, list]] = {}
    for given in partitions.values():
        scored = [{k: v for score in scorers for k, v in score(labels).items()} for labels in given]
        for score in scored[0]:
            whole, drawn = (np.array([s[score][part] for s in scored]) for part in (0, 1))
            of = seeds % len(given)  # one partition alone stands for every seed
            by_seed, values = found.setdefault(score, ([], []))
            by_seed.append(np.resize(whole, n_seeds))
            values.append(drawn[of, np.arange(N_DRAWS)[:, None]].mean(axis=1))
    return {
        score: Draws(list(partitions), np.array(by_seed).T, np.array(values).T)
        for score, (by_seed, values) in found.items()
    }


def _halves(n_tracks: int, n_draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw halves without replacement: ones and zeros, (n_draws, n_tracks)."""
    order = rng.random((n_draws, n_tracks)).argsort(axis=1)
    return (order < n_tracks // 2).astype(np.float32)


class _Silhouette:
    """The shared silhouette of a partition: on all judges, and on each draw of them."""

    def __init__(self, shared: np.ndarray, judges: np.ndarray, weights: np.ndarray):
        self.shared, self.judges, self.weights = shared, judges, weights

    def __call__(self, labels: np.ndarray) -> dict[str, tuple[float, np.ndarray]]:
        labels = labels[self.judges]
        placed = np.flatnonzero(labels >= 0)
        names, dense = np.unique(labels[placed], return_inverse=True)
        if not 2 <= len(names) < len(placed):
            return {"silhouette_shared": (-1.0, np.full(len(self.weights), -1.0))}
        values = samples(self.shared[self.judges[placed]], dense, np.arange(len(placed)))
        weights = self.weights[:, placed]
        drawn = weights @ values / np.maximum(weights.sum(axis=1), 1)
        return {"silhouette_shared": (float(values.mean()), drawn)}


class _External:
    """The scores against genres, of all draws at once: tables are products of matrices."""

    def __init__(self, truth: np.ndarray, judges: np.ndarray, weights: np.ndarray):
        self.judges, self.weights = judges, weights
        genres = np.unique(truth, return_inverse=True)[1]
        self.genres = np.eye(genres.max() + 1, dtype=np.float32)[genres]
        self.expected = {len(truth): {}, int(weights[0].sum()): {}}

    def __call__(self, labels: np.ndarray) -> dict[str, tuple[float, np.ndarray]]:
        clusters = np.unique(labels[self.judges], return_inverse=True)[1]
        clusters = np.eye(clusters.max() + 1, dtype=np.float32)[clusters]
        cells = (clusters[:, :, None] * self.genres[:, None, :]).reshape(len(clusters), -1)
        shape = -1, clusters.shape[1], self.genres.shape[1]
        whole = self._score(cells.sum(axis=0).reshape(shape))
        drawn = self._score((self.weights @ cells).reshape(shape))
        return {score: (float(whole[score][0]), drawn[score]) for score in whole}

    def _score(self, tables: np.ndarray) -> dict[str, np.ndarray]:
        """Score contingency tables of one number of tracks, (n_tables, n_clusters, n_genres)."""
        tables = tables.astype(float)
        n = int(tables[0].sum())
        a, b = tables.sum(axis=2), tables.sum(axis=1)
        same, in_a, in_b = (special.comb(x, 2).reshape(len(x), -1).sum(1) for x in (tables, a, b))
        by_chance = in_a * in_b / special.comb(n, 2)
        entropies = [special.entr(x / n).sum(axis=1) for x in (a, b)]
        joint = special.entr(tables / n).sum(axis=(1, 2))
        information = np.maximum(entropies[0] + entropies[1] - joint, 0)
        expected = self._expected(a.astype(int), b.astype(int), n)
        middle = (entropies[0] + entropies[1]) / 2
        return {
            "ari": _ratio(same - by_chance, (in_a + in_b) / 2 - by_chance),
            "nmi": _ratio(information, middle),
            "ami": _ratio(information - expected, middle - expected),
            "purity": tables.max(axis=2).sum(axis=1) / n,
        }

    def _expected(self, a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
        """Return the information that sizes (n_tables, n_clusters) and (n_tables, n_genres) give.

        It is a sum over pairs of sizes, so that each pair of sizes is worked out but once.
        """
        table = self.expected[n]
        for size in np.unique(b):
            if size not in table:
                table[size] = _expected_information(int(size), n)
        by_genre = np.zeros((max(table) + 1, n + 1))
        for size, values in table.items():
            by_genre[size] = values
        return by_genre[b[:, None, :], a[:, :, None]].sum(axis=(1, 2))


def _expected_information(size: int, n: int) -> np.ndarray:
    """Return a cell's share of the expected mutual information, by the size of its cluster.

    Of a genre of a given size among n tracks: the mean of (t / n) log(n t / (a size)) over the
    hypergeometric t (Vinh, Epps and Bailey 2010, JMLR 11).
    """
    if size == 0:
        return np.zeros(n + 1)
    a, t = np.arange(n + 1)[:, None], np.arange(1, size + 1)
    logs = special.gammaln(np.arange(n + 2) + 1)
    possible = (t <= a) & (a - t <= n - size)
    rest, missing = np.where(possible, a - t, 0), np.where(possible, n - size - a + t, 0)
    chance = (logs[size] - logs[t] - logs[size - t]) + (logs[n - size] - logs[rest] - logs[missing])
    chance = np.where(possible, chance - (logs[n] - logs[a] - logs[n - a]), -np.inf)
    gain = t / n * np.log(n * t / (np.maximum(a, 1) * size))
    return (np.exp(chance) * gain).sum(axis=1)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide; two partitions of a single cluster each agree fully, and have nothing below."""
    nothing = np.abs(below) < 1e-12
    return np.where(nothing, np.where(np.abs(above) < 1e-12, 1.0, 0.0), above / (below + nothing))
