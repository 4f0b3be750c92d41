"""The demo corpus: music that the project composes itself.

Ten caricatures of genres, with lyrics in English and Bangla, and a second split whose generative factors
are independent, as measures of disentanglement want them. All is drawn from seeds and rendered with NumPy.
"""

from pathlib import Path

import numpy as np

from lib.demo import files, genres, sound
from lib.demo.files import VERSION
from lib.demo.genres import GENRES
from lib.demo.scores import Note, Score
from lib.demo.sound import RATE, stems

FACTORS = tuple(genres.FACTORS)

__all__ = [
    "FACTORS",
    "GENRES",
    "RATE",
    "VERSION",
    "Note",
    "Score",
    "compose",
    "compose_factors",
    "render",
    "stems",
    "write_corpus",
    "write_factors",
]


def compose(genre: str, index: int, seed: int = 0, seconds: float = 10.0) -> Score:
    """Compose track `index` of a genre."""
    if genre not in GENRES:
        raise ValueError(f"unknown genre {genre!r}: choose one of {', '.join(GENRES)}")
    return files.compose("genres", genre, index, seed, seconds)


def compose_factors(index: int, seed: int = 0, seconds: float = 5.0) -> Score:
    """Compose clip `index` of the factors split."""
    return files.compose("factors", "factors", index, seed, seconds)


def render(score: Score) -> np.ndarray:
    """The finished track, mono float64 in [-1, 1) at 22,050 Hz: what its file holds."""
    return sound.pcm(score) / 32768.0


def write_corpus(folder, per_genre=30, seconds=10.0, seed=0, jobs=None) -> Path:
    """Write the genre split, or mend it."""
    return files.write(folder, "genres", per_genre, seconds, seed, jobs)


def write_factors(folder, n=500, seconds=5.0, seed=0, jobs=None) -> Path:
    """Write the factors split, or mend it."""
    return files.write(folder, "factors", n, seconds, seed, jobs)
