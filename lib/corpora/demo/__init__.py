"""The demo corpus: music that the project composes itself.

Ten caricatures of genres, with lyrics in English and Bangla, and a second split whose generative
factors are independent, as measures of disentanglement want them. All is drawn from a seed and
rendered with NumPy alone.
"""

from pathlib import Path

import numpy as np

from lib.corpora.demo import genres, sound, writing
from lib.corpora.demo.composition import Composition
from lib.corpora.demo.genres import GENRES
from lib.corpora.demo.instruments import RATE
from lib.corpora.demo.sound import stems
from lib.corpora.demo.tables import factor_table, genre_table
from lib.errors import UserError

FACTORS = tuple(genres.FACTORS)

__all__ = [
    "FACTORS",
    "GENRES",
    "RATE",
    "Composition",
    "compose",
    "factor_table",
    "genre_table",
    "render",
    "stems",
    "write_factors",
]


def compose(genre: str, index: int, seed: int = 0, seconds: float = 10.0) -> Composition:
    """Compose a track of a genre: its factors, its notes and its words.

    Parameters
    ----------
    genre : str
        One of `GENRES`.
    index : int
        Which track of the genre; a track does not depend on how many others there are.
    seed : int
        Of all draws; that of the corpus is 0.
    seconds : float
        How long the track is.

    Raises
    ------
    UserError
        Where the genre is unknown.
    """
    if genre not in GENRES:
        raise UserError(f"unknown genre {genre!r}: choose one of {', '.join(GENRES)}")
    return writing.compose("genres", genre, index, seconds, seed)


def render(composition: Composition) -> np.ndarray:
    """Render a composition to sound: float64 in [-1, 1), mono, 22,050 Hz, as in the track's file.

    Parameters
    ----------
    composition : Composition
        As `compose` gives it.
    """
    return sound.pcm(composition) / 32768.0


def write_corpus(
    folder: str | Path, per_genre: int = 30, seconds: float = 10.0, jobs: int | None = None
) -> Path:
    """Write the genre split, with words; else as `write_factors`.

    Makes `audio/<genre>/<track_id>.flac`, `lyrics/<track_id>.txt` (of those tracks that have
    text), `tracks.csv` with every factor, and `corpus.json`.
    """
    return writing.write(Path(folder), "genres", per_genre, seconds, jobs)


def write_factors(
    folder: str | Path, n: int = 500, seconds: float = 5.0, jobs: int | None = None
) -> Path:
    """Write the factors split, unless it is there; mend it where it is damaged.

    Clips whose eight `FACTORS` are uniform and independent and in which all else is held
    still: ground truth for MIG, DCI and SAP. The genre split is not, since there tempo, rhythm
    and instruments depend on the genre. Makes `audio/<track_id>.flac`, `tracks.csv` and
    `corpus.json`, the record by which a later call tells what is whole. Two processes may call it
    at once: one of them writes.

    Parameters
    ----------
    folder : str or Path
        Made where it is absent; files that the corpus did not write are left alone. It is returned.
    n, seconds : int, float
        How many clips, and the length of each, 1 to 60.
    jobs : int, optional
        Processes; by default as many as there are processors, and at most 8.

    Raises
    ------
    UserError
        Where a number makes no corpus, or the folder cannot be written.
    """
    return writing.write(Path(folder), "factors", n, seconds, jobs)
