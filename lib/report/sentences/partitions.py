"""What was seen, in words computed from the run: a sentence or two after each figure and table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from IPython.display import Markdown

from lib import lyrics
from lib.audio import mfcc as audio
from lib.catalogue import LANGUAGES, SCORES, Method, algorithm, title
from lib.clustering import algorithms as clustering
from lib.corpora import demo
from lib.errors import Missing
from lib.evaluation import comparison, statistics
from lib.report.display import say
from lib.report.wording import listed, number, signed


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


def track(samples: np.ndarray | Missing, name: str) -> Markdown | None:
    """Say how long a track is, how far its level swings, and below which pitch half of it lies.

    Parameters
    ----------
    samples : ndarray, (n_samples,)
        Mono, at `audio.SAMPLE_RATE`.
    name : str
        What the sentence calls it.
    """
    if isinstance(samples, Missing):
        return None
    power = audio.mel_spectrogram(samples)
    level = audio.decibels(power.sum(axis=0), power.sum(axis=0).max())
    quiet, loud = np.percentile(level, [10, 90])
    spectrum = np.cumsum(np.abs(np.fft.rfft(samples)) ** 2)
    middle = np.searchsorted(spectrum, spectrum[-1] / 2) * audio.SAMPLE_RATE / len(samples)
    return say(
        f"{name} lasts {len(samples) / audio.SAMPLE_RATE:.1f} s. Half of its power lies below "
        f"{middle:.0f} Hz; between its quiet and its loud moments (a tenth and nine tenths of the "
        f"frames are quieter) lie {loud - quiet:.0f} dB."
    )


def composition(track: demo.Composition) -> Markdown:
    """Say what was drawn for a composed track, and how many notes came of it."""
    notes, factors = track.notes(), track.factors
    counts = notes["part"].value_counts()
    parts = ", ".join(f"{counts[part]} for {part}" for part in counts.index)
    return say(
        f"{track.track_id} runs at {factors['tempo']:.0f} beats a minute in {factors['tonic']} "
        f"{factors['mode']}, over the progression {factors['progression']}: "
        f"{len(notes)} notes in {track.seconds:.0f} s ({parts})."
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
        "hold 90% of the variance."
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


def settled(histories: Mapping[str, pd.DataFrame]) -> Markdown:
    """Say how much the losses still moved at the end of training.

    Parameters
    ----------
    histories : mapping of str to DataFrame
        By the name of the network, as `lib.training.Ensemble.history`.
    """
    said = []
    for name, history in histories.items():
        means = history.groupby("epoch")[["total", "kl"]].mean()
        if len(means) < 2:
            return say("After a single epoch it cannot be said how much the losses still move.")
        before, end = means.iloc[-1 - max(1, len(means) // 10)], means.iloc[-1]
        change = f"by {end['total'] / before['total'] - 1:+.1%} for the {name}"
        if before["kl"] > 0:  # an autoencoder has none
            change += f" (its KL by {end['kl'] / before['kl'] - 1:+.1%})"
        said.append(change)
    return say(
        f"Over the last tenth of the epochs the loss changed {listed(said)}, means over seeds."
    )


def rebuilt(images: np.ndarray | Missing, reconstructions: np.ndarray) -> Markdown | None:
    """Say what share of the variance of images a network gives back, of all and of each row.

    Parameters
    ----------
    images, reconstructions : ndarray, (n_tracks, n_mfcc, n_frames)
        Before and after.
    """
    if isinstance(images, Missing):
        return None
    error = np.square(images - reconstructions).sum(axis=(0, 2))
    variance = np.square(images - images.mean(axis=0)).sum(axis=(0, 2))
    rows = 1 - error / variance
    return say(
        f"Of the variance of all images, {1 - error.sum() / variance.sum():.0%} is rebuilt: most "
        f"of coefficient {rows.argmax() + 1} ({rows.max():.0%}), least of coefficient "
        f"{rows.argmin() + 1} ({rows.min():.0%})."
    )


def duel(rows: pd.DataFrame, score: str, a: str, *others: str) -> Markdown:
    """Say whether one representation beats others under k-means, by paired t-tests over seeds.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows of `lib.report.results`.
    score : str
        A column of ``rows`` where more is better.
    a, *others : str
        Representations.

    Returns
    -------
    Markdown
        A sentence for each of the others: the difference, its interval, and whether it is inside
        the noise after Holm's correction for their number.
    """
    kmeans = rows[rows["algorithm"] == "kmeans"].set_index("representation")[score]
    if kmeans.isna().all():
        return say(f"Without labels there is no {SCORES[score].title}, and no winner to name.")
    first, seconds = kmeans[[a]].to_numpy(), {b: kmeans[[b]].to_numpy() for b in others}
    p_values = statistics.holm([statistics.p_value(first, second) for second in seconds.values()])
    sentences = []
    for (b, second), p in zip(seconds.items(), p_values, strict=True):
        difference = statistics.interval(first - second)
        if len(first) < 2:
            judgement = "one seed cannot tell whether that is luck"
        elif p < 0.05:
            judgement = f"{Method(a if difference.mean > 0 else b).space_noun} is ahead beyond the seeds' luck"
        elif difference.low > 0 or difference.high < 0:
            judgement = "not beyond the noise of so many comparisons"
        else:
            judgement = "a difference inside the noise"
        sentences.append(
            f"In {SCORES[score].noun}, {Method(a).space_noun} minus {Method(b).space_noun} is {difference}: {judgement}."
        )
    return say(*sentences)


def leaders(rows: pd.DataFrame, scores: Sequence[str]) -> Markdown:
    """Name the space that leads under k-means by each score.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows of `lib.report.results`.
    scores : sequence of str
        Columns of ``rows`` where more is better.
    """
    kmeans = rows[rows["algorithm"] == "kmeans"]
    means = kmeans.groupby("representation", sort=False)[list(scores)].mean()
    led: dict[str, list[str]] = {}
    for score, leader in means.dropna(axis=1, how="all").idxmax().items():
        led.setdefault(leader, []).append(SCORES[score].noun)
    said = [
        f"{listed(names)} put{'s' * (len(names) == 1)} {Method(leader).space_noun} first"
        for leader, names in led.items()
    ]
    return say(f"Under k-means, {'; '.join(said)}.")


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
    sung = table[table["source"].isin(lyrics.SUNG)]
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


def exactness(n_tracks: int) -> Markdown | None:
    """Say which algorithms had to approximate with so many tracks, and how; nothing where none."""
    notes = [
        f"{algorithm(name).title} {note}"
        for name, one in clustering.ALGORITHMS.items()
        if (note := one.note(n_tracks))
    ]
    if not notes:
        return None
    return say(f"Some algorithms are approximate with {n_tracks:,} tracks: {'; '.join(notes)}.")


def problems(rows: pd.DataFrame) -> Markdown:
    """Name the partitions that have no geometry to score, and say why."""
    found = comparison.partitions(rows).groupby(["algorithm", "method"], sort=False)
    shapes = found[["n_clusters", "noise_fraction"]].mean().reset_index()
    said = []
    for key, shape in shapes.groupby("algorithm", sort=False):
        noise = shape.loc[shape["n_clusters"].isin([0, 1]), "noise_fraction"]
        if len(noise):
            said.append(
                f"{algorithm(key).title} finds no two clusters in {len(noise)} of "
                f"{len(shape)} spaces ({noise.min():.0%} to {noise.max():.0%} noise)"
            )
    if not said:
        return say("Each of these partitions has at least two clusters.")
    return say(f"No geometry to score, for every seed: {'; '.join(said)}.")


def ranking(table: pd.DataFrame, score: str) -> Markdown:
    """Name the best method, and how many cannot be told from it by their intervals."""
    if not len(table):
        return say(f"Without labels there is no {SCORES[score].title} to rank methods by.")
    best = table.iloc[0]
    value = statistics.Interval(best["mean"], best["low"], best["high"])
    head = f"By {SCORES[score].noun} the best of {len(table)} methods is {best['method']} ({value})"
    if np.isnan(best["low"]):
        return say(f"{head}; one seed cannot tell whether it is better than the next.")
    close = int((table["high"].fillna(table["mean"]) >= best["low"]).sum()) - 1
    return say(
        f"{head}; the intervals of {number(close)} other{'s' * (close != 1)} reach into its own. "
        "The best of so many is flattered by the choice itself."
    )


def added(table: pd.DataFrame, what: str) -> Markdown:
    """Say how often something helped, how often it hurt, and how often it made no difference.

    Parameters
    ----------
    table : DataFrame
        As from `lib.evaluation.comparison.differences`.
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
            f"With {title(name).removeprefix('Sound + ')}, that share changes most for "
            f"{change.index[-1]} ({100 * change.iloc[-1]:+.0f} points) and for {change.index[0]} "
            f"({100 * change.iloc[0]:+.0f} points), means over seeds."
        )
    return say(*said)


