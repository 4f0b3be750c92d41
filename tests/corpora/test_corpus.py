import os

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from lib.corpora import corpus, gtzan
from lib.errors import UserError


def write_wav(path, seconds=0.1):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(int(22050 * seconds)), 22050)


def feature_table(names, seed=0):
    rng = np.random.default_rng(seed)
    columns = [f"mfcc{i}_{kind}" for i in range(1, 21) for kind in ("mean", "var")]
    table = pd.DataFrame(rng.uniform(1, 2, (len(names), len(columns))), columns=columns)
    table.insert(0, "filename", names)
    table.insert(1, "length", 66150)
    return table.assign(label=[name.split(".")[0] for name in names])


@pytest.mark.parametrize("layout", ["genres", "Data/genres_original", "."])
@pytest.mark.parametrize("ending", [".wav", ".au", ".flac", ".ogg", ".mp3"])
def test_gtzan_audio_is_found_at_any_depth_in_any_format(tmp_path, layout, ending):
    for name in ("blues.00000", "jazz.00001"):
        write_wav(tmp_path / "GTZAN" / layout / name.split(".")[0] / f"{name}{ending}")
    write_wav(tmp_path / "GTZAN" / layout / "blues" / f"._blues.00007{ending}")
    found = corpus.load("gtzan", tmp_path)
    assert list(found.tracks["track_id"]) == ["blues.00000", "jazz.00001"]
    assert list(found.tracks["genre"]) == ["blues", "jazz"]
    assert found.tracks["duration"].between(0.09, 0.2).all()
    assert tuple(found.tracks.columns) == corpus.COLUMNS


def test_gtzan_leaves_out_the_unreadable_track_and_the_faults(tmp_path):
    for name in ("jazz.00054", "jazz.00053", "metal.00058", "hip-hop.00002"):
        write_wav(tmp_path / "gtzan" / f"{name}.wav")
    found = corpus.load("gtzan", tmp_path)
    assert list(found.tracks["track_id"]) == ["hiphop.00002", "jazz.00053"]
    assert found.notes == (
        "Left out as truncated in every copy: jazz.00054.",
        "Left out as repetitions or faulty (Kereliuk, Sturm and Larsen 2015): 1 of 3.",
    )


def test_a_track_in_two_formats_is_one_track(tmp_path):
    for ending in (".wav", ".flac"):
        write_wav(tmp_path / "gtzan" / f"rock.00001{ending}")
    assert len(corpus.load("gtzan", tmp_path).tracks) == 1


def test_the_table_serves_where_no_audio_lies(tmp_path):
    (tmp_path / "gtzan").mkdir()
    names = [f"{genre}.{i:05d}.0.wav" for genre in ("blues", "rock") for i in range(3)]
    feature_table(names).to_csv(tmp_path / "gtzan" / "features_30_sec.csv", index=False)
    found = corpus.load("gtzan", tmp_path)
    assert found.table.index.tolist() == found.tracks["track_id"].tolist()
    assert found.tracks["duration"].eq(3.0).all()
    np.testing.assert_allclose(found.table["mfcc3_std"] ** 2, found.table["mfcc3_var"])
    write_wav(tmp_path / "gtzan" / "blues.00000.wav")
    assert corpus.load("gtzan", tmp_path).table is None
    assert corpus.load("gtzan_table", tmp_path).table is not None


