"""The words of a track, and where they come from.

What was written down goes before what a machine heard, and either before what only names the track:

    lyrics        ``lyrics/<track_id>.txt``, else ``lyrics/lyrics.csv`` or ``lyrics/lyrics.json``
    genius        ``lyrics/genius/<track_id>.json``, as Genius has them
    transcript    ``lyrics/transcript/<track_id>.json``, as Whisper hears them
    metadata      title, artist and tags of the track
    none          nothing of all this
"""

from __future__ import annotations

import json
import re
import unicodedata
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from lib import ROOT
from lib.catalogue import CORPORA
from lib.corpora import data_folder
from lib.errors import UserError
from lib.lyrics import records

SOURCES = ("lyrics", "genius", "transcript", "metadata", "none")
SUNG = SOURCES[:3]
"""The sources that hold what is sung, and not only what the track is called."""

_Entry = dict[str, str]  # text, language, source
_HEADER = re.compile(r"^[ \t]*[\[【][^\[\]【】\n]{1,80}[\]】][ \t]*$", re.MULTILINE)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_NO_NAMES = frozenset(("", "unknown", "untitled", "none", "nan"))


def folder(name: str, data_dir: str | Path = "") -> Path:
    """Return ``<data>/<corpus>/lyrics``, whether there is any or not.

    Parameters
    ----------
    name, data_dir
        As `lib.corpora.load` takes them; in a folder of music it is the folder ``lyrics``.
    """
    if name not in CORPORA:
        return Path(name).expanduser().resolve() / "lyrics"
    data = data_folder(data_dir)
    if name == "demo" and not (data / "demo" / "tracks.csv").exists():
        data = ROOT / "data"  # where it composes itself
    return data / name.removesuffix("_table") / "lyrics"


def load(tracks: pd.DataFrame, folder: str | Path) -> pd.DataFrame:
    """Find the words of each track.

    Parameters
    ----------
    tracks : DataFrame
        Of a corpus: ``track_id``, and where known ``title``, ``artist``, ``tags``, ``language``.
    folder : str or Path
        Where the lyrics lie; it need not exist. A table in it has the columns ``track_id`` and
        ``text``, and may have ``language`` and ``source`` (lyrics where not said: set it to
        transcript for what a machine heard). Its identifiers may lack leading zeros.

    Returns
    -------
    DataFrame
        One row per track, in the order of ``tracks``: ``track_id``; ``text``, empty where there
        is none; ``language`` of the words as their source has it, else as the corpus has it, empty
        where unknown; ``source``, one of `SOURCES`. Those in `SUNG` hold what is sung; the text of
        metadata is what the track is called.

    Raises
    ------
    UserError
        When a table cannot be read or lacks a column. A file of a single track that cannot be read
        costs its track alone, and is named in a warning.
    """
    folder = Path(folder)
    table = _tables(folder)
    rows = []
    for track in tracks.to_dict("records"):
        track_id = track["track_id"]
        found = [(_file(folder / f"{track_id}.txt"), "lyrics")]
        if listed := table.get(track_id) or table.get(_number(track_id)):
            found.append((listed, listed["source"] or "lyrics"))
        for source in ("genius", "transcript"):
            found.append((_entry(records.read(folder / source, track_id) or {}), source))
        found.sort(key=lambda pair: SOURCES.index(pair[1]))
        found.append((_metadata(track), "metadata"))
        entry, source = next(((e, s) for e, s in found if e["text"]), (_entry({}), "none"))
        language = entry["language"] or (track.get("language", "") if source in SUNG else "")
        rows.append((track_id, entry["text"], language, source))
    return pd.DataFrame(rows, columns=["track_id", "text", "language", "source"])


