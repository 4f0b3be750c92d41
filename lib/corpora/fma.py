"""FMA as people have it: trees of mp3 files, and ``tracks.csv`` of its metadata.

The Free Music Archive as collected by Defferrard, Benzi, Vandergheynst and Bresson, "FMA: A Dataset
For Music Analysis" (ISMIR 2017): 106,574 tracks, whole (fma_full) or as clips of 30 s from their
middle (fma_large, and its subsets fma_medium and fma_small).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lib.corpora.download import Archive
from lib.errors import UserError
from lib.files import walk

# Addresses, sums and (rounded) sizes are those that the README of github.com/mdeff/fma publishes.
_HOST = "https://os.unil.cloud.switch.ch/fma"
ARCHIVES = {
    name: Archive(f"{_HOST}/fma_{name}.zip", sha1, int(size))
    for name, sha1, size in (
        ("metadata", "f0df49ffe5f2a6008d7dc83c6915b31835dfe733", 342 * 2**20),
        ("small", "ade154f733639d52e35e32f5593efe5be76c6d70", 7.2 * 2**30),
        ("medium", "c67b69ea232021025fca9231fc1c7c1a063ab50b", 22 * 2**30),
        ("large", "497109f4dd721066b5ce5e5f250ec604dc78939e", 93 * 2**30),
        ("full", "0f0ace23fbe9ba30ecb7e95f763e435ea802b8ab", 879 * 2**30),
    )
}
LICENCE = (
    "FMA is meant for research. Each track carries the licence that its artist chose, in column "
    "track.license of tracks.csv; the metadata are CC BY 4.0."
)
CITATION = (
    "M. Defferrard, K. Benzi, P. Vandergheynst, X. Bresson. FMA: A Dataset For Music Analysis. "
    "18th International Society for Music Information Retrieval Conference (ISMIR), 2017. "
    "arXiv:1612.01840"
)

# Cut at a wrong place because the archive gave a wrong length, so that the clip holds less than
# 30 s, mostly nothing: the 21 tracks of github.com/mdeff/fma, issue 8.
SHORT_CLIPS = frozenset(
    "001486 005574 065753 080391 098558 098559 098560 098565 098566 098567 098568 098569 098571 "
    "099134 105247 108924 108925 126981 127336 133297 143992".split()
)
CLIP_SECONDS = 30.0

_AUDIO = re.compile(r"(\d{6})\.(?:mp3|wav|flac|ogg)", re.IGNORECASE)
_COLUMNS = {
    "artist": ("artist", "name"),
    "title": ("track", "title"),
    "genre": ("track", "genre_top"),
    "language": ("track", "language_code"),
    "duration": ("track", "duration"),
}


def find(data: Path) -> tuple[list[str], Path | None]:
    """Look for FMA in the folders called ``fma...`` below ``data``, or in ``data`` if called so.

    Returns the audio files named by the six digits of a track, in order, and ``tracks.csv``, that
    of ``fma_metadata`` where there are several. Of one tree such as ``fma_small``, the table is
    looked for in ``fma_metadata`` beside it as well.
    """
    if data.name.lower().startswith("fma"):
        roots, tables = [data], sorted(data.parent.glob("fma_metadata/tracks.csv"))
    else:
        roots, tables = [p for p in data.iterdir() if p.name.lower().startswith("fma")], []
    files: list[str] = []
    for root in roots:
        for path in walk(root):
            if _AUDIO.fullmatch(path.name):
                files.append(str(path))
            elif path.name == "tracks.csv":
                tables.append(path)
    return sorted(files), min(
        tables, key=lambda p: (p.parent.name.lower() != "fma_metadata", p), default=None
    )


def tracks(files: Sequence[str], table: Path | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return one row per track that there is audio of, and notes of what was left out.

    With a table there are ``genre`` (the top genre), ``language`` (ISO 639-1), ``title``,
    ``artist``, each empty where unknown, and ``duration`` in seconds: that of the whole track below
    a folder ``fma_full``, else of its 30 s clip. Of a track that is there twice, the first counts.
    """
    paths: dict[str, str] = {}
    for path in files:
        paths.setdefault(os.path.basename(path)[:6], path)
    rows = pd.DataFrame({"track_id": list(paths), "path": list(paths.values()), "source": "fma"})
    whole = rows["path"].str.contains(r"[\\/]fma_full[^\\/]*[\\/]", case=False)
    notes = []
    short = rows["track_id"].isin(SHORT_CLIPS) & ~whole
    if short.any():
        notes.append(
            f"Left out as known to be empty or shorter than 30 s: {short.sum()} of {len(rows):,}."
        )
        rows = rows[~short]
    if table is None:
        notes.append(
            "There is no tracks.csv of fma_metadata, so the tracks carry no labels "
            "(make fetch CORPUS=fma SIZE=metadata brings it)."
        )
        return rows, tuple(notes)
    known = read_table(table)
    unknown = ~rows["track_id"].isin(known.index)
    rows = rows.join(known, on="track_id").fillna(dict.fromkeys(set(_COLUMNS) - {"duration"}, ""))
    rows["duration"] = rows["duration"].where(whole, rows["duration"].clip(upper=CLIP_SECONDS))
    if unknown.any():
        notes.append(f"Not in {table.name}: {unknown.sum():,} of {len(rows):,}.")
    if nameless := ((rows["genre"] == "") & ~unknown).sum():
        notes.append(f"Without a top genre in {table.name}: {nameless:,} of {len(rows):,}.")
    return rows, tuple(notes)


def read_table(path: Path) -> pd.DataFrame:
    """Read what is needed of ``tracks.csv``: strings by ``track_id``, and the duration in seconds.

    Its header has three rows: groups (album, artist, set, track), names, and one that names the
    index ``track_id``.
    """
    try:
        header = pd.read_csv(path, header=None, nrows=3, dtype=str, keep_default_na=False)
        at = _positions(path, header.to_numpy(str).tolist())
        table = pd.read_csv(path, header=None, skiprows=3, usecols=list(at.values()),
                            dtype=str, keep_default_na=False)  # fmt: skip
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{path} cannot be read: {str(error).strip()}; fetch it again") from error
    table = table.rename(columns={column: name for name, column in at.items()})

    strange = ~table["track_id"].str.fullmatch(r"\d{1,6}")
    if strange.any():
        raise UserError(f"{path}: {table['track_id'][strange.argmax()]!r} is no number of a track")
    table["track_id"] = table["track_id"].str.zfill(6)
    twice = table["track_id"].duplicated()
    if twice.any():
        raise UserError(f"{path}: track {table['track_id'][twice.argmax()]} stands there twice")
    seconds = pd.to_numeric(table["duration"], errors="coerce").astype(float)
    return table.assign(duration=seconds.where(seconds > 0)).set_index("track_id")


def _positions(path: Path, header: list[list[str]]) -> dict[str, int]:
    """Return at which position each needed column stands; refuse any other table."""
    if len(header) < 3 or header[2][0] != "track_id" or any(header[2][1:]):
        raise UserError(
            f"{path} is not FMA's tracks.csv: its third row must name the index, track_id, alone"
        )
    pairs = list(zip(header[0], header[1], strict=True))
    for group, name in _COLUMNS.values():
        if (group, name) not in pairs:
            raise UserError(f"{path} is not FMA's tracks.csv: it has no column {group}.{name}")
    return {"track_id": 0} | {key: pairs.index(pair) for key, pair in _COLUMNS.items()}
