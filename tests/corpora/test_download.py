import contextlib
import errno
import hashlib
import io
import re
import stat
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import filelock
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import ROOT
from lib.corpora import download, unpack
from lib.errors import UserError

PAUSE = 0.001
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
            server.closing.wait(60)
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
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


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


def names(folder):
    return sorted(p.name for p in folder.iterdir() if p.name != ".fetch.lock")


def test_an_archive_is_downloaded_and_unpacked_once(tmp_path):
    with serving(SONGS) as server:
        archive = archive_at(server)
        for _ in range(2):
            assert download.fetch(archive, tmp_path / "new", pause=PAUSE) == tmp_path / "new/songs"
        assert (tmp_path / "new/songs/000/000002.mp3").read_bytes() == SONG
        assert names(tmp_path / "new") == ["songs", "songs.zip"]
        (tmp_path / "new/songs.zip").unlink()
        download.fetch(archive, tmp_path / "new", pause=PAUSE)
        assert server.asked == [None]


def test_only_the_rest_is_asked_for_after_a_disconnect(tmp_path):
    with serving(SONGS) as server:
        server.faults = [200_000, 200_000, 503, 100_000]
        path = download.download(archive_at(server), tmp_path, pause=PAUSE)
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
        assert download.download(archive_at(server), tmp_path).read_bytes() == SONGS
        assert server.asked == ["bytes=123456-"]


def test_a_part_that_is_already_whole_is_only_checked(tmp_path):
    (tmp_path / "songs.zip.part").write_bytes(SONGS)
    with serving(SONGS) as server:
        assert download.download(archive_at(server), tmp_path).read_bytes() == SONGS
        assert server.asked == [f"bytes={len(SONGS)}-"]


def test_a_server_without_ranges_starts_over(tmp_path):
    with serving(SONGS, ranges=False) as server:
        server.faults = [200_000]
        assert download.download(archive_at(server), tmp_path, pause=PAUSE).read_bytes() == SONGS
        assert len(server.asked) == 2 and server.asked[1].startswith("bytes=")


def test_an_answer_from_another_place_is_not_appended(tmp_path):
    (tmp_path / "songs.zip.part").write_bytes(SONGS[:1000])
    with serving(SONGS) as server:
        server.shift = 1
        with pytest.raises(UserError, match="SHA-1"):
            download.download(archive_at(server), tmp_path, pause=PAUSE)
    assert (tmp_path / "songs.zip.corrupt").read_bytes() == SONGS[1000:]


def test_what_came_is_kept_when_the_server_fails_for_long(tmp_path):
    with serving(SONGS) as server:
        server.faults = [200_000] + [500] * 20
        with pytest.raises(UserError, match=r"status 500.*songs\.zip\.part.*run again") as error:
            download.download(archive_at(server), tmp_path, pause=PAUSE)
        assert len(server.asked) == 1 + download.RETRIES
        assert "\n" not in str(error.value)
        server.faults = []
        assert download.download(archive_at(server), tmp_path).read_bytes() == SONGS


def test_a_server_that_is_not_there_is_given_up(tmp_path):
    with serving(SONGS) as server:
        archive = archive_at(server)
    with pytest.raises(UserError, match="the server fails"):
        download.download(archive, tmp_path, pause=PAUSE)


def test_a_refusal_is_final(tmp_path):
    with serving(SONGS) as server:
        server.faults = [404] * 9
        with pytest.raises(UserError, match=r"songs\.zip.*refuses it \(status 404\)"):
            download.download(archive_at(server), tmp_path, pause=PAUSE)
        assert len(server.asked) == 1
    assert names(tmp_path) == []


def test_a_wrong_sum_is_set_aside_and_never_unpacked(tmp_path):
    with serving(SONGS) as server:
        wrong = archive_at(server, sha1="0" * 40)
        for _ in range(2):
            with pytest.raises(UserError, match=r"SHA-1.*songs\.zip\.corrupt") as error:
                download.fetch(wrong, tmp_path, pause=PAUSE)
            assert "\n" not in str(error.value)
        assert names(tmp_path) == ["songs.zip.corrupt", "songs.zip.corrupt.2"]
        assert (tmp_path / "songs.zip.corrupt").read_bytes() == SONGS
        # an archive that someone put there is checked as well
        (tmp_path / "songs.zip").write_bytes(SONGS[:-1])
        with pytest.raises(UserError, match="SHA-1"):
            download.fetch(archive_at(server), tmp_path, pause=PAUSE)
        assert download.fetch(archive_at(server), tmp_path, pause=PAUSE).is_dir()


