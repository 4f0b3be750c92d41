import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import distributed
import numpy as np
import pandas as pd
import pytest
import soundfile

from lib import audio
from lib.audio import extraction, workers
from lib.errors import UserError

RATE = 22050
SCRIPT = """
import sys, pandas as pd
from lib.audio.extraction import extract
folder, cache, wide, jobs = sys.argv[1:]
tracks = pd.read_csv(folder + "/tracks.csv")
features = extract(tracks, cache=cache, wide=bool(int(wide)), jobs=int(jobs))
images = b"" if features.images is None else features.images.tobytes()
sys.stdout.buffer.write(features.vectors.to_numpy().tobytes() + images)
"""

KILLED = f"""
import os, signal
from lib.audio import extraction
work = extraction._describe_chunk
def deadly(*arguments, **parameters):
    work(*arguments, **parameters)
    os.killpg(0, signal.SIGKILL)  # the whole run, as soon as one of its processes wrote a shard
extraction._describe_chunk = deadly
{SCRIPT}"""


def noise(n: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(scale=0.1, size=(n, channels)).astype(np.float32)


def table(folder, *suffixes: str) -> pd.DataFrame:
    paths = sorted(str(path) for path in folder.iterdir() if path.suffix in suffixes)
    return pd.DataFrame({"track_id": [os.path.basename(path) for path in paths], "path": paths})


@pytest.fixture
def tracks(tmp_path) -> pd.DataFrame:
    """Thirty tracks of a second, all different, of which one is no audio."""
    folder = tmp_path / "music"
    folder.mkdir()
    for i in range(30):
        soundfile.write(folder / f"{i:02d}.wav", noise(RATE, seed=i), RATE)
    (folder / "07.wav").write_text("words")
    tracks = table(folder, ".wav")
    tracks.to_csv(folder / "tracks.csv", index=False)
    return tracks


@pytest.fixture
def computed(monkeypatch) -> list[str]:
    """Names of the files of which features are computed in this process."""
    names = []
    for kind in ("mfcc_features", "wide_features"):
        describe = getattr(extraction, kind)

        def spy(path, describe=describe):
            names.append(os.path.basename(path))
            return describe(path)

        monkeypatch.setattr(extraction, kind, spy)
    return names


def same(one: audio.Features, two: audio.Features) -> bool:
    return (
        one.vectors.equals(two.vectors)
        and np.array_equal(one.images, two.images)  # of the wide set there are none
        and one.skipped.equals(two.skipped)
    )


def test_a_track_costs_itself_alone_and_rows_are_in_order(tracks):
    shuffled = tracks.sample(frac=1, random_state=0)
    features = audio.extract(shuffled, jobs=1)
    assert list(features.vectors.index) == [t for t in shuffled["track_id"] if t != "07.wav"]
    assert list(features.vectors.columns) == audio.mfcc_columns()
    assert features.images.shape == (29, 20, 128)
    assert features.images.dtype == np.float32
    assert features.skipped["track_id"].tolist() == ["07.wav"]
    path = shuffled["path"].iloc[5]
    vector, image = extraction.mfcc_features(path)
    row = list(features.vectors.index).index(shuffled["track_id"].iloc[5])
    assert np.array_equal(features.vectors.to_numpy()[row], vector)
    assert np.array_equal(features.images[row], image)


def test_the_bytes_do_not_depend_on_processes_or_the_store(tracks, tmp_path):
    alone = audio.extract(tracks, jobs=1)
    assert same(alone, audio.extract(tracks, jobs=2))
    assert same(alone, audio.extract(tracks, jobs=2, cache=tmp_path / "store"))
    assert same(alone, audio.extract(tracks, jobs=1, cache=tmp_path / "store"))


def test_only_what_changed_is_computed_again(tracks, tmp_path, computed):
    cache = tmp_path / "store"

    def run(**parameters) -> list[str]:
        computed.clear()
        audio.extract(tracks, cache=cache, jobs=1, **parameters)
        return sorted(computed)

    names = sorted(tracks["track_id"])
    assert run() == names
    assert run() == []
    assert run(wide=True) == names
    assert run() == run(wide=True) == []
    soundfile.write(tracks["path"][3], noise(RATE, seed=99), RATE)
    assert run() == ["03.wav"]
    # A file with another name or time, but the same content, is the same music.
    os.utime(tracks["path"][4], (0, 0))
    os.rename(tracks["path"][5], tracks["path"][5] + ".moved.wav")
    tracks.loc[5, "path"] += ".moved.wav"
    shutil.copy(tracks["path"][6], tracks["path"][7])
    assert run() == []
    assert run() == []
    assert not audio.extract(tracks, cache=cache, jobs=1).skipped["track_id"].tolist()


def test_a_file_that_changes_while_it_is_read_is_not_stored(tracks, tmp_path, monkeypatch):
    describe = extraction.mfcc_features

    def rewritten(path):
        result = describe(path)
        if path.endswith("02.wav"):
            soundfile.write(path, noise(RATE, seed=99), RATE)
            os.utime(path, (0, 0))
        return result

    monkeypatch.setattr(extraction, "mfcc_features", rewritten)
    features = audio.extract(tracks, cache=tmp_path / "store", jobs=1)
    assert dict(features.skipped[["track_id", "reason"]].to_numpy())["02.wav"] == (
        "it changed while it was read"
    )
    monkeypatch.setattr(extraction, "mfcc_features", describe)
    again = audio.extract(tracks, cache=tmp_path / "store", jobs=1)
    assert same(again, audio.extract(tracks, jobs=1))


def test_a_killed_run_loses_nothing_finished_and_ends_with_the_same_bytes(tracks, tmp_path):
    folder, cache = os.path.dirname(tracks["path"][0]), tmp_path / "store"
    arguments = [folder, str(cache), "1", "2"]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], start_new_session=True)
    assert killed.returncode == -signal.SIGKILL
    finished = list(cache.glob("wide*/[!.]*.npz"))
    before = {path: path.stat().st_mtime_ns for path in finished}
    assert 1 <= len(before) <= 2  # of four: one for each process, at most
    run = [sys.executable, "-c", SCRIPT, *arguments]
    again = subprocess.run(run, capture_output=True, check=True).stdout
    assert all(path.stat().st_mtime_ns == changed for path, changed in before.items())
    undisturbed = audio.extract(tracks, wide=True, jobs=1)
    assert undisturbed.images is None
    assert again == undisturbed.vectors.to_numpy().tobytes()