@given(
    windows=st.lists(st.integers(1, 10), min_size=1, max_size=5),
    seed=st.integers(0, 2**32 - 1),
)
def test_windows_of_a_track_are_pooled_as_if_it_were_whole(windows, seed, tmp_path_factory):
    """Equal windows pooled have the mean and the variance of their frames put together."""
    rng = np.random.default_rng(seed)
    names = [f"blues.{i:05d}.{w}.wav" for i, count in enumerate(windows) for w in range(count)]
    frames = rng.normal(size=(len(names), 30))
    table = feature_table(names)
    table["mfcc1_mean"], table["mfcc1_var"] = frames.mean(axis=1), frames.var(axis=1)
    path = tmp_path_factory.mktemp("table") / "features_3_sec.csv"
    table.to_csv(path, index=False)
    tracks, features = gtzan.read_table(path)
    start = 0
    for count, (_, row) in zip(windows, features.iterrows(), strict=True):
        whole = frames[start : start + count]
        np.testing.assert_allclose(row["mfcc1_mean"], whole.mean(), atol=1e-9)
        np.testing.assert_allclose(row["mfcc1_var"], whole.var(), atol=1e-9)
        start += count
    np.testing.assert_allclose(tracks["duration"], 3.0 * np.array(windows))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda t: t.drop(columns="label"), "no column 'label'"),
        (lambda t: t.assign(filename="song.wav"), "'song.wav' is not the name of a GTZAN track"),
        (lambda t: t.assign(mfcc2_mean=[1, np.nan]), "line 3, column 'mfcc2_mean': 'nan' is no n"),
        (lambda t: t.assign(mfcc2_var=-0.5), "line 2, column 'mfcc2_var': '-0.5' is no variance"),
        (lambda t: t.head(0), "has no rows"),
        (lambda t: t.assign(mfcc2_mean="x"), "line 2, column 'mfcc2_mean': 'x' is no number"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(tmp_path, spoil, message):
    path = tmp_path / "features_30_sec.csv"
    spoil(feature_table(["blues.00000.wav", "blues.00001.wav"])).to_csv(path, index=False)
    with pytest.raises(UserError, match=message) as error:
        gtzan.read_table(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read: No columns"),
        (b"a,b\n1,2\n1,2,3,4\n", "cannot be read: .* line 3"),
        (bytes(range(128, 256)), "cannot be read: 'utf-8'"),
        (b"filename;label\nblues.00000.wav;blues\n", "'filename': commas must stand between"),
    ],
)
def test_what_is_no_table_at_all_is_refused_in_one_line(tmp_path, content, message):
    path = tmp_path / "features_30_sec.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        gtzan.read_table(path)
    assert "\n" not in str(error.value)


def test_rows_that_stand_twice_count_once_and_labels_may_be_missing(tmp_path):
    path = tmp_path / "features_3_sec.csv"
    table = feature_table(["blues.00000.0.wav", "blues.00000.1.wav", "rock.00001.0.wav"])
    table["label"] = [np.nan, " Blues ", np.nan]
    table.to_csv(path, index=False)
    tracks, features = gtzan.read_table(path)
    assert list(tracks["genre"]) == ["blues", ""]
    pd.concat([table, table.head(2)]).to_csv(path, index=False)
    again, same = gtzan.read_table(path)
    pd.testing.assert_frame_equal(tracks, again)
    pd.testing.assert_frame_equal(features, same)


def test_a_folder_of_music_takes_its_genres_from_sub_folders(tones):
    found = corpus.load(str(tones))
    assert found.name == "tones"
    assert found.genres == ["low", "noise"]
    assert found.tracks["track_id"].is_unique
    assert found.tracks["duration"].eq(1.0).all()


def test_a_folder_around_the_genres_is_no_genre(tmp_path):
    for name in ("rock/live/one.wav", "jazz/two.wav"):
        write_wav(tmp_path / "music" / "audio" / "all" / name)
    (tmp_path / "music" / "covers.wav").mkdir()
    found = corpus.load(str(tmp_path / "music")).tracks
    assert list(found["track_id"]) == ["jazz/two", "rock/live/one"]
    assert list(found["genre"]) == ["jazz", "rock"]
    write_wav(tmp_path / "music" / "loose.wav")
    assert set(corpus.load(str(tmp_path / "music")).tracks["genre"]) == {"", "audio"}


