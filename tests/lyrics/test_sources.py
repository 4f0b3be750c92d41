import json
import subprocess
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.corpora import demo
from lib.errors import UserError
from lib.lyrics import records, sources


def tracks(*ids, **columns) -> pd.DataFrame:
    table = pd.DataFrame({"track_id": ids})
    return table.assign(**{"title": "", "artist": "", "language": "", **columns})


def by_track(table) -> dict:
    return dict(zip(table["track_id"], table["source"], strict=True))


def write(path, content: str):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def test_each_track_names_where_its_words_come_from(tmp_path):
    write(tmp_path / "written.txt", "[Verse 1]\nby hand\n")
    write(tmp_path / "lyrics.csv", "track_id,text,language\nlisted,in a table,FR\nwritten,other,\n")
    write(tmp_path / "genius" / "looked-up.json", '{"text": "found"}')
    for name in ("heard", "looked-up"):
        heard = json.dumps({"text": "heard", "language": "en"})
        write(tmp_path / "transcript" / f"{name}.json", heard)
    ids = ["written", "listed", "looked-up", "heard", "named", "nothing"]
    named = [""] * 4 + ["A Name", ""]
    table = sources.load(tracks(*ids, title=named, language="bn"), tmp_path)
    assert list(table) == ["track_id", "text", "language", "source"]
    assert table["track_id"].tolist() == ids
    expected = ["lyrics", "lyrics", "genius", "transcript", "metadata", "none"]
    assert table["source"].tolist() == expected
    assert table["text"].tolist() == ["by hand", "in a table", "found", "heard", "A Name", ""]
    # what the source says of the language goes first; a name is in none
    assert table["language"].tolist() == ["bn", "fr", "bn", "en", "", ""]


def test_coverage_counts_every_track_once(tmp_path):
    write(tmp_path / "a.txt", "three words here")
    write(tmp_path / "b.txt", "one")
    table = sources.load(tracks("a", "b", "c", "d", title=["", "", "Name", ""]), tmp_path)
    counted = sources.coverage(table)
    assert counted["source"].tolist() == ["lyrics", "metadata", "none"]
    assert counted["tracks"].tolist() == [2, 1, 1]
    assert counted["share"].sum() == pytest.approx(1)
    assert counted["words"].tolist() == [2.0, 1.0, 0.0]


def test_an_empty_text_is_no_text(tmp_path):
    write(tmp_path / "a.txt", " \n[Instrumental]\n\n")
    write(tmp_path / "transcript" / "a.json", '{"text": "", "reason": "silence"}')
    assert by_track(sources.load(tracks("a"), tmp_path)) == {"a": "none"}


def test_names_of_files_are_no_metadata(tmp_path):
    """They often hold the genre, which would leak into the features."""
    table = tracks("blues.00001", "rock/rock 3", title=["blues.00001", "rock 3"], artist="Unknown")
    assert set(sources.load(table, tmp_path)["source"]) == {"none"}


def test_genre_never_becomes_text(tmp_path):
    table = sources.load(tracks("a", title="Song", artist="Band", genre="polka"), tmp_path)
    assert table["text"][0] == "Song\nBand"


@pytest.mark.parametrize(
    "content",
    [
        [{"track_id": "000002", "text": "words", "language": "en"}],
        {"000002": "words"},
        {"2": {"text": "words", "language": "en"}},
    ],
)
def test_json_in_its_three_forms(tmp_path, content):
    write(tmp_path / "lyrics.json", json.dumps(content))
    assert sources.load(tracks("000002"), tmp_path)["text"].tolist() == ["words"]


def test_json_written_by_pandas_has_nan_for_nothing(tmp_path):
    write(tmp_path / "lyrics.json", '[{"track_id": "a", "text": NaN}, {"track_id": "b", '
          '"text": "words", "language": NaN}]')  # fmt: skip
    table = sources.load(tracks("a", "b"), tmp_path)
    assert table["text"].tolist() == ["", "words"] and set(table["language"]) == {""}


def test_table_made_by_a_spreadsheet(tmp_path):
    """With a mark of its encoding in front, and without the leading zeros."""
    write(tmp_path / "lyrics.csv", "\ufefftrack_id,text\n2,two\n000003,three\n")
    table = sources.load(tracks("000002", "000003"), tmp_path)
    assert table["text"].tolist() == ["two", "three"]


