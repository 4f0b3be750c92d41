"""What was seen, in words computed from the run: a sentence or two after each figure and table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown
from sklearn.neighbors import NearestNeighbors

from lib import clustering, comparison, demo, ideas, statistics, text
from lib.report import ALGORITHM_NAMES, LANGUAGES, NAMES, SCORE_NAMES, say
from lib.wording import number, score_name


def corpus(tracks: pd.DataFrame) -> Markdown:
    """Say how balanced the genres are and how much the tracks differ in length."""
    counts = tracks.loc[tracks["genre"] != "", "genre"].value_counts()
    if len(counts) < 2:
        balance = "The tracks carry no genre labels, so no score below compares with any."
    elif counts.max() == counts.min():
        balance = f"Each of the {len(counts)} genres has {counts.max()} tracks."
    else:
        balance = (
            f"The {len(counts)} genres are of unequal size: {counts.index[0]} has {counts.max()} "
            f"tracks, {counts.index[-1]} {counts.min()}."
        )
    shortest, longest = tracks["duration"].min(), tracks["duration"].max()
    if np.isnan(shortest):
        return say(balance)
    if longest - shortest < 0.05:
        return say(balance, f"All of them last {longest:.1f} s.")
    return say(balance, f"They last from {shortest:.1f} to {longest:.1f} s.")


def score(score: demo.Score) -> Markdown:
    """Say what was drawn for a composed track, and how many notes came of it."""
    notes, factors = score.notes(), score.factors
    counts = notes["part"].value_counts()
    parts = ", ".join(f"{counts[part]} for {part}" for part in counts.index)
    return say(
        f"{score.track_id} runs at {factors['tempo']:.0f} beats a minute in {factors['tonic']} "
        f"{factors['mode']}, over the progression {factors['progression']}: "
        f"{len(notes)} notes in {score.seconds:.0f} s ({parts})."
    )


def correlation(vectors: pd.DataFrame) -> Markdown:
    """Name the two features that are most alike, and how many components hold most variance."""
    matrix = vectors.corr().abs().to_numpy(copy=True)
    np.fill_diagonal(matrix, 0)
    i, j = np.unravel_index(matrix.argmax(), matrix.shape)
    variances = np.linalg.eigvalsh(vectors.corr())[::-1]
    needed = int(np.searchsorted(np.cumsum(variances) / variances.sum(), 0.9)) + 1
    names = vectors.columns.str.removesuffix("_mean").str.replace("mfcc", "MFCC ")
    return say(
        f"The strongest correlation is between {names[i]} and {names[j]} "
        f"({vectors.corr().iloc[i, j]:.2f}); {needed} of {len(variances)} principal components "
        "hold 90 % of the variance."
    )


def neighbours(points: np.ndarray, truth: np.ndarray) -> Markdown:
    """Say how often a track's nearest neighbour is of its genre, and how often chance would be."""
    known = truth != ""
    if len(np.unique(truth[known])) < 2:
        return say("Without labels there is nothing to compare the map with.")
    points, truth = points[known], truth[known]
    nearest = NearestNeighbors(n_neighbors=1).fit(points).kneighbors(return_distance=False)[:, 0]
    share = np.mean(truth[nearest] == truth)
    sizes = np.unique(truth, return_counts=True)[1]
    chance = np.sum(sizes * (sizes - 1)) / (len(truth) * (len(truth) - 1))
    return say(
        f"In the full space, {share:.0%} of the tracks have a nearest neighbour of their own "
        f"genre; by chance it would be {chance:.0%}."
    )


def baselines(rows: pd.DataFrame) -> Markdown:
    """Say what the genres' own silhouette tells about the silhouette as a score."""
    kmeans = rows[(rows["algorithm"] == "kmeans") & (rows["representation"] == "raw")]
    ours = statistics.interval(kmeans["silhouette"])
    genres = rows[rows["algorithm"] == "genres"]
    if not len(genres):
        return say(f"k-means reaches a silhouette of {ours}; no labels say whether that is good.")
    theirs = genres["silhouette"].iloc[0]
    chance = statistics.interval(rows.loc[rows["algorithm"] == "random", "purity"])
    return say(
        f"The true genres have a silhouette of {theirs:.3f}, k-means on the same points {ours}: "
        + ("k-means beats the truth in silhouette. " if ours.mean > theirs else "the truth wins. ")
        + f"Random labels already have a purity of {chance}."
    )


