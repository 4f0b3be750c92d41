"""The page that holds a map: its data and its assets in one file, excerpts beside it or inside."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd

from lib import files
from lib.errors import UserError
from lib.figures import style
from lib.figures.listening_map import excerpts

MAX_EXCERPTS = 1000  # beside a saved page, 15 kB each
MAX_INLINE = 40  # inside a notebook, which carries them in base64
_TITLE = "Listening map"
_GRID = 10_000  # the coordinates of a map are whole numbers up to this: finer than any screen
_HEIGHT = 760  # pixels, in a notebook
_ASSETS = resources.files("lib.figures.listening_map")


class ListeningMap:
    """Maps of tracks to look at, to search and to hear; shown as they are in a notebook.

    Parameters
    ----------
    tracks : DataFrame
        One row per track: ``track_id``, and where known ``title``, ``artist``, the ``path`` of its
        audio and its ``duration`` in seconds. Text may be empty.
    maps : mapping of str to ndarray, (n_tracks, 2)
        Maps by name; a track whose row is not finite is not on that map.
    groups : mapping of str to sequence, (n_tracks,)
        Groups by name: the genre of each track, its cluster, its language. Empty text is unknown,
        cluster -1 is noise; groups in which nothing is known are left out.

    Raises
    ------
    UserError
        When there is no track or no map, or a map or groups are not of these tracks.
    """

    def __init__(
        self, tracks: pd.DataFrame, maps: Mapping[str, np.ndarray], groups: Mapping[str, Sequence]
    ):
        n_tracks = len(tracks)
        self.tracks = tracks
        self.maps = {name: np.asarray(points, float) for name, points in maps.items()}
        self.groups = {name: [str(group) for group in each] for name, each in groups.items()}
        if not n_tracks or not self.maps:
            raise UserError("a listening map takes at least one track and one map of it")
        for name, points in self.maps.items():
            if points.shape != (n_tracks, 2):
                raise UserError(f"the map {name!r} must be ({n_tracks}, 2), not {points.shape}")
        for name, each in self.groups.items():
            if len(each) != n_tracks:
                raise UserError(f"{name!r} groups {len(each)} tracks, and there are {n_tracks}")

    def save(self, folder: Path) -> Path:
        """Write ``map.html`` and beside it ``audio/``: one opens the page, no server is needed.

        Parameters
        ----------
        folder : Path
            Made if need be. Excerpts of an earlier map in its ``audio/`` are removed.

        Returns
        -------
        Path
            Of the page.

        Raises
        ------
        UserError
            When the folder cannot be written to.
        """
        folder = Path(folder)
        sounds = self._excerpts(MAX_EXCERPTS)
        sources = {row: f"audio/{row:05}.mp3" for row in sounds}
        for row, source in sources.items():
            with files.whole_file(folder / source) as half:
                half.write_bytes(sounds[row])
        for other in (folder / "audio").glob("*.mp3"):
            if f"audio/{other.name}" not in sources.values():
                other.unlink()
        with files.whole_file(folder / "map.html") as half:
            half.write_bytes(self._page(sources))
        return folder / "map.html"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        sources = {
            row: f"data:audio/mpeg;base64,{base64.b64encode(sound).decode()}"
            for row, sound in self._excerpts(MAX_INLINE).items()
        }
        # JupyterLab shows a frame's own text, and no frame, in notebooks that it does not trust.
        instead = "Run this cell to see the map."
        # ASCII: a page without a declared encoding would misread the rest, and so break the policy
        page = html.escape(self._page(sources).decode()).encode("ascii", "xmlcharrefreplace")
        return {
            "text/html": f'<iframe title="{_TITLE}" allow="autoplay" '
            f'style="width:100%;height:{_HEIGHT}px;border:0" srcdoc="{page.decode()}">'
            f"{instead}</iframe>",
            "text/plain": f"Listening map of {len(self.tracks)} tracks",
        }

    def _excerpts(self, n_max: int) -> dict[int, bytes]:
        return excerpts.encode(self.tracks, excerpts.choose(self.tracks, n_max))

    def _page(self, sources: Mapping[int, str]) -> bytes:
        """Fill in the page in one pass, so that no title can be taken for a part of it."""
        script = "\n".join(_read(name) for name in ("plot.js", "map.js"))
        css = _read("map.css")
        parts = {
            "title": _TITLE,
            "policy": f"script-src '{_digest(script)}'; style-src '{_digest(css)}'",
            "style": css,
            "data": _json(self._data(sources)),
            "script": script,
        }
        page = re.sub(r"\{\{ (\w+) \}\}", lambda part: parts[part[1]], _read("page.html"))
        # a name from a file's tags need not be text
        return page.encode("utf-8", "replace")

    def _data(self, sources: Mapping[int, str]) -> dict:
        """Lay out what the page shows; tracks and groups go by their indices."""
        return {
            "titles": _text(self.tracks, "title", "track_id"),
            "artists": _text(self.tracks, "artist"),
            "maps": [{"name": name, "points": _grid(p)} for name, p in self.maps.items()],
            "groups": [_grouping(name, each) for name, each in self.groups.items() if any(each)],
            "sources": [sources.get(row) for row in range(len(self.tracks))],
            "seconds": excerpts.SECONDS,
        }


def _grouping(name: str, groups: list[str]) -> dict:
    """Lay out one way to colour the map, in the colours and markers of all other figures."""
    styles = style.styles(groups)
    indices = {group: index for index, group in enumerate(styles)}
    names = {"": "unknown", "-1": "noise"}
    return {
        "name": name,
        "groups": [
            {"name": names.get(group, group), "colour": colour, "marker": marker}
            for group, (colour, marker) in styles.items()
        ],
        "of": [indices[group] for group in groups],
    }


def _grid(points: np.ndarray) -> list[int | None]:
    """Return x and y in turn as whole numbers, at the same scale; None where a track has none."""
    known = np.isfinite(points).all(axis=1)
    scaled = np.zeros_like(points)
    if known.any():
        low, high = points[known].min(axis=0), points[known].max(axis=0)
        scale = (_GRID / (high - low).max()) if (high > low).any() else 1.0
        scaled[known] = (points[known] - (low + high) / 2) * scale + _GRID / 2
        scaled[:, 1] = _GRID - scaled[:, 1]  # on a screen, y grows downwards
    whole = np.rint(scaled).astype(int).tolist()
    return [v for row, ok in zip(whole, known, strict=True) for v in (row if ok else (None, None))]


def _text(tracks: pd.DataFrame, column: str, instead: str = "") -> list[str]:
    """Return a column as text, or another one where it is empty."""
    texts = tracks[column].fillna("") if column in tracks else [""] * len(tracks)
    others = tracks[instead] if instead else [""] * len(tracks)
    return [str(text) or str(other) for text, other in zip(texts, others, strict=True)]


def _json(data: dict) -> str:
    """Write JSON that can stand in a page: no text in it can end its element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _digest(text: str) -> str:
    """Name a script or style so that the page's policy allows it and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
