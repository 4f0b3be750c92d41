"""A corpus: which tracks there are, where their audio and lyrics lie, what is known of them."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from lib import ROOT
from lib.catalogue import CORPORA
from lib.corpora import demo, fma, gtzan
from lib.errors import UserError
from lib.files import walk

COLUMNS = ("track_id", "path", "genre", "language", "title", "artist", "duration", "source")
AUDIO_SUFFIXES = frozenset(".wav .au .flac .mp3 .ogg .oga .opus .aif .aiff".split())
_OTHER_SUFFIXES = frozenset(".m4a .aac .wma .mp4 .mka .ape .wv".split())


@dataclass(frozen=True)
class Corpus:
    """Tracks and what is known of them.

    Attributes
    ----------
    name : str
        Short name, also that of its folder under ``results/``.
    tracks : DataFrame
        One row per track: ``track_id`` (unique), ``path`` of its audio (empty where there is only a
        feature table), ``genre``, ``language``, ``title``, ``artist`` (empty where unknown),
        ``duration`` in seconds, ``source``, then whatever factors are known.
    table : DataFrame or None
        Features that came instead of audio, indexed by ``track_id``.
    notes : tuple of str
        What was left out and why, a sentence each.
    """

    name: str
    tracks: pd.DataFrame
    table: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

    @property
    def genres(self) -> list[str]:
        """The genres in alphabetical order; none where the tracks carry no labels."""
        return sorted(set(self.tracks["genre"]) - {""})

    @property
    def labelled(self) -> bool:
        """Whether there are labels to score a partition against."""
        return len(self.genres) > 1

    @property
    def summary(self) -> str:
        """One line: how many tracks, genres and hours, and what was left out."""
        what = "track" if len(self.tracks) == 1 else "tracks"
        what += "" if self.table is None else " (as a feature table, no audio)"
        genres = f"{len(self.genres)} genres" if self.labelled else "no genre labels"
        hours = self.tracks["duration"].sum() / 3600
        counts = f"{self.name}: {len(self.tracks)} {what}, {genres}, {hours:.2f} h."
        return " ".join([counts, *self.notes])


def load(name: str, data_dir: str | Path = "") -> Corpus:
    """Load a corpus by its name, or any folder of music by its path.

    Parameters
    ----------
    name : str
        ``demo`` (composed at first use), ``gtzan`` (its audio, or its feature table where no audio
        lies), ``gtzan_table`` (the table even so), ``fma`` (what there is of it), or the path of a
        folder of music.
    data_dir : str or Path
        Where corpora lie; else ``$MUSIC_DATA``, else the project's ``data/``. A relative path is
        looked for from here, then from the project.

    Returns
    -------
    Corpus
        At least one track, in the order of ``track_id``.

    Raises
    ------
    UserError
        When there is no such corpus, or no music in it; the message says where was looked.
    """
    data = data_folder(data_dir)
    if name == "demo":
        return _demo(data)
    if name in ("gtzan", "gtzan_table"):
        return _gtzan(name, data)
    if name == "fma":
        return _fma(data)
    folder = Path(os.path.expanduser(name))
    if name.strip() and os.path.isdir(folder):  # an empty path would mean the current folder
        return _folder(folder.resolve())
    raise UserError(
        f"there is no corpus {name!r}: choose {', '.join(CORPORA)}, or the path of a folder"
    )


def data_folder(given: str | Path = "") -> Path:
    """Return the absolute path of the folder where corpora are looked for.

    Parameters
    ----------
    given : str or Path
        As `load` takes it.

    Raises
    ------
    UserError
        When there is no such folder.
    """
    path = Path(os.path.expanduser(given or os.environ.get("MUSIC_DATA") or ROOT / "data"))
    if not path.is_dir():
        path = ROOT / path
    if not path.is_dir():
        raise UserError(f"the data folder {given or path} does not exist: name one that does")
    return path.resolve()


def _demo(data: Path) -> Corpus:
    """Return the demo corpus, composing it into the project's ``data/`` if it is nowhere."""
    home = data if (data / "demo" / "tracks.csv").exists() else ROOT / "data"
    folder = demo.write_corpus(home / "demo")
    tracks = pd.read_csv(folder / "tracks.csv", keep_default_na=False)
    tracks["path"] = [str(folder / path) for path in tracks["path"]]
    return Corpus("demo", _complete(tracks.assign(source="demo")))