def health(name: str, members: pd.DataFrame, latent_dim: int) -> Markdown:
    """Say how much a model's code carries, in numbers and in one word."""
    verdicts = members["verdict"].value_counts()
    words = ", ".join(f"{count} of {len(members)} {word}" for word, count in verdicts.items())
    return say(
        f"At the end the {name} explains {statistics.interval(members['r2'])} of the variance (R²) "
        f"with a KL of {statistics.interval(members['kl'])} nats in "
        f"{members['active_units'].mean():.1f} active units out of {latent_dim}. "
        f"Verdict over the seeds: {words}."
    )


def duel(rows: pd.DataFrame, score: str, a: str, *others: str) -> Markdown:
    """Say whether one representation beats others under k-means, seed by seed.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows of `lib.results`.
    score : str
        A column of ``rows`` where more is better.
    a, *others : str
        Representations.

    Returns
    -------
    Markdown
        A sentence for each of the others: the difference, its interval, and whether it is inside
        the noise.
    """
    kmeans = rows[rows["algorithm"] == "kmeans"].set_index("representation")[score]
    if kmeans.isna().all():
        return say(f"Without labels there is no {SCORE_NAMES[score]}, and no winner to name.")
    sentences = []
    for b in others:
        first, second = kmeans[[a]].to_numpy(), kmeans[[b]].to_numpy()
        difference, clear = statistics.compare(first, second)
        if len(first) < 2:
            judgement = "one seed cannot tell whether that is luck"
        elif clear:
            judgement = f"{_name(a if difference.mean > 0 else b)} is ahead beyond the seeds' luck"
        else:
            judgement = "a difference inside the noise"
        sentences.append(
            f"In {score_name(score)}, {_name(a)} minus {_name(b)} is {difference}: {judgement}."
        )
    return say(*sentences)


def noise(points: pd.DataFrame) -> Markdown:
    """Name the spaces that stand highest above noise of their own shape, and lowest."""
    excess = points["silhouette"] - points["noise"]
    ranked = points.assign(excess=excess).sort_values("excess", ascending=False)
    best, worst = ranked.iloc[0], ranked.iloc[-1]
    return say(
        f"Against noise of its own shape, {best['method']} stands highest ({best['excess']:+.3f}), "
        f"{worst['method']} lowest ({worst['excess']:+.3f}). By silhouette alone the winner would "
        f"be {points.loc[points['silhouette'].idxmax(), 'method']}."
    )


def clusters(truth: np.ndarray, labels: np.ndarray) -> Markdown:
    """Name the genre that is found best, and the one that is spread most."""
    placed = labels >= 0
    table = pd.crosstab(truth[placed & (truth != "")], labels[placed & (truth != "")])
    if len(table) < 2:
        sizes = np.bincount(labels[placed])
        return say(f"The clusters hold from {sizes.min()} to {sizes.max()} tracks.")
    share = (table.max(axis=1) / table.sum(axis=1)).sort_values()
    return say(
        f"The genre kept together best is {share.index[-1]} ({share.iloc[-1]:.0%} of it in one "
        f"cluster), the one spread most is {share.index[0]} ({share.iloc[0]:.0%})."
    )


def words(table: pd.DataFrame) -> Markdown:
    """Say how many tracks have words, in which languages, and where they come from."""
    sources = table["source"].value_counts()
    sung = table[table["source"].isin(text.SUNG)]
    if not len(sung):
        return say(
            "No track of this corpus has lyrics or a transcript, so the rows that need words are "
            "absent below. A folder of lyrics beside the audio would bring them back."
        )
    languages = sung["language"].replace(LANGUAGES).value_counts()
    listed = ", ".join(f"{count} in {language}" for language, count in languages.items())
    return say(
        f"{len(sung)} of {len(table)} tracks have words that are sung ({listed}); for the others "
        f"there is at most a name ({sources.get('metadata', 0)}) or nothing "
        f"({sources.get('none', 0)})."
    )


def exactness(n_tracks: int) -> Markdown:
    """Say which algorithms had to approximate with so many tracks, and how."""
    notes = [
        f"{ALGORITHM_NAMES[name]} {note}"
        for name, algorithm in clustering.ALGORITHMS.items()
        if (note := algorithm.note(n_tracks))
    ]
    return say(
        "Some algorithms are approximate with so many tracks: " + "; ".join(notes) + "."
        if notes
        else f"With {n_tracks} tracks, no algorithm had to approximate for their number."
    )


