"""What the lyrics of a cluster say more often than others."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy import stats

LEVEL = 0.95  # that no word is named by chance, of all words of a cluster together
MIN_TRACKS = 3  # that a word must occur in
N_WORDS = 6


def distinctive_words(
    words: Sequence[Sequence[str]], inside: np.ndarray, languages: Sequence[str]
) -> list[str]:
    """Name the words that a cluster's lyrics have more often than others in the same language.

    By the log-odds ratio with an informative Dirichlet prior: the prior has the frequencies of all
    lyrics of the language, so that words that are frequent everywhere say nothing, and a cluster
    of one language is not told by its articles. A track counts a word once, since a chorus that
    comes back is no new evidence. Named are words of at least three tracks whose z-score passes,
    after Bonferroni's correction, what chance gives in 1 of 20 clusters; the highest first.
    """
    found: dict[str, float] = {}
    for language in sorted(set(languages)):
        ours, others = Counter(), Counter()
        for track, own, spoken in zip(words, inside, languages, strict=True):
            if spoken == language:
                (ours if own else others).update(set(track))
        vocabulary = sorted(w for w in ours | others if ours[w] + others[w] >= MIN_TRACKS)
        counts = np.array([[count[w] for w in vocabulary] for count in (ours, others)], float)
        if len(vocabulary) > 1 and counts.sum(axis=1).all():
            line = stats.norm.ppf(1 - (1 - LEVEL) / len(vocabulary))
            scores = zip(vocabulary, log_odds(*counts), strict=True)
            found |= {word: z for word, z in scores if z > max(line, found.get(word, 0))}
    return sorted(found, key=lambda word: (-found[word], word))[:N_WORDS]


def log_odds(ours: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return z-scores of log-odds ratios of words by their counts, positive where ours are ahead.

    The counts of both together are the Dirichlet prior, which weighs as much as the smaller of the
    two (Monroe, Colaresi and Quinn, Fightin' Words, Political Analysis 16(4), 2008).
    """
    both = ours + others
    prior = both / both.sum() * min(ours.sum(), others.sum())

    def logit(counts: np.ndarray) -> np.ndarray:
        posterior = counts + prior
        return np.log(posterior / (posterior.sum() - posterior))

    variance = 1 / (ours + prior) + 1 / (others + prior)
    return (logit(ours) - logit(others)) / np.sqrt(variance)


class _Letters(dict):
    """For `str.translate`: letters, the marks that belong to them, and apostrophes stay."""

    def __missing__(self, code: int) -> str:
        letter = unicodedata.category(chr(code))[0] in "LM" or chr(code) in "'\u2019"
        return self.setdefault(code, chr(code) if letter else " ")


_LETTERS = _Letters()


def tokens(text: str) -> list[str]:
    """Split a text into its words, in lower case: runs of letters with their marks, any script."""
    words = (word.strip("'\u2019") for word in text.lower().translate(_LETTERS).split())
    return [word for word in words if len(word) > 1]
