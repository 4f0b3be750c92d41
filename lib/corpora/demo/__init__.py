"""The demo corpus: music that the project composes itself.

Ten caricatures of genres, with lyrics in English and Bangla, and a second split whose generative
factors are independent, as measures of disentanglement want them. All is drawn from a seed and
rendered with NumPy alone.
"""

from pathlib import Path

import numpy as np

from lib.corpora.demo import files, genres, sound
from lib.corpora.demo.files import VERSION
from lib.corpora.demo.genres import GENRES
from lib.corpora.demo.instruments import RATE
from lib.corpora.demo.scores import Note, Score
from lib.corpora.demo.sound import stems
from lib.corpora.demo.tables import factor_table, genre_table
from lib.errors import UserError

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
    "factor_table",
    "genre_table",
    "render",
    "stems",
    "write_corpus",
    "write_factors",
]


def compose(genre: str, index: int, seed: int = 0, seconds: float = 10.0) -> Score:
    """Compose a track of a genre.

    Parameters
    ----------
    genre : str
        One of `GENRES`.
    index : int
        Which track of the genre; a track does not depend on how many others there are.
    seed : int
        Of the corpus.
    seconds : float
        How long the track is.

    Returns
    -------
    Score
        Its factors, its notes (`Score.notes` gives them as a table) and its words.

    Raises
    ------
    UserError
        Where the genre is unknown.
    """
    if genre not in GENRES:
        raise UserError(f"unknown genre {genre!r}: choose one of {', '.join(GENRES)}")
    return files.compose("genres", genre, index, seed, seconds)


def compose_factors(index: int, seed: int = 0, seconds: float = 5.0) -> Score:
    """Compose a clip of the factors split; parameters and result as of `compose`."""
    return files.compose("factors", "factors", index, seed, seconds)


def render(score: Score) -> np.ndarray:
    """Render a score to sound.

    Parameters
    ----------
    score : Score
        As `compose` gives it.

    Returns
    -------
    ndarray, shape (n_samples,)
        float64 in [-1, 1), mono, 22,050 Hz: exactly what the track's file holds.
    """
    return sound.pcm(score) / 32768.0


def write_corpus(
    folder: str | Path,
    per_genre: int = 30,
    seconds: float = 10.0,
    seed: int = 0,
    jobs: int | None = None,
) -> Path:
    """Write the genre split, unless it is there; mend it where it is damaged.

    Makes `audio/<genre>/<track_id>.flac`, `lyrics/<track_id>.txt` (of those tracks that have
    text), `tracks.csv` with every factor, and `corpus.json`, the record by which a later call
    tells what is whole. Two processes may call it at once: one of them writes.

    Parameters
    ----------
    folder : str or Path
        Where; made where it is absent. Files that the corpus did not write are left alone.
    per_genre : int
        Tracks of each of the ten genres.
    seconds : float
        Length of each, 1 to 60.
    seed : int
        Of all draws: the same seed gives the same samples.
    jobs : int, optional
        Processes; by default as many as there are processors, and at most 8.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UserError
        Where a number makes no corpus.
    """
    return files.write(folder, "genres", per_genre, seconds, seed, jobs)


def write_factors(
    folder: str | Path,
    n: int = 500,
    seconds: float = 5.0,
    seed: int = 0,
    jobs: int | None = None,
) -> Path:
    """Write the factors split, unless it is there; mend it where it is damaged.

    Clips whose eight `FACTORS` are uniform and independent and in which all else is held
    still: ground truth for MIG, DCI and SAP. The genre split is not, since there tempo, rhythm
    and instruments hang on the genre.

    Makes `audio/<track_id>.flac`, `tracks.csv` and `corpus.json`; `n` is the number of clips, the
    other parameters are those of `write_corpus`.
    """
    return files.write(folder, "factors", n, seconds, seed, jobs)