def tried(rows: pd.DataFrame, summary: pd.DataFrame) -> Markdown | None:
    """Say which idea is chosen without labels, what it reaches, and what labels would have chosen.

    Parameters
    ----------
    rows, summary : DataFrame
        From `lib.study.pipelines`: scores by seed, and over seeds.
    """
    if not len(rows):
        return None
    texts, best_by = summary["what"], summary["best by"]
    chosen = best_by.index[best_by.str.contains("agreement")][0]
    agreement, ami = (
        rows.pivot(index="seed", columns="pipeline", values=v) for v in ("agreement", "ami")
    )
    family = rows.loc[rows["family"].astype(bool), "pipeline"].unique()
    means = agreement[family].mean()
    lead = statistics.compare(agreement[chosen], agreement[means.drop(chosen).idxmax()])
    said = [
        f"Chosen without labels: {texts[chosen]}. Its agreement is ahead of that of the "
        f"next with a VAE in it by {lead}, {'clearly' if lead.clear else 'inside the noise'}."
    ]
    if rows["ami"].isna().all():
        return say(*said, "No labels tell whether that is good.")
    best = best_by.index[best_by.str.endswith("labels")][0]
    rival = best_by.index[best_by.str.contains("no network")][0]

    def scores(idea: str) -> str:
        own = rows[rows["pipeline"] == idea]
        named = {score: SCORES[score].title for score in ("ami", "ari", "nmi", "purity")}
        return ", ".join(f"{n} {statistics.interval(own[score])}" for score, n in named.items())

    def ahead(first: str, second: str) -> str:
        difference = statistics.compare(ami[first], ami[second])
        judged = "a clear difference" if difference.clear else "inside the noise"
        return f"{signed(difference)}, {judged if len(ami) > 1 else 'which one seed cannot judge'}"

    said.append(
        f"It reaches {scores(chosen)}; {texts['kmeans']}, the plainest of all, {scores('kmeans')}. "
        f"Of the ideas without a network, the labels like {texts[rival]} best ({scores(rival)}). "
        f"In AMI, the chosen one minus this one is {ahead(chosen, rival)}."
    )
    if best == chosen:
        return say(*said, "Among the ideas with a VAE, labels would have chosen the same.")
    said.append(
        f"Among the ideas with a VAE, labels would have chosen another: {texts[best]} "
        f"({scores(best)}). In AMI, it minus the chosen one is {ahead(best, chosen)}."
    )
    return say(*said)