def test_the_space_is_checked_before_anything_is_asked(tmp_path, monkeypatch):
    usage = unpack.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(unpack.shutil, "disk_usage", lambda _: usage._replace(free=2**30))
    with serving(SONGS) as server:
        big = download.Archive(server.url, "0" * 40, 2**40)
        with pytest.raises(UserError, match=r"songs\.zip needs 2048\.0 GiB, but only 1\.0 GiB"):
            download.fetch(big, tmp_path)
        assert server.asked == []


def test_a_file_in_the_place_of_the_folder_is_named_before_anything_is_asked(tmp_path):
    (tmp_path / "songs").write_text("a file")
    with serving(SONGS) as server:
        with pytest.raises(UserError, match=r"songs must be a folder, but is a file: move it away"):
            download.fetch(archive_at(server), tmp_path, pause=PAUSE)
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
        "download.download(download.Archive(*sys.argv[1:3], 0), pathlib.Path(sys.argv[3]))"
    )
    part = tmp_path / "songs.zip.part"
    with serving(SONGS) as server:
        server.silent_after, archive = 300_000, archive_at(server)
        command = [sys.executable, "-c", script, archive.url, archive.sha1, str(tmp_path)]
        run = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 60
            while not part.exists() or part.stat().st_size < 200_000:
                assert run.poll() is None and time.monotonic() < deadline
                time.sleep(0.01)
        finally:
            run.kill()
            run.wait(10)
        kept = part.stat().st_size
        server.silent_after = None
        assert download.download(archive, tmp_path, pause=PAUSE).read_bytes() == SONGS
        assert server.asked == [None, f"bytes={kept}-"]


# --- unpacking ---------------------------------------------------------------------------------


def unpacked(folder, body):
    (folder / "songs.zip").write_bytes(body)
    return unpack.unpack(folder / "songs.zip", folder)


@pytest.mark.parametrize("method", ["ZIP_STORED", "ZIP_DEFLATED", "ZIP_BZIP2"])
def test_all_methods_are_unpacked(tmp_path, method):
    body = make_zip([("songs/", ""), ("songs/a.mp3", SONG)], compression=getattr(zipfile, method))
    assert (unpacked(tmp_path, body) / "a.mp3").read_bytes() == SONG
    assert names(tmp_path) == ["songs", "songs.zip"]


def special(name, kind):
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o777) << 16
    return info


EVIL = {
    "parent": ([("songs/../../evil", "x")], "leads outside"),
    "absolute": ([("/tmp/evil", "x")], "leads outside"),
    "drive": ([("C:/evil", "x")], "leads outside"),
    "backslash": ([("songs/..\\..\\evil", "x")], "leads outside"),
    "elsewhere": ([("other/evil", "x")], "leads outside"),
    "link": ([(special("songs/link", stat.S_IFLNK), "/etc"), ("songs/link/evil", "x")], "a link"),
    "device": ([(special("songs/device", stat.S_IFCHR), "")], "a link or a device"),
    "case": ([("songs/a", "x"), ("songs/A", "y")], "stands there twice"),
    "file is folder": ([("songs/a", "x"), ("songs/a/b", "y")], "cannot be"),
    "no folder": ([("songs", "x")], "must be a folder"),
    "nothing": ([], "holds no file"),
}


@pytest.mark.parametrize("members, message", EVIL.values(), ids=EVIL)
def test_an_evil_archive_is_refused_and_leaves_nothing(tmp_path, members, message):
    home = tmp_path / "deep" / "home"
    home.mkdir(parents=True)
    with pytest.raises(UserError, match=message) as error:
        unpacked(home, make_zip(members))
    assert "\n" not in str(error.value)
    assert not (home / "songs").exists()
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize("method", ["ZIP_DEFLATED", "ZIP_BZIP2"])
def test_a_bomb_is_refused_before_anything_is_written(tmp_path, method):
    bomb = make_zip([("songs/a", bytes(30_000_000))], compression=getattr(zipfile, method))
    assert len(bomb) < 100_000
    with pytest.raises(UserError, match="claim to hold 30,000,000"):
        unpacked(tmp_path, bomb)
    assert names(tmp_path) == ["songs.zip"]