def test_table_can_say_that_it_holds_transcripts(tmp_path):
    write(tmp_path / "lyrics.csv", "track_id,text,source\na,heard,transcript\n")
    write(tmp_path / "genius" / "a.json", '{"text": "written"}')
    assert by_track(sources.load(tracks("a"), tmp_path)) == {"a": "genius"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("lyrics.csv", "id,text\na,b\n", "must have track_id and text"),
        ("lyrics.csv", "track_id,text\na,b\na,c\n", "track a stands in the tables twice"),
        ("lyrics.csv", "track_id,text,source\na,b,rumour\n", "'rumour' must be one of"),
        ("lyrics.csv", "", "cannot be read"),
        ("lyrics.csv", "track_id,text\na,hello, you\nb,c\n", "texts with commas need quotes"),
        ("lyrics.json", '{"a": ["line", "line"]}', "text of track a is not a text"),
        ("lyrics.json", "{", "cannot be read"),
        ("lyrics.json", '["a"]', "must have track_id and text"),
        ("lyrics.json", "3", "must have track_id and text"),
    ],
)
def test_bad_tables_are_named(tmp_path, name, content, message):
    write(tmp_path / name, content)
    with pytest.raises(UserError, match=message) as error:
        sources.load(tracks("a"), tmp_path)
    assert name in str(error.value) and "\n" not in str(error.value)


def test_bad_file_costs_its_track_alone(tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\xfa")
    write(tmp_path / "good.txt", "words")
    with pytest.warns(UserWarning, match=r"bad\.txt cannot be read and is left out: it is not UTF"):
        table = sources.load(tracks("bad", "good"), tmp_path)
    assert by_track(table) == {"bad": "none", "good": "lyrics"}


def test_no_folder_is_no_error(tmp_path):
    assert by_track(sources.load(tracks("a"), tmp_path / "nowhere")) == {"a": "none"}


def test_cleaning():
    given = "\ufeff[Verse 1: Someone]\r\n  Hello   there \n\n\n\n[Chorus]\nca\u0301fe [sic] (oh)\n"
    assert sources.clean(given) == "Hello there\n\ncáfe [sic] (oh)"
    # one letter of Bangla, written as one sign and as two
    assert sources.clean("বড\u09bc") == sources.clean("ব\u09dc")


@given(st.text())
def test_cleaning_twice_changes_nothing(given):
    assert sources.clean(sources.clean(given)) == sources.clean(given)


@pytest.mark.parametrize("track_id", ["000002", "rock/my song", "b.wav", "গান"])
def test_records_give_back_what_was_put_in(tmp_path, track_id):
    assert records.read(tmp_path, track_id) is None
    for words in ("এক", "two"):
        records.write(tmp_path, track_id, {"text": words})
        assert records.read(tmp_path, track_id) == {"text": words}


def test_a_damaged_record_is_named_and_left_out(tmp_path):
    for content in ("", '{"text": "wo', "[1]", "\ufeff"):
        write(tmp_path / "genius" / "a.json", content)
        with pytest.warns(UserWarning, match=r"a\.json is damaged"):
            table = sources.load(tracks("a"), tmp_path)
        assert by_track(table) == {"a": "none"}


def test_records_in_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        records.write(tmp_path / "file", "a", {})


def test_lyrics_lie_where_the_corpus_lies(tmp_path, monkeypatch):
    monkeypatch.setenv("MUSIC_DATA", str(tmp_path))
    assert sources.folder("gtzan") == sources.folder("gtzan_table") == tmp_path / "gtzan" / "lyrics"
    music = tmp_path / "my music"
    music.mkdir()
    assert sources.folder(str(music)) == music / "lyrics"


def test_demo_corpus_has_words_in_two_languages(tmp_path):
    scores = [demo.compose(genre, i, seconds=1.0) for genre in ("baul", "jazz") for i in range(8)]
    for score in scores:
        if score.filed:
            write(tmp_path / f"{score.track_id}.txt", score.filed)
    factors = pd.DataFrame([score.factors for score in scores])
    loaded = tracks(*(score.track_id for score in scores), language=factors["language"])
    table = sources.load(loaded, tmp_path)
    assert {"en", "bn"} <= set(table["language"])
    sung = table["source"].isin(sources.SUNG)
    instrumental = factors["vocal"] == "none"
    assert not (sung & instrumental).any() and sung.any() and instrumental.any()
    bangla = table.loc[table["language"] == "bn", "text"].iloc[0]
    assert any("\u0980" <= letter <= "\u09ff" for letter in bangla)


def test_nothing_heavy_is_imported_before_it_is_needed():
    code = (
        "import sys, lib.lyrics, lib.lyrics.whisper, lib.lyrics.genius;"
        "print({'torch', 'transformers', 'sentence_transformers', 'lyricsgenius'} & {*sys.modules})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
