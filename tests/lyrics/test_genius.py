import json
import logging
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import filelock
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import UserError
from lib.lyrics import genius, records, sources

HANG_UP, SAY_NOTHING = "hang up", "say nothing"  # what a server in trouble can do, too
TOKEN = "s3cret-token_Of-ours"
SONGS = {
    f"Song {name}": f"[Verse 1]\nWords of {name}\nand more<br>[Chorus: Band]<br>la la"
    for name in ("One", "Two", "Three", "Four", "Five")
}


class Server:
    """Genius on this machine: its search and its pages, and whatever troubles a test asks for."""

    def __init__(self):
        self.token = TOKEN
        self.troubles: list = []  # what to answer instead, request by request; None: as usual
        self.asked: list[str] = []
        self.closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, request):
        url = urlsplit(request.path)
        search = url.path == "/api/search"
        query = parse_qs(url.query).get("q", [""])[0]
        self.asked.append(query if search else url.path)
        trouble = self.troubles.pop(0) if self.troubles else None
        if callable(trouble):
            trouble = trouble(self.asked[-1])
        if trouble == HANG_UP:
            request.close_connection = True
            return
        if trouble == SAY_NOTHING:
            self.closing.wait(600)
            return
        status, body, headers = trouble or (200, None, {})
        given = request.headers.get("Authorization")
        if search and given != f"Bearer {self.token}":
            status, body = 401, json.dumps({"error": f"the token {given} is wrong"})
        if body is None:
            body = self.search(query) if search else self.page(url.path)
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body.encode())

    def search(self, query):
        hits = [
            {"title": title, "primary_artist": {"name": "The Band"},
             "url": f"https://genius.com/{title.replace(' ', '-')}", "instrumental": False}
            for title in SONGS
        ]  # fmt: skip
        return json.dumps({"response": {"hits": [{"result": hit} for hit in hits]}})

    def page(self, path):
        words = SONGS[path.removeprefix("/").replace("-", " ")].replace("\n", "<br>")
        return f'<html><div data-lyrics-container="true">{words}</div>12Embed</html>'

    @property
    def searched(self):
        return [query.removesuffix(" The Band") for query in self.asked if query[0] != "/"]


