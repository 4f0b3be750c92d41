"""Lyrics from Genius: asked for politely, matched by title and artist, and never twice.

The access token comes from the environment alone, and no message, log or file repeats it.
"""

from __future__ import annotations

import os
import re
import time
import unicodedata
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path
from typing import TypeVar

import pandas as pd
import requests
from tqdm import tqdm

from lib.errors import UserError
from lib.lyrics import journal
from lib.lyrics import sources as text

TOKEN = "GENIUS_ACCESS_TOKEN"
THRESHOLD = 0.8
"""How alike both title and artist must be, from 0 to 1."""
_TRIES = 5  # of a request
_PATIENCE = 120.0  # seconds that a server may ask us to wait
_FAILURES = 3  # tracks in a row after which the server is taken for down

_Answer = TypeVar("_Answer")
_EXTRA = re.compile(r"[(\[].*?[)\]]|\b(?:feat|ft|featuring)\b.*|\s-\s.*(?:remaster|version|live).*")
_EMBED = re.compile(r"\d*Embed$")


class _Refused(Exception):
    """The server answered, but not with what was asked for."""

    def __init__(self, response: requests.Response) -> None:
        self.status = response.status_code
        # only requests to the API carry a token; the pages of songs are open to all
        self.token = "authorization" in response.request.headers
        wait = response.headers.get("Retry-After", "")
        self.wait = min(float(wait), _PATIENCE) if wait.isdecimal() else 0.0


class _Failed(Exception):
    """A request failed time after time; the message is a plain reason."""


class _Busy(_Failed):
    """We ask too often."""


class Genius:
    """A connection to Genius, through lyricsgenius.

    Parameters
    ----------
    interval : float
        Seconds between two requests.
    pause : float
        Seconds before a request that failed is tried again; doubled for each further try.
    timeout : float
        Seconds to wait for an answer.

    Raises
    ------
    UserError
        When the environment has no token, or one that cannot be any.
    """

    def __init__(self, *, interval: float = 1.0, pause: float = 1.0, timeout: float = 15.0) -> None:
        token = os.environ.get(TOKEN, "").strip()
        if not token:
            raise UserError(
                f"{TOKEN} is not set: make a client on genius.com/api-clients, and put its access "
                "token into this environment variable"
            )
        if not re.fullmatch(r"[\w.~+/=-]+", token, re.ASCII):
            raise UserError(f"{TOKEN} holds characters that no access token has: copy it anew")
        from lyricsgenius import Genius as Client

        self.pause = pause
        self._client = Client(token, sleep_time=interval, timeout=timeout, retries=0)
        self._client._session.hooks["response"].append(_check)

    def find(self, title: str, artist: str) -> dict:
        """Find the lyrics of a song.

        Parameters
        ----------
        title, artist : str
            As the corpus has them.

        Returns
        -------
        dict
            ``text``; ``title``, ``artist``, ``url`` and ``similarity`` of the song that was taken,
            if any; and the ``reason`` why there is no text, where there is none.

        Raises
        ------
        UserError
            When the token is refused.
        """
        songs = self._ask(lambda: self._search(title, artist))
        alike = [similarity(title, artist, song["title"], song["artist"]) for song in songs]
        if not songs or max(alike) < THRESHOLD:
            return {"text": "", "reason": "no song of this title and artist"}
        song = songs[alike.index(max(alike))] | {"similarity": round(max(alike), 3)}
        if song.pop("instrumental"):
            return song | {"text": "", "reason": "instrumental"}
        words = self._ask(lambda: self._client.lyrics(song_url=song["url"])) or ""
        words = text.clean(_EMBED.sub("", words))
        return song | {"text": words, "reason": "" if words else "its page has no lyrics"}

    def _search(self, title: str, artist: str) -> list[dict]:
        hits = self._client.search_songs(f"{title} {artist}", per_page=5)["hits"]
        return [
            {
                "title": str(song["title"]),
                "artist": str(song["primary_artist"]["name"]),
                "url": str(song["url"]),
                "instrumental": bool(song.get("instrumental")),
            }
            for song in (hit["result"] for hit in hits)
        ]

    def _ask(self, request: Callable[[], _Answer]) -> _Answer:
        """Make a request, again and again if need be; say plainly why it fails in the end."""
        for attempt in range(_TRIES):
            wait = 0.0
            try:
                return request()
            except _Refused as refusal:
                if refusal.token and refusal.status in (401, 403):
                    raise UserError(
                        f"Genius refuses the access token in {TOKEN} (status {refusal.status}): "
                        "look whether it is complete and still valid; what was found is kept"
                    ) from None
                reason, wait = f"status {refusal.status}", refusal.wait
                kind = _Busy if refusal.status == 429 else _Failed
                if refusal.status < 500 and kind is _Failed:
                    raise _Failed(reason) from None
            except requests.Timeout:
                reason, kind = "no answer in time", _Failed
            except requests.exceptions.JSONDecodeError:
                reason, kind = "an answer that is not JSON", _Failed
            except requests.RequestException as error:
                reason, kind = f"no connection ({type(error).__name__})", _Failed
            except (AssertionError, KeyError, TypeError, ValueError, AttributeError):
                # lyricsgenius asserts; and an answer may be JSON, but not about songs
                reason, kind = "an answer of another form", _Failed
            if attempt < _TRIES - 1:
                time.sleep(max(wait, self.pause * 2**attempt))
        raise kind(reason) from None


