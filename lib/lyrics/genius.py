"""Lyrics from Genius: asked for politely, matched by title and artist, and never twice.

The access token comes from the environment alone, and no message, log or file repeats it.
"""

from __future__ import annotations

import os
import re
import unicodedata
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3 import Retry

from lib.errors import UserError
from lib.lyrics import records, sources

if TYPE_CHECKING:
    from lyricsgenius import Genius

TOKEN = "GENIUS_ACCESS_TOKEN"
THRESHOLD = 0.8  # how alike both title and artist must be, from 0 to 1
_INTERVAL = 1.0  # seconds between two requests
_TIMEOUT = 15.0  # seconds to wait for an answer
_RETRIES = 4  # of a request
_BACKOFF = 1.0  # seconds; doubled before each further retry
_PATIENCE = 120  # seconds that a server may ask us to wait
_FAILURES = 3  # tracks in a row after which the server is taken for down

_EXTRA = re.compile(r"[(\[].*?[)\]]|\b(?:feat|ft|featuring)\b.*|\s-\s.*(?:remaster|version|live).*")
_EMBED = re.compile(r"\d*Embed$")


class _Failed(Exception):
    """A request failed, retries and all; the message is a plain reason."""


def fetch(tracks: pd.DataFrame, folder: str | Path) -> pd.DataFrame:
    """Look for the lyrics of the tracks that were not looked for yet, by ``title`` and ``artist``.

    Each ``track_id`` gets a file ``genius/<track_id>.json`` in the folder of the lyrics, which
    `lib.lyrics.load` reads, with ``text``; ``title``, ``artist``, ``url`` and ``similarity`` of the
    song that was taken, if any; and the ``reason`` why there is no text. That there is no such song
    is an answer too, and is not asked for again. Returns ``track_id`` and ``reason`` of the tracks
    that could not be looked for; those whose request failed are tried again the next time.

    Raises a `UserError` when there is no token or it is refused, Genius is asked too often or fails
    for three tracks in a row, another run is at it, or a file cannot be written. All found is kept.
    """
    folder = Path(folder) / "genius"
    with records.alone(folder):
        failed: list[tuple[str, str]] = []
        in_a_row, client = 0, None
        for track in tqdm(tracks.to_dict("records"), desc="lyrics", unit="track"):
            track_id, title, artist = track["track_id"], track["title"], track["artist"]
            if records.read(folder, track_id):
                continue
            client = client or _connect()
            if not title or not artist or title == track_id:
                failed.append((track_id, "title or artist is unknown"))
                continue
            try:
                records.write(folder, track_id, _find(client, title, artist))
                in_a_row = 0
            except _Failed as failure:
                failed.append((track_id, f"Genius gave {failure}"))
                in_a_row += 1
                if str(failure) == "status 429" or in_a_row == _FAILURES:
                    raise UserError(
                        f"Genius gave {failure}, time after time: what was found is kept; run "
                        "again later to go on from there"
                    ) from None
    return pd.DataFrame(failed, columns=["track_id", "reason"])


def _connect() -> Genius:
    token = os.environ.get(TOKEN, "").strip()
    if not token:
        raise UserError(
            f"{TOKEN} is not set: make a client on genius.com/api-clients, and put its access "
            "token into this environment variable"
        )
    if not re.fullmatch(r"[\w.~+/=-]+", token, re.ASCII):
        raise UserError(f"{TOKEN} holds characters that no access token has: copy it anew")
    from lyricsgenius import Genius

    client = Genius(token, sleep_time=_INTERVAL, timeout=_TIMEOUT, retries=0)
    retry = Retry(
        _RETRIES,
        status_forcelist=[429, *range(500, 600)],
        backoff_factor=_BACKOFF,
        retry_after_max=_PATIENCE,
        raise_on_status=False,  # `_check` looks at the last answer
    )
    for scheme in ("https://", "http://"):
        client._session.mount(scheme, HTTPAdapter(max_retries=retry))
    client._session.hooks["response"].append(_check)
    return client


def _check(response: requests.Response, **_: object) -> None:
    """Look at every answer first: lyricsgenius takes a page of an error for lyrics."""
    status = response.status_code
    # only requests to the API carry a token; the pages of songs are open to all
    if status in (401, 403) and "authorization" in response.request.headers:
        raise UserError(
            f"Genius refuses the access token in {TOKEN} (status {status}): look whether it is "
            "complete and still valid; what was found is kept"
        )
    if status >= 400:
        raise _Failed(f"status {status}")


def _find(client: Genius, title: str, artist: str) -> dict:
    """Find the lyrics of a song; fail with a reason that repeats nothing of the answer."""
    try:
        hits = client.search_songs(f"{title} {artist}", per_page=5)["hits"]
        songs = [_song(hit["result"], title, artist) for hit in hits]
        song = max(songs, key=lambda song: song["similarity"], default=None)
        if song is None or song["similarity"] < THRESHOLD:
            return {"text": "", "reason": "no song of this title and artist"}
        if song.pop("instrumental"):
            return song | {"text": "", "reason": "instrumental"}
        words = client.lyrics(song_url=song["url"]) or ""
    except (UserError, _Failed):
        raise
    except (AssertionError, KeyError, TypeError, ValueError, AttributeError):
        # lyricsgenius asserts; and an answer may be no JSON, or JSON that is not about songs
        raise _Failed("an answer of another form") from None
    except requests.RequestException as error:
        raise _Failed(f"no answer ({type(error).__name__})") from None
    words = sources.clean(_EMBED.sub("", words))
    return song | {"text": words, "reason": "" if words else "its page has no lyrics"}


def _song(song: dict, title: str, artist: str) -> dict:
    """What we keep of a song, and how alike it is called to the one that we look for."""
    other_title, other_artist = str(song["title"]), str(song["primary_artist"]["name"])
    return {
        "title": other_title,
        "artist": other_artist,
        "url": str(song["url"]),
        "instrumental": bool(song.get("instrumental")),
        "similarity": round(similarity(title, artist, other_title, other_artist), 3),
    }


def similarity(title: str, artist: str, other_title: str, other_artist: str) -> float:
    """Tell from 0 to 1 how alike two songs are called, in title and artist both."""
    pairs = (title, other_title), (artist, other_artist)
    return min(SequenceMatcher(None, _plain(a), _plain(b)).ratio() for a, b in pairs)


def _plain(name: str) -> str:
    """Leave out what does not count: case, punctuation, notes in brackets and guests (feat.)."""
    name = unicodedata.normalize("NFKC", name).casefold()
    short = _EXTRA.sub("", name)
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in short)
    return " ".join("".join(kept).split()) or name