@pytest.fixture
def server(monkeypatch):
    from lyricsgenius.api.base import Sender

    server = Server()
    monkeypatch.setattr(Sender, "API_ROOT", f"{server.url}api/")
    monkeypatch.setattr(Sender, "WEB_ROOT", server.url)
    monkeypatch.setenv(genius.TOKEN, TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name, value in (("_INTERVAL", 0.0), ("_BACKOFF", 0.001), ("_TIMEOUT", 60)):
        monkeypatch.setattr(genius, name, value)
    yield server
    server.closing.set()
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def tracks() -> pd.DataFrame:
    titles = list(SONGS)
    return pd.DataFrame({"track_id": list("abcde"), "title": titles, "artist": "The Band"})


def found(folder) -> dict[str, dict]:
    return {i: record for i in "abcdexy" if (record := records.read(folder / "genius", i))}


def answer(status, body=None, **headers):
    return status, body, headers


def test_lyrics_are_found_and_their_headers_stripped(server, tracks, tmp_path):
    failed = genius.fetch(tracks, tmp_path)
    assert failed.empty
    table = sources.load(tracks, tmp_path)
    assert set(table["source"]) == {"genius"}
    assert table["text"][0] == "Words of One\nand more\n\nla la"
    assert found(tmp_path)["b"]["similarity"] == 1


def test_finished_tracks_are_not_asked_for_again(server, tracks, tmp_path):
    genius.fetch(tracks[:3], tmp_path)
    server.asked.clear()
    genius.fetch(tracks, tmp_path)
    assert server.searched == ["Song Four", "Song Five"]
    server.asked.clear()
    genius.fetch(tracks, tmp_path)
    assert server.asked == []


def test_what_earlier_versions_found_is_kept(server, tracks, tmp_path):
    lines = [{"track_id": "a", "text": "old"}, {"track_id": "a", "text": "later\u2028words"}]
    written = [*(json.dumps(line, ensure_ascii=False) for line in lines), "[1]", '{"track_id": "b']
    (tmp_path / "genius.jsonl").write_text("\n".join(written), "utf-8")
    assert genius.fetch(tracks[:2], tmp_path).empty
    assert server.searched == ["Song Two"]
    table = sources.load(tracks, tmp_path)
    assert table["text"][0] == "later words"
    assert table["text"][1].startswith("Words of Two")


def test_two_runs_do_not_ask_at_once(server, tracks, tmp_path):
    with (
        filelock.FileLock(tmp_path / ".genius.lock"),
        pytest.raises(UserError, match=r"another run is writing to .*genius: wait") as error,
    ):
        genius.fetch(tracks, tmp_path)
    assert "\n" not in str(error.value)
    assert server.asked == []
    assert genius.fetch(tracks, tmp_path).empty


def test_another_song_is_not_taken_for_ours(server, tmp_path):
    names = {"title": ["Song One", "Altogether"], "artist": ["Quartet", "The Band"]}
    tracks = pd.DataFrame({"track_id": ["x", "y"], **names})
    assert genius.fetch(tracks, tmp_path).empty
    reasons = {record["reason"] for record in found(tmp_path).values()}
    assert reasons == {"no song of this title and artist"}
    server.asked.clear()
    genius.fetch(tracks, tmp_path)
    assert server.asked == []  # that there is none is an answer too


def test_tracks_without_a_name_cannot_be_asked_for(server, tmp_path):
    tracks = pd.DataFrame({"track_id": ["a", "b"], "title": ["", "b"], "artist": ["x", "x"]})
    failed = genius.fetch(tracks, tmp_path)
    assert set(failed["reason"]) == {"title or artist is unknown"} and server.asked == []


@pytest.mark.parametrize(
    "trouble",
    [
        answer(429, "", **{"Retry-After": "0"}),
        answer(500, "oh"),
        answer(503, ""),
        HANG_UP,
    ],
)
def test_passing_trouble_is_waited_out(server, tracks, tmp_path, trouble):
    server.troubles = [trouble, trouble]
    assert genius.fetch(tracks[:1], tmp_path).empty
    assert found(tmp_path)["a"]["text"]
    assert server.searched == ["Song One"] * 3


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (answer(401, "the token is wrong"), r"refuses the access token in GENIUS_ACCESS_TOKEN \(s"),
        (answer(429, ""), "gave status 429, time after time: what was found is kept; run again"),
        (answer(500, ""), "gave status 500, time after time"),
        (HANG_UP, r"gave no answer \(ConnectionError\), time after time"),
        (answer(200, "<html>"), "gave an answer of another form, time after time"),
        (answer(200, '{"response": {"hi'), "gave an answer of another form, time after time"),
        (answer(200, '{"response": {"hits": 3}}'), "gave an answer of another form, time after"),
        (answer(200, "[]"), "gave an answer of another form, time after time"),
        (answer(204, ""), "gave an answer of another form, time after time"),
    ],
)
def test_lasting_trouble_ends_in_a_line_and_a_later_resume(
    server, tracks, tmp_path, trouble, message
):
    server.troubles = [None] * 4 + [trouble] * 100  # two songs come through
    with pytest.raises(UserError, match=message) as error:
        genius.fetch(tracks, tmp_path)
    assert "\n" not in str(error.value)
    assert set(found(tmp_path)) == {"a", "b"}
    server.troubles, server.asked = [], []
    assert genius.fetch(tracks, tmp_path).empty
    assert server.searched == ["Song Three", "Song Four", "Song Five"]
    assert (sources.load(tracks, tmp_path)["source"] == "genius").all()


def test_refused_token_is_not_tried_again(server, tracks, tmp_path):
    server.token = "another"
    with pytest.raises(UserError, match="look whether it is complete"):
        genius.fetch(tracks, tmp_path)
    assert len(server.asked) == 1


def test_a_server_that_says_nothing_is_given_up(server, tracks, tmp_path, monkeypatch):
    monkeypatch.setattr(genius, "_TIMEOUT", 0.02)
    server.troubles = [SAY_NOTHING] * 100
    with pytest.raises(UserError, match=r"gave no answer \(.*\), time after time"):
        genius.fetch(tracks, tmp_path)


