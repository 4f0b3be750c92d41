import os
import subprocess
import sys

import numpy as np
import pytest

from lib.audio.store import FileKey, Row, Store, content_digest, file_key
from lib.errors import UserError


def rows(*digests: str) -> list[Row]:
    """Rows whose numbers tell which they are."""
    return [
        Row("", digest, np.full(2, ord(digest)), np.full((20, 128), ord(digest), np.float32))
        for digest in digests
    ]


def files(folder) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}


def test_rows_come_back_in_the_order_that_is_asked_for(tmp_path):
    store = Store(tmp_path, "x", 2)
    store.write(rows("a", "b", "c"))
    store.write([*rows("d"), Row("silent", "e")])
    wanted = [Row(digest="d"), Row(reason="missing"), Row(digest="e"), Row(digest="a")]
    found = Store(tmp_path, "x", 2).fill(wanted)
    reasons, vectors, images = found
    assert reasons == ["", "missing", "silent", ""]
    assert vectors.tolist() == [[100, 100], [97, 97]]
    assert images.shape == (2, 20, 128)
    assert images.dtype == np.float32
    assert (images == np.array([100, 97])[:, None, None]).all()


def test_a_store_without_images_writes_none_and_reads_none(tmp_path):
    Store(tmp_path, "x", 2).write(rows("a"))
    store = Store(tmp_path, "x", 2, images=False)
    store.write([Row("", "b", np.ones(2)), Row("silent", "c")])
    with np.load(store.index()["b"].shard) as arrays:
        assert set(arrays) == {"digest", "reason", "vectors"}
    reasons, vectors, images = store.fill([Row(digest=digest) for digest in "abc"])
    assert reasons == ["", "", "silent"]
    assert vectors.tolist() == [[97, 97], [1, 1]]
    assert images is None


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="a disk that all workers share"):
        Store(tmp_path, "x", 2).fill([Row(digest="a")])


def test_other_parameters_are_another_store(tmp_path):
    Store(tmp_path, "x", 2).write(rows("a"))
    assert Store(tmp_path, "x", 2).index().keys() == {"a"}
    assert not Store(tmp_path, "y", 2).index()


def test_the_same_work_makes_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        store = Store(tmp_path / name, "x", 2)
        store.write(rows("a", "b"))
        store.remember_files({FileKey(b"p", 1, 2): "a"})
        store.write(rows("a", "b"))
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert len(files(tmp_path / "one")) == 2


def test_files_are_known_again_also_by_names_that_are_no_text(tmp_path):
    store = Store(tmp_path, "x", 2)
    known = {FileKey(b"caf\xe9 \n\"'.mp3", 5, 2**60): "a", FileKey("বাউল.wav".encode(), 0, 1): "b"}
    store.remember_files(known)
    store.remember_files({FileKey(b"other", 1, 1): "c"})
    assert store.known_files() == known | {FileKey(b"other", 1, 1): "c"}


def test_a_file_is_known_by_its_content_and_by_its_key(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"same")
    two.write_bytes(b"same")
    assert content_digest(one) == content_digest(two)
    assert file_key(one) != file_key(two)
    before = file_key(one)
    one.write_bytes(b"other")
    assert content_digest(one) != content_digest(two)
    assert file_key(one) != before


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"x" * 99])
def test_a_damaged_shard_counts_for_nothing(tmp_path, damage):
    store = Store(tmp_path, "x", 2)
    store.write(rows("a"))
    store.write(rows("b"))
    path = store.index()["a"].shard
    path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match="damaged"):
        assert store.index().keys() == {"b"}
    store.write(rows("a"))
    assert store.index().keys() == {"a", "b"}


def test_bytes_that_changed_on_the_disk_are_told_and_computed_anew(tmp_path):
    store = Store(tmp_path, "x", 2)
    store.write(rows("a"))
    (path,) = (tmp_path / "x").glob("*.npz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with (
        pytest.warns(UserWarning, match="damaged"),
        pytest.raises(UserError, match=f"{path.stem}.*run again"),
    ):
        store.fill([Row(digest="a")])
    assert not store.index()


def test_only_old_unfinished_files_are_swept(tmp_path):
    Store(tmp_path, "x", 2)
    old, young = tmp_path / "x" / ".unfinished-1.npz", tmp_path / "x" / ".unfinished-2.npz"
    old.write_bytes(b"1")
    young.write_bytes(b"2")
    os.utime(old, (0, 0))
    store = Store(tmp_path, "x", 2)
    assert not old.exists()
    assert young.exists()
    assert not store.index()


def test_a_disk_that_is_full_gives_one_line_and_leaves_nothing_half(tmp_path):
    # A limit on the size of files is what a full disk looks like, and needs no disk to fill.
    script = f"""
import resource, sys, numpy as np
from lib.audio.store import Row, Store
from lib.errors import UserError
store = Store({str(tmp_path)!r}, "x", 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
row = Row("", "a", np.zeros(1), np.zeros((20, 128), np.float32))
try:
    store.write([row] * 9)
except UserError as error:
    print(error)
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.count("\n") == 1
    assert " cannot be written (File too large): make room" in out.stdout
    assert not list(tmp_path.rglob("*.*"))


def test_a_folder_that_cannot_be_written_to_gives_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"feature store .*file.* cannot be written") as caught:
        Store(tmp_path / "file", "x", 2)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="cannot be written"):
        Store("/proc/store", "x", 2)