def problems(rows: pd.DataFrame) -> Markdown:
    """Name the partitions that have no geometry to score, and say why."""
    shapes = comparison.partitions(rows).groupby("method", sort=False)
    found = shapes[["n_clusters", "noise_fraction"]].mean()
    reasons = {
        method: clustering.problem(shape.n_clusters, shape.noise_fraction)
        for method, shape in found.iterrows()
    }
    listed = [f"{method}: {reason}" for method, reason in reasons.items() if reason]
    if not listed:
        return say("Each of these partitions has at least two clusters.")
    return say("Not scored by their geometry, for every seed: " + "; ".join(listed) + ".")


def ranking(table: pd.DataFrame, score: str) -> Markdown:
    """Name the best method, and how many cannot be told from it by their intervals."""
    if not len(table):
        return say(f"Without labels there is no {SCORE_NAMES[score]} to rank methods by.")
    best = table.iloc[0]
    value = statistics.Interval(best["mean"], best["low"], best["high"])
    head = f"By {SCORE_NAMES[score]} the best of {len(table)} methods is {best['method']} ({value})"
    if np.isnan(best["low"]):
        return say(f"{head}; one seed cannot tell whether it is better than the next.")
    close = (table["high"].fillna(table["mean"]) >= best["low"]).sum() - 1
    return say(
        f"{head}; the intervals of {number(close)} other{'s' * (close != 1)} reach into its own. "
        "The best of so many is flattered by the choice itself."
    )


def added(table: pd.DataFrame, what: str) -> Markdown:
    """Say how often something helped, how often it hurt, and how often it made no difference.

    Parameters
    ----------
    table : DataFrame
        As from `lib.comparison.differences`.
    what : str
        What was changed: the subject of the sentence.
    """
    if not len(table):
        return say(f"Whether {what} helps cannot be said here.")
    fixed = table["p"].isna()
    gains = table[table["clear"] & (table["mean"] > 0)]
    losses = table[table["clear"] & (table["mean"] < 0)]
    within = len(table) - len(gains) - len(losses) - fixed.sum()
    parts = [
        f"After correction for their number, {what} helped in {len(gains)} of {len(table)} "
        f"comparisons, hurt in {len(losses)}, and made no difference beyond the noise in {within}."
    ]
    if fixed.any():
        means = table.loc[fixed, "mean"]
        parts.append(
            f"The other {fixed.sum()} cannot be judged by seeds, since nothing varies with them; "
            f"their differences lie between {means.min():+.3f} and {means.max():+.3f}."
        )
    for group, verb in ((gains.nlargest(1, "mean"), "gain"), (losses.nsmallest(1, "mean"), "loss")):
        for row in group.itertuples():
            parts.append(f"The largest clear {verb} is {row.mean:+.3f} ({row.name}).")
    return say(*parts)


def genres_apart(together: Mapping[str, pd.Series]) -> Markdown:
    """Name the genres that words help most and hurt most.

    Parameters
    ----------
    together : mapping of str to Series
        By the name of the representation, the share of each genre in its best cluster: first that
        of sound alone, then those of sound with words.
    """
    (_, before), *others = together.items()
    if not others or len(before) < 2:
        return say("Without words, or without genres, there is nothing to compare.")
    said = []
    for name, after in others:
        change = (after - before).sort_values()
        said.append(
            f"With {NAMES[name].removeprefix('Sound + ')}, that share changes most for "
            f"{change.index[-1]} ({100 * change.iloc[-1]:+.0f} points) and for {change.index[0]} "
            f"({100 * change.iloc[0]:+.0f} points), means over seeds."
        )
    return say(*said)


def language(agreement: pd.DataFrame) -> Markdown:
    """Say in which space clusters follow the language more than the genre."""
    if not len(agreement):
        return say("Fewer than two languages are known here, so no cluster can follow one.")
    top = agreement["language"].idxmax()
    most = f"Clusters agree with the language most in {top} (AMI {agreement['language'][top]:.3f})."
    if "genre" not in agreement:
        return say(most)
    follow = agreement.index[agreement["language"] > agreement["genre"]]
    return say(most, f"They follow it more than the genre in {', '.join(follow) or 'no space'}.")