@pytest.mark.parametrize("method", ["ZIP_DEFLATED", "ZIP_BZIP2"])
def test_a_bomb_that_lies_about_its_size_writes_no_more_than_it_declares(tmp_path, method):
    bomb = make_zip([("songs/a", bytes(30_000_000))], compression=getattr(zipfile, method))
    lying = bomb.replace(struct.pack("<I", 30_000_000), struct.pack("<I", 1000))
    assert lying.count(struct.pack("<I", 1000)) == 2  # in the header and in the directory
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=r"cannot be unpacked: .*songs/a"):
            unpacked(tmp_path, lying)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000  # the content is never there at once
    finally:
        tracemalloc.stop()
    assert not (tmp_path / "songs").exists()
    assert sum(p.stat().st_size for p in tmp_path.rglob("a")) <= 1000


@pytest.mark.parametrize("at", [0.3, 0.6, 0.99])
@pytest.mark.parametrize("method", ["ZIP_STORED", "ZIP_DEFLATED", "ZIP_BZIP2"])
def test_a_damaged_archive_gives_one_line(tmp_path, at, method):
    body = bytearray(make_zip([("songs/a", SONG)], compression=getattr(zipfile, method)))
    body[int(at * (len(body) - 200))] ^= 0xFF
    with pytest.raises(UserError, match="cannot be unpacked") as error:
        unpacked(tmp_path, bytes(body))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "songs").exists()


def test_a_cut_archive_an_unusual_and_an_encrypted_one(tmp_path):
    with pytest.raises(UserError, match="not a zip file"):
        unpacked(tmp_path, SONGS[:-100])
    with pytest.raises(UserError, match="is not stored, deflated or bzip2"):
        unpacked(tmp_path, make_zip([("songs/a", "x")], compression=zipfile.ZIP_LZMA))
    locked = bytearray(make_zip([("songs/a", "x")]))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UserError, match="encrypted"):
        unpacked(tmp_path, bytes(locked))


def test_unpacking_goes_on_where_it_stopped(tmp_path, monkeypatch):
    members = [(f"songs/{i:03d}.mp3", SONG[i * 1000 : (i + 1) * 1000]) for i in range(20)]
    whole = unpack._copy

    def on_full_disk(source, file, member):
        if member.filename >= "songs/012.mp3":
            file.write(source.read(500))
            raise OSError(errno.ENOSPC, "No space left on device", file.name)
        whole(source, file, member)

    with monkeypatch.context() as patch:
        patch.setattr(unpack, "_copy", on_full_disk)
        with pytest.raises(UserError, match=r"No space left on device: .*01\d\.mp3"):
            unpacked(tmp_path, make_zip(members))
    assert not (tmp_path / "songs").exists()
    (tmp_path / ".songs.unpacking/songs/003.mp3").write_bytes(bytes(1000))  # right in size only
    before = (tmp_path / ".songs.unpacking/songs/000.mp3").stat().st_mtime_ns
    folder = unpacked(tmp_path, make_zip(members))
    assert {f"songs/{p.name}": p.read_bytes() for p in folder.iterdir()} == dict(members)
    assert (folder / "000.mp3").stat().st_mtime_ns == before
    assert names(tmp_path) == ["songs", "songs.zip"]


def test_a_folder_that_lacks_something_is_not_taken_for_whole(tmp_path):
    folder = unpacked(tmp_path, SONGS)
    assert unpacked(tmp_path, SONGS) == folder
    (folder / "000/000002.mp3").write_bytes(b"short")
    with pytest.raises(UserError, match=r"000002\.mp3 is not as in songs\.zip: move .*songs away"):
        unpacked(tmp_path, SONGS)
    assert (folder / "000/000002.mp3").read_bytes() == b"short"


def test_the_space_for_the_content_is_checked(tmp_path, monkeypatch):
    usage = unpack.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(unpack.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(UserError, match=r"unpacking songs\.zip needs"):
        unpacked(tmp_path, SONGS)
    assert names(tmp_path) == ["songs.zip"]


@given(data=st.data())
@settings(max_examples=200)
def test_whatever_bytes_are_spoilt_nothing_but_a_user_error_comes(data, tmp_path_factory):
    method = data.draw(
        st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
    )
    text = b"track_id,title\n" * 20
    body = bytearray(make_zip([("songs/a", text), ("songs/b/c", b"")], compression=method))
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=4)):
        body[at] = data.draw(st.integers(0, 255))
    folder = tmp_path_factory.mktemp("home")
    try:
        unpacked(folder, bytes(body))
    except UserError as error:
        assert "\n" not in str(error)
        assert names(folder) in (["songs.zip"], [".songs.unpacking", "songs.zip"])
    else:
        assert names(folder) == ["songs", "songs.zip"]
        assert {p.read_bytes() for p in folder.rglob("*") if p.is_file()} <= {
            (folder / "songs.zip").read_bytes(), text, b""}  # fmt: skip
