import contextlib
import errno
import hashlib
import io
import re
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import filelock
import numpy as np
import pytest

from lib import ROOT
from lib.corpora import download
from lib.errors import UserError

SONG = np.random.default_rng(0).bytes(600_000)  # like mp3: it cannot be compressed


class Server(ThreadingHTTPServer):
    """Serves one file on the loopback, with the faults that a test wants.

    Each request takes the next fault: a status, or after how many bytes to hang up. When there are
    no more, all is well. ``asked`` keeps the Range header of each request.
    """

    daemon_threads = True

    def __init__(self, body, ranges):
        super().__init__(("127.0.0.1", 0), Handler)
        self.body, self.ranges, self.faults, self.asked = body, ranges, [], []
        self.shift = 0  # how far its Content-Range is from the truth
        self.silent_after = None  # after how many bytes it says no more, but does not hang up
        self.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/songs.zip"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers["Range"]
        server.asked.append(asked)
        fault = server.faults.pop(0) if server.faults else None
        if fault and fault < 1000:
            return self.send_error(fault)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and server.ranges else 0
        if start and start >= len(server.body):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        if start:
            size = len(server.body)
            self.send_header("Content-Range", f"bytes {start + server.shift}-{size - 1}/{size}")
        self.send_header("Content-Length", str(len(server.body) - start))
        self.end_headers()
        if server.silent_after:
            self.wfile.write(server.body[: server.silent_after])
            server.closing.wait(600)
            return
        end = min(start + fault, len(server.body)) if fault else len(server.body)
        self.wfile.write(server.body[start:end])
        self.close_connection = True

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(body, ranges=True):
    server = Server(body, ranges)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture(autouse=True)
def _nearby(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "_PAUSE", 0.001)


