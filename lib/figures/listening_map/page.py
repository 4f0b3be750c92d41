"""The page that holds a map: its data and its assets in one file, excerpts beside it or inside."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd

from lib import files
from lib.errors import UserError
from lib.figures import style
from lib.figures.listening_map import excerpts

MOST_EXCERPTS = 1000
"""Excerpts in a folder, 15 kB each."""
MOST_INLINE = 40
"""Excerpts inside a notebook, which carries them in base64."""
_GRID = 10_000  # a map's places are whole numbers up to this: finer than any screen
_HEIGHT = 760  # pixels, in a notebook
_ASSETS = resources.files("lib.figures.listening_map")


class ListeningMap:
    """Maps of tracks to look at, to search and to hear; shown as they are in a notebook.

    Parameters
    ----------
    tracks : DataFrame
        One row a track: ``track_id``, and where known ``title``, ``artist``, the ``path`` of its
        audio and its ``duration`` in seconds. Text may be empty.
    maps : mapping of str to ndarray, (n_tracks, 2)
        Maps by name, as from `lib.clustering.projection`; a track whose row is not finite is not on that map.
    groups : mapping of str to sequence, (n_tracks,)
        Groups by name: the genre of each track, its cluster, its language. Empty text is unknown,
        cluster -1 is noise; groups in which nothing is known are left out.
    title : str
        Of the page.
    most_excerpts : int
        How many tracks can be heard on the saved page; 0: none.

    Raises
    ------
    UserError
        When there is no track or no map, or a map or groups are not of these tracks.
    """

    def __init__(
        self,
        tracks: pd.DataFrame,
        maps: Mapping[str, np.ndarray],
        groups: Mapping[str, Sequence] | None = None,
        title: str = "Listening map",
        most_excerpts: int = MOST_EXCERPTS,
    ):
        self.tracks, self.title, self.most_excerpts = tracks, title, most_excerpts
        self.maps = {name: np.asarray(points, float) for name, points in maps.items()}
        self.groups = {name: [str(g) for g in of] for name, of in (groups or {}).items()}
        if not len(tracks) or not self.maps:
            raise UserError("a listening map takes at least one track and one map of it")
        for name, points in self.maps.items():
            if points.shape != (len(tracks), 2):
                raise UserError(
                    f"the map {name!r} must be ({len(tracks)}, 2), a row a track, "
                    f"not {points.shape}"
                )
        for name, of in self.groups.items():
            if len(of) != len(tracks):
                raise UserError(f"{name!r} groups {len(of)} tracks, and there are {len(tracks)}")

    @cached_property
    def excerpts(self) -> dict[int, bytes]:
        """MP3s by the place of their track."""
        return excerpts.of(self.tracks, excerpts.choose(self.tracks, self.most_excerpts))

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
        sources = {place: f"audio/{place:05}.mp3" for place in self.excerpts}
        for place, source in sources.items():
            with files.whole_file(folder / source) as half:
                half.write_bytes(self.excerpts[place])
        for other in (folder / "audio").glob("*.mp3"):
            if f"audio/{other.name}" not in sources.values():
                other.unlink()
        with files.whole_file(folder / "map.html") as half:
            half.write_bytes(self._page(sources))
        return folder / "map.html"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        chosen = excerpts.choose(self.tracks, min(self.most_excerpts, MOST_INLINE))
        sounds = excerpts.of(self.tracks, chosen)
        sources = {
            place: f"data:audio/mpeg;base64,{base64.b64encode(sound).decode()}"
            for place, sound in sounds.items()
        }
        # JupyterLab shows a frame's own text, and no frame, in notebooks that it does not trust.
        instead = "Run this cell to see the map."
        # ASCII, since a page that says no encoding would read other signs, and so the policy, wrong
        page = html.escape(self._page(sources).decode()).encode("ascii", "xmlcharrefreplace")
        return {
            "text/html": f'<iframe title="{html.escape(self.title)}" allow="autoplay" '
            f'style="width:100%;height:{_HEIGHT}px;border:0" srcdoc="{page.decode()}">'
            f"{instead}</iframe>",
            "text/plain": f"Listening map of {len(self.tracks)} tracks",
        }

    def _page(self, sources: Mapping[int, str]) -> bytes:
        """Fill in the page, in one pass: no title can stand for a part of it."""
        script = "\n".join(_read(name) for name in ("plot.js", "map.js"))
        style = _read("map.css")
        parts = {
            "title": html.escape(self.title),
            "policy": f"script-src '{_digest(script)}'; style-src '{_digest(style)}'",
            "style": style,
            "data": _json(self._data(sources)),
            "script": script,
        }
        page = re.sub(r"\{\{ (\w+) \}\}", lambda part: parts[part[1]], _read("page.html"))
        # a name from a file's tags need not be text
        return page.encode("utf-8", "replace")

    def _data(self, sources: Mapping[int, str]) -> dict:
        """Lay out what the page shows; tracks and groups are named by their places."""
        n_tracks = range(len(self.tracks))
        return {
            "titles": _text(self.tracks, "title", "track_id"),
            "artists": _text(self.tracks, "artist"),
            "maps": [{"name": name, "points": _grid(p)} for name, p in self.maps.items()],
            "groups": [_grouping(name, of) for name, of in self.groups.items() if any(of)],
            "sources": [sources.get(place) for place in n_tracks],
            "seconds": excerpts.SECONDS,
        }


def _grouping(name: str, of: list[str]) -> dict:
    """Lay out one way to colour the map, in the colours and markers of all other figures."""
    styles = style.styles(of)
    places = {group: place for place, group in enumerate(styles)}
    names = {"": "unknown", "-1": "noise"}
    return {
        "name": name,
        "groups": [
            {"name": names.get(group, group), "colour": colour, "marker": marker}
            for group, (colour, marker) in styles.items()
        ],
        "of": [places[group] for group in of],
    }


def _grid(points: np.ndarray) -> list[int | None]:
    """Return x and y in turn as whole numbers, at the same scale; None where a track has none."""
    known = np.isfinite(points).all(axis=1)
    places = np.zeros_like(points)
    if known.any():
        low, high = points[known].min(axis=0), points[known].max(axis=0)
        scale = (_GRID / (high - low).max()) if (high > low).any() else 1.0
        places[known] = (points[known] - (low + high) / 2) * scale + _GRID / 2
        places[:, 1] = _GRID - places[:, 1]  # on a screen, y grows downwards
    whole = np.rint(places).astype(int).tolist()
    return [v for row, ok in zip(whole, known, strict=True) for v in (row if ok else (None, None))]


def _text(tracks: pd.DataFrame, column: str, instead: str = "") -> list[str]:
    """Return a column as text, or another one where it is empty."""
    texts = tracks[column].fillna("") if column in tracks else [""] * len(tracks)
    others = tracks[instead] if instead else [""] * len(tracks)
    return [str(text) or str(other) for text, other in zip(texts, others, strict=True)]


def _json(data: dict) -> str:
    """Write JSON that can stand in a page: nothing in it ends the element that holds it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _digest(text: str) -> str:
    """Name a script or style so that the page's policy lets it, and no other, have its way."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _read(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")