def test_two_runs_at_once_do_no_harm(tracks, tmp_path):
    folder, cache = os.path.dirname(tracks["path"][0]), str(tmp_path / "store")
    arguments = [sys.executable, "-c", SCRIPT, folder, cache, "0", "1"]
    both = [subprocess.Popen(arguments, stdout=subprocess.PIPE) for _ in range(2)]
    outputs = [process.communicate()[0] for process in both]
    assert outputs[0] == outputs[1] != b""
    alone = audio.extract(tracks, jobs=1)
    assert outputs[0] == alone.vectors.to_numpy().tobytes() + alone.images.tobytes()
    assert not list((tmp_path / "store").rglob(".unfinished*"))


def test_a_worker_that_dies_costs_the_item_that_killed_it():
    def work(items: list[int], deadly: set[int]) -> list[int]:
        if deadly & set(items):
            os.kill(os.getpid(), signal.SIGKILL)
        return [item * 10 for item in items]

    pieces = [list(range(start, start + 4)) for start in range(0, 48, 4)]
    done = workers.run(work, pieces, lambda piece: (piece, {9, 30}), jobs=2, crashed="crashed")
    results = {item: result for piece, results in done
               for item, result in zip(piece, results, strict=True)}  # fmt: skip
    assert results == {i: "crashed" if i in (9, 30) else i * 10 for i in range(48)}


def test_a_store_that_cannot_be_written_stops_with_one_line(tracks, tmp_path):
    script = SCRIPT.replace("import sys,", "import resource, sys,").replace(
        "features =", "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\nfeatures ="
    )
    folder = os.path.dirname(tracks["path"][0])
    arguments = [sys.executable, "-c", script, folder, str(tmp_path / "store"), "0", "2"]
    out = subprocess.run(arguments, capture_output=True, text=True)
    assert out.returncode == 1
    last = out.stderr.strip().splitlines()[-1]
    assert str(tmp_path / "store") in last
    assert last.endswith(" cannot be written (File too large): make room or get permission")