def _gtzan(name: str, data: Path) -> Corpus:
    audio = gtzan.find_audio(data) if name == "gtzan" else []
    table = None if audio else gtzan.find_table(data)
    if audio:
        tracks = _with_durations(gtzan.tracks(audio))
    elif table:
        tracks, features = gtzan.read_table(table)
    else:
        raise UserError(
            f"no GTZAN under {data}: put the folder of genres (or {gtzan.TABLES[0]}) into "
            f"{data / 'gtzan'}, or name another place with MUSIC_DATA"
        )
    tracks, notes = gtzan.without_faults(tracks)
    if tracks.empty:
        raise UserError(f"of GTZAN there are only repeated or faulty tracks under {data}")
    features = features.loc[tracks["track_id"]] if table else None
    return Corpus(name, _complete(tracks), features, notes)


def _fma(data: Path) -> Corpus:
    files, metadata = fma.find(data)
    if not files:
        raise UserError(
            f"no FMA under {data}: put fma_small (000/000002.mp3 ...) and fma_metadata into "
            f"{data / 'fma'}, name another place with MUSIC_DATA, or run make fetch CORPUS=fma"
        )
    tracks, notes = fma.tracks(files, metadata)
    return Corpus("fma", _complete(tracks), notes=notes)


def _folder(folder: Path) -> Corpus:
    """Read any folder of music: its sub-folders, if it has any, are the genres.

    A folder that alone holds all of them, such as ``audio``, says nothing: its sub-folders do.
    """
    found = list(walk(folder))
    music = sorted(p for p in found if p.suffix.lower() in AUDIO_SUFFIXES)
    files = [p for p in music if _is_text(str(p))]
    notes = []
    if strange := len(music) - len(files):
        notes.append(f"Left out for names in no known encoding: {strange}.")
    if other := sum(p.suffix.lower() in _OTHER_SUFFIXES for p in found):
        notes.append(f"Left out for formats that cannot be read here: {other}.")
    if not files:
        kinds = ", ".join(sorted(AUDIO_SUFFIXES))
        raise UserError(f"no music in {folder}: it holds no file that ends in {kinds}")
    names = [p.relative_to(folder) for p in files]
    while all(len(name.parts) > 2 for name in names) and len({n.parts[0] for n in names}) == 1:
        names = [name.relative_to(name.parts[0]) for name in names]
    stems = [str(name.with_suffix("")) for name in names]
    times = Counter(stems)
    tracks = pd.DataFrame(
        {
            # two files that differ in their ending only are still two tracks
            "track_id": [
                stem if times[stem] == 1 else str(name)
                for stem, name in zip(stems, names, strict=True)
            ],
            "path": [str(p) for p in files],
            "genre": [name.parts[0] if len(name.parts) > 1 else "" for name in names],
            "title": [p.stem for p in files],
            "source": str(folder),
        }
    )
    return Corpus(folder.name, _complete(_with_durations(tracks)), notes=tuple(notes))


def _is_text(name: str) -> bool:
    """Tell whether a file's name is text; on Unix it need not be, and comes with surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _with_durations(tracks: pd.DataFrame) -> pd.DataFrame:
    """Add the durations that the files' headers tell; NaN where a header cannot be read."""

    def seconds(path: str) -> float:
        try:
            return soundfile.info(path).duration
        except (soundfile.LibsndfileError, OSError):
            return np.nan

    with ThreadPoolExecutor(8) as pool:
        return tracks.assign(duration=list(pool.map(seconds, tracks["path"])))


def _complete(tracks: pd.DataFrame) -> pd.DataFrame:
    """Give the table all of its columns, in their order, and sort it by ``track_id``."""
    missing = (c for c in COLUMNS if c not in tracks)
    tracks = tracks.assign(**{c: np.nan if c == "duration" else "" for c in missing})
    factors = [c for c in tracks if c not in COLUMNS]
    return tracks[[*COLUMNS, *factors]].sort_values("track_id", ignore_index=True)