def make_zip(members, **kwargs):
    """Return a zip archive of (name or ZipInfo, content) pairs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **kwargs) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


SONGS = make_zip([("songs/README.txt", "songs"), ("songs/000/000002.mp3", SONG)])


def archive_at(server, sha1=None):
    sha1 = sha1 or hashlib.sha1(server.body).hexdigest()
    return download.Archive(server.url, sha1, len(server.body))


def downloaded(archive, folder):
    path = folder / archive.name
    download._download(archive, path)
    return path


def names(folder):
    return sorted(p.name for p in folder.iterdir() if p.name != ".fetch.lock")


def test_an_archive_is_downloaded_and_unpacked_once(tmp_path):
    with serving(SONGS) as server:
        archive = archive_at(server)
        for _ in range(2):
            assert download.fetch(archive, tmp_path / "new") == tmp_path / "new/songs"
        assert (tmp_path / "new/songs/000/000002.mp3").read_bytes() == SONG
        assert names(tmp_path / "new") == ["songs", "songs.zip"]
        (tmp_path / "new/songs.zip").unlink()
        download.fetch(archive, tmp_path / "new")
        assert server.asked == [None]


def test_only_the_rest_is_asked_for_after_a_disconnect(tmp_path):
    with serving(SONGS) as server:
        server.faults = [200_000, 200_000, 503, 100_000]
        path = downloaded(archive_at(server), tmp_path)
        assert path.read_bytes() == SONGS
        starts = [int(r.removeprefix("bytes=").removesuffix("-")) for r in server.asked[1:]]
        assert server.asked[0] is None and len(starts) == 4
        # what had come is kept but for less than a piece of 64 KiB; the 503 brought nothing
        assert 200_000 - 65_536 < starts[0] <= 200_000
        assert starts[0] < starts[1] == starts[2] < starts[3]
    assert names(tmp_path) == ["songs.zip"]


def test_a_later_run_goes_on_where_a_killed_one_stopped(tmp_path):
    (tmp_path / "songs.zip.part").write_bytes(SONGS[:123_456])
    with serving(SONGS) as server:
        assert downloaded(archive_at(server), tmp_path).read_bytes() == SONGS
        assert server.asked == ["bytes=123456-"]


def test_a_part_that_is_already_whole_is_only_checked(tmp_path):
    (tmp_path / "songs.zip.part").write_bytes(SONGS)
    with serving(SONGS) as server:
        assert downloaded(archive_at(server), tmp_path).read_bytes() == SONGS
        assert server.asked == [f"bytes={len(SONGS)}-"]


def test_a_server_without_ranges_starts_over(tmp_path):
    with serving(SONGS, ranges=False) as server:
        server.faults = [200_000]
        assert downloaded(archive_at(server), tmp_path).read_bytes() == SONGS
        assert len(server.asked) == 2 and server.asked[1].startswith("bytes=")


def test_an_answer_from_another_place_is_not_appended(tmp_path):
    (tmp_path / "songs.zip.part").write_bytes(SONGS[:1000])
    with serving(SONGS) as server:
        server.shift = 1
        with pytest.raises(UserError, match="SHA-1"):
            downloaded(archive_at(server), tmp_path)
    assert (tmp_path / "songs.zip.corrupt").read_bytes() == SONGS[1000:]


def test_what_came_is_kept_when_the_server_fails_for_long(tmp_path):
    with serving(SONGS) as server:
        server.faults = [200_000] + [500] * 20
        with pytest.raises(UserError, match=r"status 500.*songs\.zip\.part.*run again") as error:
            downloaded(archive_at(server), tmp_path)
        assert len(server.asked) == 1 + download._RETRIES
        assert "\n" not in str(error.value)
        server.faults = []
        assert downloaded(archive_at(server), tmp_path).read_bytes() == SONGS


def test_a_server_that_is_not_there_is_given_up(tmp_path):
    with serving(SONGS) as server:
        archive = archive_at(server)
    with pytest.raises(UserError, match="the server fails"):
        downloaded(archive, tmp_path)


def test_a_refusal_is_final(tmp_path):
    with serving(SONGS) as server:
        server.faults = [404] * 9
        with pytest.raises(UserError, match=r"songs\.zip.*refuses it \(status 404\)"):
            downloaded(archive_at(server), tmp_path)
        assert len(server.asked) == 1
    assert names(tmp_path) == []


def test_a_wrong_sum_is_set_aside_and_never_unpacked(tmp_path):
    with serving(SONGS) as server:
        wrong = archive_at(server, sha1="0" * 40)
        for _ in range(2):
            with pytest.raises(UserError, match=r"SHA-1.*songs\.zip\.corrupt") as error:
                download.fetch(wrong, tmp_path)
            assert "\n" not in str(error.value)
        assert names(tmp_path) == ["songs.zip.corrupt"]
        assert (tmp_path / "songs.zip.corrupt").read_bytes() == SONGS
        # an archive that someone put there is checked as well
        (tmp_path / "songs.zip").write_bytes(SONGS[:-1])
        with pytest.raises(UserError, match="SHA-1"):
            download.fetch(archive_at(server), tmp_path)
        assert download.fetch(archive_at(server), tmp_path).is_dir()


def test_the_space_is_checked_before_anything_is_asked(tmp_path, monkeypatch):
    usage = download.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage._replace(free=2**30))
    with serving(SONGS) as server:
        big = download.Archive(server.url, "0" * 40, 2**40)
        with pytest.raises(UserError, match=r"songs\.zip needs 2048\.0 GiB, but only 1\.0 GiB"):
            download.fetch(big, tmp_path)
        assert server.asked == []


def test_a_file_in_the_place_of_the_folder_is_named_before_anything_is_asked(tmp_path):
    (tmp_path / "songs").write_text("a file")
    with serving(SONGS) as server:
        with pytest.raises(UserError, match=r"songs must be a folder, but is a file: move it away"):
            download.fetch(archive_at(server), tmp_path)
        assert server.asked == []


def test_two_runs_do_not_meet(tmp_path):
    with (
        serving(SONGS) as server,
        filelock.FileLock(tmp_path / ".fetch.lock"),
        pytest.raises(UserError, match="another run is fetching"),
    ):
        download.fetch(archive_at(server), tmp_path)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file.* cannot be written"):
        download.fetch(download.Archive("http://127.0.0.1:9/songs.zip", "", 1), tmp_path / "file")


def test_a_run_that_was_killed_loses_next_to_nothing(tmp_path):
    """A process that is killed while the server is silent has stored what had come."""
    script = (
        "import sys, pathlib; from lib.corpora import download;"
        "download._download(download.Archive(*sys.argv[1:3], 0), pathlib.Path(sys.argv[3]))"
    )
    part = tmp_path / "songs.zip.part"
    with serving(SONGS) as server:
        server.silent_after, archive = 300_000, archive_at(server)
        archived = (archive.url, archive.sha1, str(tmp_path / "songs.zip"))
        command = [sys.executable, "-c", script, *archived]
        run = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        try:
            while not part.exists() or part.stat().st_size < 200_000:
                assert run.poll() is None
                time.sleep(0.01)
        finally:
            run.kill()
            run.wait(600)
        kept = part.stat().st_size
        server.silent_after = None
        assert downloaded(archive, tmp_path).read_bytes() == SONGS
        assert server.asked == [None, f"bytes={kept}-"]


# --- unpacking ---------------------------------------------------------------------------------


def unpacked(folder, body):
    (folder / "songs.zip").write_bytes(body)
    return download.fetch(download.Archive("/songs.zip", hashlib.sha1(body).hexdigest(), 0), folder)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_all_usual_methods_are_unpacked(tmp_path, method):
    body = make_zip(
        [("songs/", ""), ("songs/a.mp3", SONG), ("songs/empty", "")], compression=method
    )
    folder = unpacked(tmp_path, body)
    assert (folder / "a.mp3").read_bytes() == SONG and (folder / "empty").read_bytes() == b""
    assert names(tmp_path) == ["songs", "songs.zip"]


@pytest.mark.parametrize("name", ["other/evil", "/tmp/evil", "../evil", "evil"])
def test_what_lies_elsewhere_is_refused_and_leaves_nothing(tmp_path, name):
    home = tmp_path / "deep" / "home"
    home.mkdir(parents=True)
    with pytest.raises(UserError, match=r"evil' does not lie in songs/") as error:
        unpacked(home, make_zip([("songs/a", "x"), (name, "x")]))
    assert "\n" not in str(error.value)
    assert names(home) == ["songs.zip"] and not list(tmp_path.rglob("*evil*"))


def test_unpacking_goes_on_where_it_stopped(tmp_path, monkeypatch):
    members = [(f"songs/{i:03d}.mp3", SONG[i * 1000 : (i + 1) * 1000]) for i in range(20)]
    extract = zipfile.ZipFile.extract

    def on_full_disk(content, member, folder):
        if member.filename >= "songs/012.mp3":
            (folder / member.filename).write_bytes(SONG[:500])
            raise OSError(errno.ENOSPC, "No space left on device")
        return extract(content, member, folder)

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "extract", on_full_disk)
        with pytest.raises(UserError, match="cannot be written: No space left on device"):
            unpacked(tmp_path, make_zip(members))
    assert not (tmp_path / "songs").exists()
    before = (tmp_path / ".songs.unpacking/songs/000.mp3").stat().st_mtime_ns
    folder = unpacked(tmp_path, make_zip(members))
    assert {f"songs/{p.name}": p.read_bytes() for p in folder.iterdir()} == dict(members)
    assert (folder / "000.mp3").stat().st_mtime_ns == before
    assert names(tmp_path) == ["songs", "songs.zip"]


def test_the_space_for_the_content_is_checked(tmp_path, monkeypatch):
    usage = download.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(UserError, match=r"unpacking songs\.zip needs"):
        unpacked(tmp_path, SONGS)
    assert names(tmp_path) == ["songs.zip"]


def flipped(body, at):
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


@pytest.mark.parametrize(
    "body",
    [
        flipped(SONGS, SONGS.index(SONG) + 1000),
        SONGS[:-100],
        flipped(make_zip([("songs/a", b"la " * 9999)], compression=zipfile.ZIP_DEFLATED), 60),
    ],
)
def test_a_fault_of_the_archive_is_one_line_and_leaves_no_file_of_the_right_size(tmp_path, body):
    with pytest.raises(UserError, match=r"songs\.zip cannot be unpacked \(.*delete it") as error:
        unpacked(tmp_path, body)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "songs").exists()
    (tmp_path / "songs.zip").unlink()
    folder = unpacked(tmp_path, SONGS)
    assert (folder / "000/000002.mp3").read_bytes() == SONG


def test_what_an_unpacked_folder_lost_is_unpacked_again_from_the_archive_beside_it(tmp_path):
    folder = unpacked(tmp_path, make_zip([(f"songs/{name}", SONG) for name in "abc"]))
    (folder / "a").unlink()
    (folder / "b").write_bytes(SONG[:9])
    (folder / "mine").write_bytes(b"kept")
    before = (folder / "c").stat().st_mtime_ns
    download.fetch(download.Archive("/songs.zip", "", 0), tmp_path)
    assert [(folder / name).read_bytes() for name in "abc"] == [SONG] * 3
    assert (folder / "c").stat().st_mtime_ns == before
    assert names(folder) == ["a", "b", "c", "mine"]
    assert names(tmp_path) == ["songs", "songs.zip"]