def test_linked_folders_are_followed_once(tmp_path):
    write_wav(tmp_path / "away" / "rock" / "rock.00001.wav")
    write_wav(tmp_path / "gtzan" / "blues" / "blues.00000.wav")
    (tmp_path / "gtzan" / "rock").symlink_to(tmp_path / "away" / "rock")
    (tmp_path / "gtzan" / "again").symlink_to(tmp_path / "gtzan")
    assert corpus.load("gtzan", tmp_path).genres == ["blues", "rock"]
    found = corpus.load(str(tmp_path / "gtzan")).tracks
    assert list(found["track_id"]) == ["blues/blues.00000", "rock/rock.00001"]


def test_gtzan_of_faulty_tracks_alone_is_none(tmp_path):
    write_wav(tmp_path / "gtzan" / "jazz.00054.wav")
    with pytest.raises(UserError, match="only repeated or faulty tracks"):
        corpus.load("gtzan", tmp_path)


def test_a_single_genre_keeps_its_name(tmp_path):
    write_wav(tmp_path / "rock" / "one.wav")
    assert list(corpus.load(str(tmp_path)).tracks["genre"]) == ["rock"]


def test_a_flat_folder_has_no_labels(tmp_path):
    for name in ("a.wav", "b.wav", "b.flac", "গান.ogg", 'quote\'s "song".wav'):
        write_wav(tmp_path / name)
    write_wav(tmp_path / ".hidden" / "c.wav")
    found = corpus.load(str(tmp_path))
    assert not found.labelled
    assert set(found.tracks["track_id"]) == {"a", "b.wav", "b.flac", "গান", 'quote\'s "song"'}


def test_an_unreadable_file_stays_in_the_list_without_a_duration(tmp_path):
    (tmp_path / "broken.mp3").write_text("this is no music")
    assert np.isnan(corpus.load(str(tmp_path)).tracks["duration"][0])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gtzann", "no corpus 'gtzann'"),
        ("gtzan", "no GTZAN under"),
        ("/nowhere", "no corpus"),
        ("", "no corpus"),
        ("~nobody-of-that-name/music", "no corpus"),
        (300 * "x", "no corpus"),
    ],
)
def test_what_is_not_there_is_named(tmp_path, name, message):
    with pytest.raises(UserError, match=message):
        corpus.load(name, tmp_path)


def test_a_folder_without_music_and_a_missing_data_folder(tmp_path):
    with pytest.raises(UserError, match="no music in"):
        corpus.load(str(tmp_path))
    with pytest.raises(UserError, match=r"nowhere.* does not exist"):
        corpus.load("gtzan", tmp_path / "nowhere")


def test_the_fault_list_is_that_of_the_published_partition(music_data):
    lines = (music_data / "gtzan" / "splits" / "excluded_by_filter.txt").read_text().split()
    assert {line.split("/")[1].removesuffix(".wav") for line in lines} == gtzan.FAULTS


def test_real_gtzan(music_data):
    audio = corpus.load("gtzan", music_data)
    table = corpus.load("gtzan_table", music_data)
    assert (len(audio.tracks), len(table.tracks)) == (93, 930)
    assert audio.genres == table.genres == list(gtzan.GENRES)
    assert not table.table.duplicated().any()  # the filtered collection repeats nothing


def test_names_that_are_no_text_and_formats_that_cannot_be_read_are_counted(tmp_path):
    folder = tmp_path / "music"
    write_wav(folder / "good.wav")
    (folder / "song.m4a").touch()
    try:
        (folder / os.fsdecode(b"bad\xff.wav")).touch()
    except OSError:
        pytest.skip("this file system takes text only")
    found = corpus.load(str(folder))
    assert found.tracks["track_id"].tolist() == ["good"]
    assert found.summary == (
        "music: 1 track, no genre labels, 0.00 h. Left out for names in no known encoding: 1. "
        "Left out for formats that cannot be read here: 1."
    )


def test_columns_that_are_no_features_do_not_become_any(tmp_path):
    path = tmp_path / "features_30_sec.csv"
    feature_table(["blues.00000.wav", "rock.00001.wav"]).reset_index().to_csv(path)
    _, features = gtzan.read_table(path)
    assert all(c.startswith("mfcc") for c in features)