def similarity(title: str, artist: str, other_title: str, other_artist: str) -> float:
    """Tell how alike two songs are called.

    Parameters
    ----------
    title, artist, other_title, other_artist : str
        Case, punctuation, notes in brackets and guests (feat.) do not count.

    Returns
    -------
    float
        From 0 to 1: the lesser of the two ratios of Ratcliff and Obershelp, of the titles and of
        the artists.
    """
    pairs = (title, other_title), (artist, other_artist)
    return min(SequenceMatcher(None, _plain(a), _plain(b)).ratio() for a, b in pairs)


def fetch(
    tracks: pd.DataFrame,
    folder: str | Path,
    *,
    interval: float = 1.0,
    pause: float = 1.0,
    timeout: float = 15.0,
) -> pd.DataFrame:
    """Look for the lyrics of the tracks that were not looked for yet, into ``genius.jsonl``.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track_id``, ``title`` and ``artist``.
    folder : str or Path
        Of the lyrics; `lib.lyrics.sources.load` reads the journal there. A line of it is what `Genius.find`
        returns; that there is no such song is an answer too, and is not asked for again.
    interval, pause, timeout : float
        As `Genius` takes them.

    Returns
    -------
    DataFrame
        ``track_id`` and ``reason`` of the tracks that could not be looked for. Those whose request
        failed are tried again when this is called the next time.

    Raises
    ------
    UserError
        When there is no token or it is refused, Genius is asked too often or fails for three tracks
        in a row, or the journal cannot be written. What was found is kept.
    """
    path = Path(folder) / text.JOURNALS["genius"]
    failed: list[tuple[str, str]] = []
    in_a_row = 0
    with journal.writing(path) as append:
        finished = journal.read(path)
        todo = [track for track in tracks.to_dict("records") if track["track_id"] not in finished]
        if not todo:
            return pd.DataFrame(failed, columns=["track_id", "reason"])
        genius = Genius(interval=interval, pause=pause, timeout=timeout)
        done = len(tracks) - len(todo)
        for track in tqdm(todo, desc="lyrics", unit="track", initial=done, total=len(tracks)):
            track_id, title, artist = track["track_id"], track["title"], track["artist"]
            if not title or not artist or title == track_id:
                failed.append((track_id, "title or artist is unknown"))
                continue
            try:
                append({"track_id": track_id, **genius.find(title, artist)})
                in_a_row = 0
            except _Failed as failure:
                failed.append((track_id, f"Genius gave {failure}"))
                in_a_row += 1
                if isinstance(failure, _Busy) or in_a_row == _FAILURES:
                    raise UserError(
                        f"Genius gave {failure}, time after time: what was found is kept; run "
                        "again later to go on from there"
                    ) from None
    return pd.DataFrame(failed, columns=["track_id", "reason"])


def _check(response: requests.Response, **_: object) -> None:
    """Look at every answer first: lyricsgenius takes a page of an error for lyrics."""
    if response.status_code >= 400:
        raise _Refused(response)


def _plain(name: str) -> str:
    name = unicodedata.normalize("NFKC", name).casefold()
    short = _EXTRA.sub("", name)
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in short)
    return " ".join("".join(kept).split()) or name