def coverage(table: pd.DataFrame) -> pd.DataFrame:
    """Count the tracks by where their words come from, one row per source that occurs.

    Columns: ``source``, ``tracks``, ``share`` of all tracks, ``words`` (the median of a track),
    ``languages`` with their counts.

    Parameters
    ----------
    table : DataFrame
        As `load` gives it.
    """
    rows = []
    for source in SOURCES:
        own = table[table["source"] == source]
        if len(own):
            words = float(np.median([len(text.split()) for text in own["text"]]))
            languages = own.loc[own["language"] != "", "language"].value_counts()
            counts = ", ".join(f"{name} {n}" for name, n in languages.items())
            rows.append((source, len(own), len(own) / len(table), words, counts))
    return pd.DataFrame(rows, columns=["source", "tracks", "share", "words", "languages"])


def clean(text: str) -> str:
    """Bring lyrics into one form.

    In Unicode's composed form (so that each letter of Bangla is written one way), without invisible
    characters, headers such as ``[Verse 1]``, spaces around lines, or two empty lines in a row.
    """
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text.replace("\r\n", "\n")))
    text = "\n".join(" ".join(line.split()) for line in _HEADER.sub("", text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _entry(given: Mapping) -> _Entry:
    return {
        "text": clean(str(given.get("text") or "")),
        "language": str(given.get("language") or "").strip().lower(),
        "source": str(given.get("source") or "").strip().lower(),
    }


def _number(track_id: str) -> str:
    """Return an identifier as a spreadsheet leaves it: a number without leading zeros."""
    return track_id.lstrip("0") if track_id.isdigit() else track_id


def _file(path: Path) -> _Entry:
    try:
        return _entry({"text": path.read_text("utf-8-sig")})
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        warnings.warn(f"{path} cannot be read and is left out: {reason}", stacklevel=3)
    return _entry({})


def _tables(folder: Path) -> dict[str, _Entry]:
    """Read ``lyrics.csv`` and ``lyrics.json``: the entry of each track, by both its names."""
    found: dict[str, _Entry] = {}
    for path, read in ((folder / "lyrics.csv", _csv), (folder / "lyrics.json", _json)):
        if not path.exists():
            continue
        try:
            records = read(path)
        except (OSError, ValueError) as error:  # pandas and json raise kinds of ValueError
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UserError(f"{path} cannot be read: {reason}") from None
        for record in records:
            if not isinstance(record, Mapping) or not {"track_id", "text"} <= set(record):
                raise UserError(f"{path} must have track_id and text for each track")
            if isinstance(record["text"], list | dict):
                raise UserError(f"{path}: the text of track {record['track_id']} is not a text")
            track_id, entry = str(record["track_id"]), _entry(record)
            if entry["source"] not in ("", *SUNG):
                choice = ", ".join(SUNG)
                raise UserError(f"{path}: source {entry['source']!r} must be one of {choice}")
            if track_id in found:
                raise UserError(f"{path}: track {track_id} stands in the tables twice")
            found[track_id] = entry
    return {_number(track_id): entry for track_id, entry in found.items()} | found


def _csv(path: Path) -> list[dict]:
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if not isinstance(table.index, pd.RangeIndex):  # pandas took the first column for names of rows
        raise ValueError("a row has more cells than the header: texts with commas need quotes")
    return table.to_dict("records")


def _json(path: Path) -> list[dict]:
    """Read a list of records, or an object that holds a text or a record for each track_id."""
    content = json.loads(path.read_text("utf-8-sig"), parse_constant=lambda nan: None)
    if not isinstance(content, dict):
        return content if isinstance(content, list) else [content]
    return [
        {"track_id": track_id, **(value if isinstance(value, dict) else {"text": value})}
        for track_id, value in content.items()
    ]


def _metadata(track: Mapping) -> _Entry:
    """Say what the track is called; not what its file is called, which often names the genre."""
    file_names = {track["track_id"], Path(track["track_id"]).name, Path(track["track_id"]).stem}
    values = [str(track.get(column) or "").strip() for column in ("title", "artist", "tags")]
    wanted = [v for v in values if v.lower() not in _NO_NAMES and v not in file_names]
    return _entry({"text": "\n".join(wanted)})