def why(given: Sequence[float], learned: Sequence[float], rows: pd.DataFrame) -> Markdown:
    """Say what the VAE's code has kept of the genre, and what k-means makes of that.

    Parameters
    ----------
    given, learned : sequence of float
        Accuracy of a linear reader of the genre in the raw features and in each seed's code.
    rows : DataFrame
        Tidy rows.
    """
    if np.isnan(given).any() or np.isnan(learned).any():
        return say("Without labels it cannot be said what the model lost.")
    before, after = statistics.interval(given), statistics.interval(learned)
    lost, clear = statistics.compare(np.full(len(learned), before.mean), learned)
    scores = rows[rows["algorithm"] == "kmeans"].set_index("representation")
    gap, gap_clear = statistics.compare(scores["ami"][["vae"]], scores["ami"][["raw"]])
    kept = statistics.interval(scores["r2"][["vae"]])
    return say(
        f"A linear reader names the genre with a balanced accuracy of {before} from the raw "
        f"features and of {after} from the VAE's code, which keeps {kept} of the features' "
        f"variance (R²). Information about genre lost on the way: {lost}, "
        + ("beyond" if clear else "not beyond")
        + f" the noise of the seeds. k-means on the code differs by {gap} AMI from k-means on the "
        "features, " + ("beyond" if gap_clear else "not beyond") + " the noise."
    )


def _name(representation: str) -> str:
    name = NAMES.get(representation, representation)
    return name if name.isupper() else f"the {name.lower()}"


def told(readings: pd.DataFrame) -> Markdown:
    """Say whether conditional models leave out of their code what they were told.

    Parameters
    ----------
    readings : DataFrame
        From `lib.contest.readings`.
    """
    said = []
    for fact, group in readings.groupby("fact", sort=False):
        with_it, without = (statistics.interval(group[name]) for name in ("told", "untold"))
        difference, clear = statistics.compare(group["told"], group["untold"])
        verdict = "a difference inside the noise"
        if clear:
            verdict = (
                "so it leaves it out" if difference.mean < 0 else "so it does not leave it out"
            )
        said.append(
            f"A linear reader finds the {fact} in the code of the CVAE that was told it with an "
            f"accuracy of {with_it}, in that of the plain VAE with {without} (chance is "
            f"{group['chance'].iloc[0]:.2f}): {verdict}."
        )
    return say(
        *said or ["Neither two languages nor two genres are known here: no CVAE was trained."]
    )


def tried(table: pd.DataFrame) -> Markdown:
    """Say which idea is chosen without labels, what it reaches, and what labels would have chosen.

    Parameters
    ----------
    table : DataFrame
        From `lib.ideas.ideas`.
    """
    chosen, best = ideas.choose(table), ideas.oracle(table)
    agreement = table.pivot(index="seed", columns="idea", values="agreement")
    means = agreement.loc[:, [i for i in agreement if ideas.IDEAS[i].family]].mean()
    second = means.drop(chosen).idxmax()
    lead, clear = statistics.compare(agreement[chosen], agreement[second])
    said = [
        f"Chosen without labels: {ideas.IDEAS[chosen].text}. Its agreement is ahead of that of the "
        f"next with a VAE in it by {lead}, {'clearly' if clear else 'inside the noise'}."
    ]
    if not best:
        return say(*said, "No labels tell whether that is good.")

    def scores(idea: str) -> str:
        rows = table[table["idea"] == idea]
        named = {score: SCORE_NAMES[score] for score in ("ami", "ari", "nmi", "purity")}
        return ", ".join(f"{n} {statistics.interval(rows[score])}" for score, n in named.items())

    said.append(f"It reaches {scores(chosen)} (k-means on the same features: {scores('kmeans')}).")
    if best == chosen:
        return say(*said, "The labels would have chosen the same.")
    pair = (table.loc[table["idea"] == idea].set_index("seed")["ari"] for idea in (best, chosen))
    difference, clear = statistics.compare(*pair)
    verdict = "a clear difference" if clear else "a difference inside the noise"
    said.append(
        f"The labels would have chosen another: {ideas.IDEAS[best].text} ({scores(best)}), "
        f"{difference} more ARI, {verdict}."
    )
    return say(*said)