def test_no_server_at_all(server, tracks, tmp_path, monkeypatch):
    server.http.server_close()
    with pytest.raises(UserError, match=r"no answer \(ConnectionError\), time after time"):
        genius.fetch(tracks, tmp_path)


def test_one_bad_track_costs_that_track(server, tracks, tmp_path):
    def only_three(asked):
        return answer(500, "") if "Three" in asked else None

    server.troubles = [only_three] * 100
    failed = genius.fetch(tracks, tmp_path)
    assert failed.to_dict("records") == [{"track_id": "c", "reason": "Genius gave status 500"}]
    server.troubles = []
    server.asked = []
    assert genius.fetch(tracks, tmp_path).empty
    assert server.searched == ["Song Three"]


def test_page_of_an_error_is_no_lyrics(server, tracks, tmp_path):
    server.troubles = [None, answer(404, "<div data-lyrics-container='true'>Oops</div>")]
    failed = genius.fetch(tracks[:1], tmp_path)
    assert failed["reason"].tolist() == ["Genius gave status 404"]
    assert found(tmp_path) == {}


def test_server_is_not_hurried(server, tracks, tmp_path, monkeypatch):
    """Between requests the interval; before a retry a doubled pause, or what is asked for."""
    naps = []
    for name, value in (("_INTERVAL", 3.0), ("_BACKOFF", 1.0)):
        monkeypatch.setattr(genius, name, value)
    monkeypatch.setattr(time, "sleep", naps.append)
    short, long = (answer(429, "", **{"Retry-After": wait}) for wait in ("7", "604800"))
    server.troubles = [answer(500, ""), answer(500, ""), short, long]
    genius.fetch(tracks[:1], tmp_path)
    assert naps == [2.0, 7, 120, 3.0, 3.0]  # urllib3 makes its first retry at once


@pytest.mark.parametrize("status", [200, 401, 429, 500])
def test_token_is_nowhere(server, tracks, tmp_path, status, caplog, capfd):
    """Not in files, logs, on the screen, or in an error; though the server itself repeats it."""
    caplog.set_level(logging.DEBUG)
    echo = f"Authorization: Bearer {TOKEN}"
    if status != 200:
        server.troubles = [answer(status, echo, Echo=echo)] * 100
    try:
        genius.fetch(tracks, tmp_path)
        told = ""
    except UserError as error:
        told = "".join(traceback.format_exception(error)) + repr(error)
    assert bool(told) == (status != 200)
    shown = capfd.readouterr()
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()).decode()
    assert caplog.text
    for place in (told, shown.out, shown.err, caplog.text, written):
        assert TOKEN not in place


def test_token_comes_from_the_environment_alone(tracks, tmp_path, monkeypatch):
    monkeypatch.delenv(genius.TOKEN, raising=False)
    with pytest.raises(UserError, match="GENIUS_ACCESS_TOKEN is not set"):
        genius.fetch(tracks, tmp_path)
    monkeypatch.setenv(genius.TOKEN, "two words\nand a line")
    with pytest.raises(UserError, match="holds characters that no access token has") as error:
        genius.fetch(tracks, tmp_path)
    assert "two words" not in str(error.value)


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        (("Yellow Lamp", "The Band"), ("yellow lamp!", "the band"), True),
        (("Yellow Lamp", "The Band"), ("Yellow Lamp (Live) [feat. X]", "The Band ft. Y"), True),
        (("Yellow Lamp", "The Band"), ("Yellow Lamp - 2011 Remaster", "The Band"), True),
        (("নদীর গান", "কবি"), ("নদীর গান", "কবি"), True),
        (("কুল", "কবি"), ("কাল", "কবি"), False),  # the vowel signs count
        (("Yellow Lamp", "The Band"), ("Yellow Lamp", "Someone Else"), False),
        (("Yellow Lamp", "The Band"), ("Green Door", "The Band"), False),
        (("(Live)", "X"), ("[Demo]", "X"), False),
    ],
)
def test_similarity(ours, theirs, same):
    assert (genius.similarity(*ours, *theirs) >= genius.THRESHOLD) == same


@given(st.text(), st.text(), st.text(), st.text())
def test_similarity_is_a_share(title, artist, other_title, other_artist):
    assert 0 <= genius.similarity(title, artist, other_title, other_artist) <= 1
    assert genius.similarity(title, artist, title, artist) == 1
