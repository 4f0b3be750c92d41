import csv
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.corpora import corpus, fma
from lib.errors import UserError

# The groups and names of tracks.csv, shortened by those that only repeat a kind.
COLUMNS = [
    ("album", "title"),
    ("artist", "bio"),
    ("artist", "name"),
    ("set", "split"),
    ("set", "subset"),
    ("track", "duration"),
    ("track", "genre_top"),
    ("track", "genres"),
    ("track", "language_code"),
    ("track", "title"),
]


def write_table(path, tracks, columns=COLUMNS, index="track_id"):
    """Write tracks, a dict of ids to (artist, title, genre, language, duration), as FMA does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["", *(group for group, _ in columns)])
        rows.writerow(["", *(name for _, name in columns)])
        rows.writerow([index, *("" for _ in columns)])
        for track_id, (artist, title, genre, language, duration) in tracks.items():
            row = dict.fromkeys(columns, "?") | {
                ("artist", "bio"): 'Born,\nthey "say", in a van.\n',
                ("artist", "name"): artist,
                ("track", "title"): title,
                ("track", "genre_top"): genre,
                ("track", "language_code"): language,
                ("track", "duration"): duration,
            }
            rows.writerow([track_id, *(row[column] for column in columns)])


def write_audio(root, *ids, suffix=".mp3"):
    for i in ids:
        path = root / f"{i:06d}"[:3] / f"{i:06d}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()  # FMA is loaded without opening a single file


TRACKS = {
    2: ("AWOL", "Food", "Hip-Hop", "en", 168),
    10: ("Kurt Vile", "NA", "Pop", "", 161),
    140: ("Alec K. Redfearn", "Queen Of The Wires", "Folk", "es", 12.5),
    155: ("Arc and Sender", "Maps of the Stars Homes", "", "en", 756),
    133297: ("Nobody", "Cut wrong", "Rock", "en", 600),
}


@pytest.fixture
def data(tmp_path):
    write_audio(tmp_path / "fma" / "fma_large", *TRACKS)
    write_table(tmp_path / "fma" / "fma_metadata" / "tracks.csv", TRACKS)
    return tmp_path


def test_fma_comes_with_all_that_its_table_knows(data):
    found = corpus.load("fma", data)
    assert tuple(found.tracks.columns) == corpus.COLUMNS
    assert list(found.tracks["track_id"]) == ["000002", "000010", "000140", "000155"]
    assert list(found.tracks["genre"]) == ["Hip-Hop", "Pop", "Folk", ""]
    assert list(found.tracks["language"]) == ["en", "", "es", "en"]
    assert list(found.tracks["title"])[1:3] == ["NA", "Queen Of The Wires"]
    assert found.tracks["artist"][0] == "AWOL"
    assert found.tracks["path"][2] == str(data / "fma/fma_large/000/000140.mp3")
    # clips last 30 s, whatever the whole track does
    assert list(found.tracks["duration"]) == [30, 30, 12.5, 30]
    assert found.genres == ["Folk", "Hip-Hop", "Pop"]
    assert found.notes == (
        "Left out as known to be empty or shorter than 30 s: 1 of 5.",
        "Without a top genre in tracks.csv: 1 of 4.",
    )


def test_whole_tracks_have_their_own_length_and_none_is_left_out(tmp_path):
    write_audio(tmp_path / "FMA" / "fma_full", *TRACKS)
    write_table(tmp_path / "FMA" / "fma_metadata" / "tracks.csv", TRACKS)
    found = corpus.load("fma", tmp_path)
    assert list(found.tracks["duration"]) == [168, 161, 12.5, 756, 600]


@pytest.mark.parametrize(
    "audio, table",
    [
        ("fma_small", "fma_metadata"),
        ("fma/fma_small", "fma/fma_metadata"),
        ("fma/deep/down/fma_medium", "fma"),
        ("fma", "fma"),
        ("FMA-dataset/audio", "FMA-dataset/meta/fma_metadata"),
    ],
)
def test_any_layout_is_found(tmp_path, audio, table):
    write_audio(tmp_path / audio, 2, 140)
    write_audio(tmp_path / audio / ".unpacking", 10)
    (tmp_path / audio / "000" / "notes.mp3").touch()
    write_table(tmp_path / table / "tracks.csv", TRACKS)
    assert list(corpus.load("fma", tmp_path).tracks["genre"]) == ["Hip-Hop", "Folk"]


def test_one_tree_can_be_named(data):
    write_audio(data / "fma" / "fma_small", 2, 10)
    found = corpus.load("fma", data / "fma" / "fma_small")
    assert list(found.tracks["genre"]) == ["Hip-Hop", "Pop"]
    assert found.tracks["path"].str.contains("fma_small").all()


def test_a_track_that_lies_there_twice_is_one_track(data):
    write_audio(data / "fma" / "fma_small", 2)
    write_audio(data / "fma" / "converted", 2, suffix=".wav")
    assert len(corpus.load("fma", data).tracks) == 4


def test_without_the_table_there_are_no_labels(tmp_path):
    write_audio(tmp_path / "fma_small", 2, 10)
    found = corpus.load("fma", tmp_path)
    assert not found.labelled and found.tracks["duration"].isna().all()
    assert "SIZE=metadata" in found.notes[0]


def test_tracks_that_the_table_does_not_know_are_kept(data):
    write_audio(data / "fma" / "fma_large", 77)
    found = corpus.load("fma", data)
    assert "Not in tracks.csv: 1 of 5." in found.notes
    assert found.tracks.set_index("track_id").loc["000077", "genre"] == ""


def test_no_audio_is_one_line(tmp_path):
    write_table(tmp_path / "fma" / "fma_metadata" / "tracks.csv", TRACKS)
    with pytest.raises(UserError, match=r"no FMA under .*make fetch CORPUS=fma") as error:
        corpus.load("fma", tmp_path)
    assert "\n" not in str(error.value)


def spoilt(text):
    def spoil(path, **_):
        path.write_text(text(path.read_text()))

    return spoil


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda path: write_table(path, TRACKS, COLUMNS[:-1]), "no column track.title"),
        (lambda path: write_table(path, TRACKS, index="id"), "third row must name the index"),
        (
            lambda path: path.write_text("id,title\n1,a\n2,b\n3,c\n"),
            "third row must name the index",
        ),
        (lambda path: path.write_text("a\n"), "third row"),
        (lambda path: path.write_text(""), "cannot be read"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00" * 9), "cannot be read"),
        (spoilt(lambda text: text[: text.rindex("in a van")]), "cannot be read.*fetch it again"),
        (spoilt(lambda text: text.replace("\n140,", "\nx140,")), "'x140' is no number"),
        (spoilt(lambda text: text.replace("\n140,", "\n0010,")), "track 000010 stands there twice"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(tmp_path, spoil, message):
    path = tmp_path / "tracks.csv"
    write_table(path, TRACKS)
    spoil(path)
    with pytest.raises(UserError, match=message) as error:
        fma.read_table(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_table_that_cannot_be_opened_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.csv cannot be read"):
        fma.read_table(tmp_path / "gone.csv")


text = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=20)


@given(
    tracks=st.dictionaries(
        st.integers(1, 999_999),
        st.tuples(text, text, text, text, st.one_of(st.just(""), st.integers(0, 9999))),
        min_size=1,
        max_size=8,
    ),
    columns=st.permutations(COLUMNS),
)
def test_any_text_survives_and_columns_may_come_in_any_order(tracks, columns, tmp_path_factory):
    path = tmp_path_factory.mktemp("fma") / "tracks.csv"
    write_table(path, tracks, columns)
    table = fma.read_table(path)
    assert list(table.index) == [f"{i:06d}" for i in tracks]
    for row, given_row in zip(table.itertuples(), tracks.values(), strict=True):
        assert (row.artist, row.title, row.genre, row.language) == given_row[:4]
        np.testing.assert_equal(row.duration, float(given_row[4] or 0) or np.nan)


def test_the_archives_are_named_as_published():
    assert [a.name for a in fma.ARCHIVES.values()] == [
        f"fma_{name}.zip" for name in ("metadata", "small", "medium", "large", "full")
    ]
    sums = [a.sha1 for a in fma.ARCHIVES.values()]
    assert all(len(s) == 40 and int(s, 16) for s in sums) and len(set(sums)) == 5
    sizes = [a.size for a in fma.ARCHIVES.values()]
    assert all(2 * a < b for a, b in itertools.pairwise(sizes))
    assert len(fma.SHORT_CLIPS) == 21
