"""GTZAN as people have it: a tree of genre folders, or one of the well-known feature tables.

The collection is Tzanetakis and Cook's (2002). Sturm (2013) catalogued its faults: repeated
recordings, mislabelled tracks, whole runs of one artist, distortion.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from lib.errors import UserError
from lib.files import walk

GENRES = tuple("blues classical country disco hiphop jazz metal pop reggae rock".split())
UNREADABLE = "jazz.00054"  # truncated in every copy in circulation

# The 70 tracks that the fault-filtered partition of Kereliuk, Sturm and Larsen (2015) leaves out:
# of each group of repetitions all but one, and the tracks of repeated artists.
_FAULTS = {
    "classical": "42",
    "country": "8 52",
    "disco": "38 50 51 55 60 71 98",
    "hiphop": "1 39 46 47 48 49 50 76",
    "jazz": "33 34 35 36 37 38 39 40 42 43 44 45 46",
    "metal": "4 34 40 41 42 43 44 45 58",
    "pop": "15 21 22 30 37 45 47 48 51 52 54 56 57 67 68 87",
    "reggae": "3 5 7 8 10 13 33 41 73 75 80 81 86 91",
}
FAULTS = frozenset(f"{g}.{int(n):05d}" for g, numbers in _FAULTS.items() for n in numbers.split())

TABLES = ("features_30_sec.csv", "features_10_sec.csv", "features_3_sec.csv")
_AUDIO = re.compile(r"([a-z]+[-_ ]?[a-z]+)\.(\d{5})\.(?:au|wav|mp3|flac|ogg)", re.IGNORECASE)
_FEATURE = re.compile(
    r"length|tempo|(chroma_stft|rms|spectral_centroid|spectral_bandwidth|rolloff"
    r"|zero_crossing_rate|harmony|perceptr|mfcc\d+)_(mean|var)"
)
_ROW = re.compile(r"([a-z]+)\.(\d{5})(?:\.(\d+))?\.\w+", re.IGNORECASE)


def find_audio(data: Path) -> list[Path]:
    """Return GTZAN's audio files, at whatever depth below ``data`` or ``data/gtzan`` they lie."""
    found = (path for folder in _folders(data) for path in walk(folder))
    return sorted(path for path in found if _AUDIO.fullmatch(path.name))


def find_table(data: Path) -> Path | None:
    """Return the feature table, preferring whole tracks to windows; None when there is none."""
    found = sorted(p for f in _folders(data) for p in walk(f) if p.name in TABLES)
    return min(found, key=lambda p: TABLES.index(p.name), default=None)


def _folders(data: Path) -> list[Path]:
    """Return the folders called gtzan below ``data``, or ``data`` itself if it is called that."""
    if data.name.lower().startswith("gtzan"):
        return [data]
    return sorted(p for p in data.iterdir() if p.is_dir() and p.name.lower().startswith("gtzan"))


def tracks(files: list[Path]) -> pd.DataFrame:
    """Return a row for each track, the first file where a track lies there in several forms."""
    rows = {}
    for path in files:
        genre, number = _AUDIO.fullmatch(path.name).groups()
        genre = re.sub("[-_ ]", "", genre.lower())
        track_id = f"{genre}.{number}"
        row = {"track_id": track_id, "path": str(path), "genre": genre, "title": track_id}
        rows.setdefault(track_id, row)
    return pd.DataFrame(list(rows.values())).assign(source="gtzan")


def read_table(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a feature table as it circulates: a file name, the length, 57 features, the label.

    Returns one row per track, and its features, with the standard deviations ``mfcc1_std`` ...
    beside the variances. The tables of 3 s and 10 s hold several windows of each track. They are
    pooled, so that a track is one item and no window of it can stand on both sides of a comparison:
    means are averaged, and a variance is that within the windows plus that between their means.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:  # pandas raises kinds of ValueError
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    mfccs = [f"mfcc{i}_{kind}" for i in range(1, 21) for kind in ("mean", "var")]
    for column in ("filename", "label", *mfccs):
        if column not in table:
            hint = "" if len(table.columns) > 1 else ": commas must stand between its columns"
            raise UserError(
                f"{path} is not a GTZAN feature table: it has no column {column!r}{hint}"
            )
    if table.empty:
        raise UserError(f"{path} has no rows")
    names = [_ROW.fullmatch(str(name)) for name in table["filename"]]
    if None in names:
        strange = table["filename"][names.index(None)]
        raise UserError(f"{path}: {strange!r} is not the name of a GTZAN track (blues.00000.wav)")
    track_id = pd.Index([f"{m[1].lower()}.{m[2]}" for m in names], name="track_id")

    # Nothing but features: an index that came along would tell the genre, as rows are sorted by it.
    known = [c for c in table if _FEATURE.fullmatch(c)]
    whole = [c for c in known if not c.endswith("_var") or c.replace("_var", "_mean") in known]
    values = table[whole].apply(pd.to_numeric, errors="coerce")
    least = [0.0 if c.endswith("_var") else -np.inf for c in whole]
    bad = np.argwhere(~np.isfinite(values.to_numpy(float)) | (values.to_numpy(float) < least))
    if len(bad):
        row, column = bad[0]
        found, where = table[whole[column]][row], f"line {row + 2}, column {whole[column]!r}"
        kind = "variance" if np.isfinite(values.iat[row, column]) else "number"
        raise UserError(f"{path}, {where}: {str(found)!r} is no {kind}")
    once = ~values.assign(filename=table["filename"]).duplicated()  # rows that were pasted twice
    windows = values[once].set_index(track_id[once]).groupby(level=0)
    features = windows.mean()
    for variance in [c for c in features if c.endswith("_var")]:
        features[variance] += windows[variance.replace("_var", "_mean")].var(ddof=0)
    features["length"] = windows["length"].sum() if "length" in features else np.nan
    deviations = {f"{c[:-4]}_std": np.sqrt(v) for c, v in features.items()
                  if re.fullmatch(r"mfcc\d+_var", c)}  # fmt: skip

    label = table["label"].fillna("").astype(str).str.strip().str.lower()
    genre = label.where(label != "").groupby(track_id).first().fillna("")
    tracks = pd.DataFrame(
        {
            "track_id": features.index,
            "genre": genre.to_numpy(),
            "title": features.index,
            "duration": features["length"].to_numpy() / 22050,
            "source": path.name,
        }
    )
    return tracks, features.drop(columns="length").assign(**deviations)


def without_faults(tracks: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out the unreadable track, the repetitions and the faults, and say how many."""
    notes = []
    # A table may have that track: whoever made it had a copy that could be read.
    unreadable = (tracks["track_id"] == UNREADABLE) & ("path" in tracks)
    if unreadable.any():
        notes.append(f"Left out as truncated in every copy: {UNREADABLE}.")
        tracks = tracks[~unreadable]
    faulty = tracks["track_id"].isin(FAULTS)
    if faulty.any():
        notes.append(
            "Left out as repetitions or faulty (Kereliuk, Sturm and Larsen 2015): "
            f"{faulty.sum()} of {len(tracks)}."
        )
    return tracks[~faulty], tuple(notes)