@pytest.mark.parametrize("cache", [None, "store"])
def test_where_nothing_is_usable_all_are_listed(tmp_path, cache):
    for name in ("a", "b\nc"):
        (tmp_path / f"{name}.mp3").write_bytes(b"")
    features = audio.extract(table(tmp_path, ".mp3"), jobs=1, cache=cache and tmp_path / cache)
    assert features.vectors.shape == (0, 40)
    assert features.images.shape == (0, 20, 128)
    assert features.skipped["track_id"].tolist() == ["a.mp3", "b\nc.mp3"]
    assert (features.skipped["reason"] == "an empty file").all()


def test_without_tracks_there_is_nothing_to_do():
    with pytest.raises(UserError, match="no tracks"):
        audio.extract(pd.DataFrame({"track_id": [], "path": []}))


def make_bad_corpus(folder) -> dict[str, str | None]:
    """Write a hundred tracks; return for each why it is to be skipped, None where it is not."""
    expected: dict[str, str | None] = {}

    def write(name: str, y: np.ndarray, rate: int = RATE, why: str | None = None, **how) -> bytes:
        expected[name] = why
        path = os.path.join(os.fsencode(folder), os.fsencode(name))
        soundfile.write(path, y, rate, format=name.rsplit(".", 1)[1].upper(), **how)
        with open(path, "rb") as file:
            return file.read()

    def put(name: str, content: bytes, why: str | None) -> None:
        (folder / name).write_bytes(content)
        expected[name] = why

    y = noise(3 * RATE)
    wav, mp3, flac = (write(f"whole.{suffix}", y) for suffix in ("wav", "mp3", "flac"))
    ogg = write("whole.ogg", noise(20 * RATE))
    put("empty.wav", b"", "empty file")
    put("text.mp3", b"These are words and no music.\n" * 999, "not audio")
    put("image.mp3", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 99, "not audio")
    put("truncated.mp3", mp3[: len(mp3) // 2], None)
    put("hardly begun.mp3", mp3[:300], "not audio")
    put("truncated.wav", wav[: len(wav) // 2], None)
    put("truncated.flac", flac[: len(flac) // 2], "damaged, decoding stops")
    with_hole = bytearray(flac)
    with_hole[len(flac) // 2 : len(flac) // 2 + 999] = bytes(999)
    put("with a hole.flac", bytes(with_hole), "damaged, decoding stops")
    put("truncated.ogg", ogg[: len(ogg) // 2], None)
    put("header.wav", wav[:44], "no audio")
    put("rubbish at the end.mp3", mp3 + bytes(range(256)) * 99, None)
    write("one sample.wav", y[:1], why="too short: 1 of the 2048 samples of one window")
    write("half a second.wav", y[: RATE // 2])
    write("one window.wav", y[: audio.N_FFT])
    write("less than a window.wav", y[: audio.N_FFT - 1], why="too short")
    write("zeros.wav", 0 * y, why="silent")
    for name, value in (("nan", np.nan), ("infinite", np.inf)):
        spoiled = y.copy()
        spoiled[len(y) // 2] = value
        write(f"{name}.wav", spoiled, why="NaN or infinite", subtype="FLOAT")
    write("huge.wav", y * 1e30, why="too large", subtype="FLOAT")
    write("all but infinite.wav", y / np.abs(y).max() * 3e38, why="too large", subtype="FLOAT")
    write("whole numbers.wav", y / np.abs(y).max() * 2**31, subtype="FLOAT")
    write("eight channels.wav", noise(RATE, 8))
    write("8 kHz.wav", y, 8000)
    write("192 kHz.wav", y, 192_000)
    write("one a second.wav", y, 1, why="sample rate of 1 Hz")
    write("24 bit.wav", y, subtype="PCM_24")
    write("double.wav", y, subtype="DOUBLE")
    write("sun.au", y)
    for name in ("with  spaces .wav", "quotes '\".wav", "new\nline.wav", "🎵 emoji.wav",
                 "বাউল গান.wav", "caf\udce9.wav", "-rf.wav", "#?%;$.wav"):  # fmt: skip
        write(name, y[:RATE])
    (folder / "broken link.wav").symlink_to(folder / "nowhere.wav")
    expected["broken link.wav"] = "symbolic link to nothing"
    (folder / "link.wav").symlink_to(folder / "whole.wav")
    expected["link.wav"] = None
    (folder / "folder.wav").mkdir()
    expected["folder.wav"] = "not a regular file"
    os.mkfifo(folder / "pipe.wav")
    expected["pipe.wav"] = "not a regular file"
    put("forbidden.wav", wav, None)
    os.chmod(folder / "forbidden.wav", 0)
    if not os.access(folder / "forbidden.wav", os.R_OK):  # root may read it even so
        expected["forbidden.wav"] = "not permitted"
    expected["missing.wav"] = "no such file"
    write_two_hours(folder / "two hours.wav")
    expected["two hours.wav"] = None
    for i in range(100 - len(expected)):
        write(f"good {i}.wav", noise(RATE, seed=i))
    return expected


def write_two_hours(path) -> None:
    minute = noise(60 * RATE)
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_U8") as file:
        for _ in range(120):
            file.write(minute)


def test_a_hundred_tracks_of_every_bad_kind(tmp_path):
    folder, cache = tmp_path / "bad", tmp_path / "store"
    folder.mkdir()
    expected = make_bad_corpus(folder)
    # Paths are objects, since pandas' strings cannot hold a name that is not text.
    paths = pd.Series([f"{folder}/{name}" for name in expected], dtype=object)
    expected = {ascii(name): why for name, why in expected.items()}
    tracks = pd.DataFrame({"track_id": list(expected), "path": paths})
    assert len(tracks) == 100
    script = """
import json, resource, sys
import pandas as pd
from lib.audio.extraction import extract
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, paths = peak(), pd.Series(json.load(sys.stdin), dtype=object)
extract(pd.DataFrame({"track_id": range(len(paths)), "path": paths}), cache=sys.argv[1], jobs=1)
print(peak() - before)
"""
    out = subprocess.run(
        [sys.executable, "-c", script, str(cache)],
        input=json.dumps(paths.tolist()), capture_output=True, text=True, check=True,
    )  # fmt: skip
    # Of the track of two hours the samples alone are 606 MB, and their mel bands 151 MB more.
    assert float(out.stdout) < 300

    features = audio.extract(tracks, jobs=2, cache=cache)
    reasons = dict(zip(features.skipped["track_id"], features.skipped["reason"], strict=True))
    for name, why in expected.items():
        if why is None:
            assert name in features.vectors.index, (name, reasons.get(name))
        else:
            assert why in reasons[name], (name, reasons[name])
            assert "\n" not in reasons[name]
    assert len(features.vectors) + len(reasons) == 100
    assert np.isfinite(features.vectors.to_numpy()).all()
    assert np.isfinite(features.images).all()
    written = tmp_path / "skipped.csv"
    features.skipped.to_csv(written, index=False)
    assert pd.read_csv(written)["reason"].tolist() == features.skipped["reason"].tolist()


@pytest.mark.parametrize("peak", [1e-45, 1e-20, 2.0**31, 2.0**31 + 2**8, 1e18, 3e38])
def test_both_sets_take_and_refuse_the_same_tracks(tmp_path, peak):
    y = noise(RATE)
    soundfile.write(tmp_path / "a.wav", y / np.abs(y).max() * peak, RATE, subtype="FLOAT")
    for wide in (False, True):
        features = audio.extract(table(tmp_path, ".wav"), wide=wide, jobs=1)
        assert np.isfinite(features.vectors.to_numpy()).all()
        assert wide or np.isfinite(features.images).all()
        why = [] if peak <= 2**31 else ["its samples are too large to compute with"]
        assert features.skipped["reason"].tolist() == why


def test_where_a_file_is_damaged_is_said_if_known(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(30 * RATE), RATE)
    content = bytearray(path.read_bytes())
    for place, message in ((0.7, "damaged, decoding stops beyond 11.9 s"), (0.1, "decoding stops")):
        hole = int(place * len(content))
        content[hole : hole + 9999] = bytes(9999)
        path.write_bytes(content)
        with pytest.raises(audio.AudioError, match=f"{message}$"):
            audio.read(path)


def test_a_file_that_may_not_be_read_is_named(tmp_path):
    path = tmp_path / "secret.wav"
    soundfile.write(path, noise(RATE), RATE)
    path.chmod(0)
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(65534)
        with pytest.raises(audio.AudioError, match="not permitted to read it"):
            audio.read(path)
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Wait for a scheduler as long as a busy machine needs."""
    monkeypatch.setattr(workers, "_PATIENCE", 600)


def local_cluster(n_workers: int) -> distributed.LocalCluster:
    """Start a cluster of processes on this machine, which no other can reach."""
    return distributed.LocalCluster(
        n_workers=n_workers, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    )


def test_a_cluster_gives_the_same_bytes_though_a_worker_is_killed(tracks, tmp_path, monkeypatch):
    alone = audio.extract(tracks, jobs=1, wide=True)
    with local_cluster(2) as cluster:
        monkeypatch.setenv(workers.SCHEDULER, cluster.scheduler_address)
        pids = [worker.pid for worker in cluster.workers.values()]
        assert len(pids) == 2
        work = extraction._describe_chunk

        def deadly(*arguments, **parameters):
            flag = tmp_path / "killed"
            if not flag.exists():
                flag.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return work(*arguments, **parameters)

        monkeypatch.setattr(extraction, "_describe_chunk", deadly)
        assert same(alone, audio.extract(tracks, wide=True, cache=tmp_path / "store"))
        assert (tmp_path / "killed").exists()
        assert same(alone, audio.extract(tracks, wide=True))


def test_a_cluster_of_one_thread_spares_the_driver(tracks, tmp_path, monkeypatch):
    work, pids = extraction._describe_chunk, tmp_path / "pids"

    def noting(*arguments, **parameters):
        with pids.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return work(*arguments, **parameters)

    monkeypatch.setattr(extraction, "_describe_chunk", noting)
    with local_cluster(1) as cluster:
        monkeypatch.setenv(workers.SCHEDULER, cluster.scheduler_address)
        audio.extract(tracks)
        assert set(pids.read_text().split()) == {str(w.pid) for w in cluster.workers.values()}


def test_a_cluster_without_workers_is_named(tracks, monkeypatch):
    wait = distributed.Client.wait_for_workers

    def impatient(client, n, timeout):
        return wait(client, n, timeout=0.1)

    monkeypatch.setattr(distributed.Client, "wait_for_workers", impatient)
    with local_cluster(0) as cluster:
        monkeypatch.setenv(workers.SCHEDULER, cluster.scheduler_address)
        with pytest.raises(UserError, match="has no workers") as caught:
            audio.extract(tracks)
    assert "\n" not in str(caught.value)


def test_a_scheduler_that_is_lost_is_named(tracks, tmp_path, monkeypatch):
    with local_cluster(1) as cluster:
        monkeypatch.setenv(workers.SCHEDULER, cluster.scheduler_address)
        begun = tmp_path / "begun"

        def endless(*arguments, **parameters):
            begun.touch()
            while True:
                time.sleep(1)

        def lose():
            while not begun.exists() and cluster.workers:
                time.sleep(0.05)
            cluster.close()

        monkeypatch.setattr(extraction, "_describe_chunk", endless)
        lost = threading.Thread(target=lose)
        lost.start()
        with pytest.raises(UserError, match="the scheduler was lost") as caught:
            audio.extract(tracks)
        lost.join()
    assert "\n" not in str(caught.value)


def test_a_cluster_that_is_not_there_is_named(tracks, monkeypatch):
    monkeypatch.setattr(workers, "_PATIENCE", 1)
    monkeypatch.setenv(workers.SCHEDULER, "tcp://127.0.0.1:1")
    with pytest.raises(UserError, match="no scheduler answers there"):
        audio.extract(tracks)


def test_real_music_runs_whole(music_data):
    paths = sorted((music_data / "gtzan" / "genres").glob("*/*1.flac"))
    paths += sorted((music_data / "open_music").glob("*trumpet*.ogg"))
    tracks = pd.DataFrame({"track_id": [path.stem for path in paths], "path": map(str, paths)})
    features = audio.extract(tracks, jobs=1)
    assert len(features.vectors) == len(paths) > 5
    assert features.skipped.empty
