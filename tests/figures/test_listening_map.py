"""The page of the map: what it holds, for every kind of corpus, whatever the titles say."""

import base64
import hashlib
import html
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from lib import audio, corpora
from lib.errors import UserError
from lib.figures import ListeningMap, style
from lib.figures.listening_map import excerpts
from lib.figures.listening_map.page import MAX_INLINE, _json, _read

EVIL = '</script><script>document.title="run"</script>\u2028<b>&amp;{{ script }}'


def tracks(n: int, **columns) -> pd.DataFrame:
    ids = [f"track {i}" for i in range(n)]
    return pd.DataFrame({"track_id": ids, "title": [f"Title {i}" for i in range(n)]} | columns)


def points(n: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 2))


def data_of(page: str) -> dict:
    return json.loads(element(page, "script", 0))


def element(page: str, name: str, place: int) -> str:
    return re.findall(rf"<{name}\b[^>]*>(.*?)</{name}>", page, re.DOTALL)[place]


@pytest.fixture
def heard(tones) -> pd.DataFrame:
    """Return the twelve tracks of a folder of music."""
    return corpora.load(str(tones)).tracks


def test_a_saved_map_has_a_player_for_each_track(heard, tmp_path):
    page = ListeningMap(heard, {"PCA": points(12)}, {"Genre": heard["genre"]}).save(
        tmp_path / "map"
    )
    data = data_of(page.read_text("utf-8"))
    assert data["titles"] == heard["title"].tolist()
    assert [group["name"] for group in data["groups"][0]["groups"]] == ["low", "noise"]
    assert data["groups"][0]["of"] == [0] * 6 + [1] * 6
    assert len(set(data["sources"])) == 12
    for place, source in enumerate(data["sources"]):
        sound, rate = soundfile.read(page.parent / source)
        whole, _ = soundfile.read(heard["path"][place])
        assert rate == 22050 and sound.ndim == 1
        # MP3 pads to whole frames, and starts a little late
        assert len(whole) <= len(sound) < len(whole) + 5000
        assert np.sqrt(np.mean(sound**2)) == pytest.approx(np.sqrt(np.mean(whole**2)), rel=0.35)


def test_an_excerpt_sounds_like_its_own_track(heard):
    sounds = excerpts.encode(heard, [0, 11])
    low, noise = (_centroid(sounds[place]) for place in (0, 11))
    assert low < 300 < 2000 < noise


def _centroid(sound: bytes) -> float:
    samples, rate = soundfile.read(io.BytesIO(sound))
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float(np.fft.rfftfreq(len(samples), 1 / rate) @ power / power.sum())


def test_the_excerpt_is_the_middle_and_half_a_minute_in_at_the_latest(tmp_path):
    steps = np.repeat(np.arange(80) / 100, 22050)  # each second has a level of its own
    soundfile.write(tmp_path / "steps.wav", steps, 22050, subtype="FLOAT")
    for duration, start in ((21.0, 8), (80.0, 30), (3.0, 0), (np.nan, 0)):
        cut = excerpts.cut(tmp_path / "steps.wav", duration)
        assert len(cut) == 5 * 22050
        assert cut[22050 // 2 :: 22050] == pytest.approx((start + np.arange(5)) / 100)
        assert cut[0] == cut[-1] == 0
    assert len(excerpts.cut(tmp_path / "steps.wav", duration=200.0)) == 5 * 22050
    # a header that promises more than there is
    soundfile.write(tmp_path / "short.wav", steps[: 22050 * 7], 22050, subtype="FLOAT")
    cut = excerpts.cut(tmp_path / "short.wav", duration=60.0)
    assert cut[22050 // 2 :: 22050] == pytest.approx((2 + np.arange(5)) / 100)


def test_an_excerpt_is_small(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 30 * 22050)
    soundfile.write(tmp_path / "noise.wav", noise, 22050)
    assert len(audio.mp3(excerpts.cut(tmp_path / "noise.wav", 30.0), small=True)) < 16 * 1024


def test_no_title_leaves_its_place(tmp_path):
    names = {"title": [EVIL] * 3, "artist": [EVIL] * 3}
    made = ListeningMap(tracks(3, **names), {EVIL: points(3)}, {EVIL: [EVIL] * 3})
    page = made.save(tmp_path).read_text("utf-8")
    assert page.count("<script") == page.count("</script>") == 2
    assert "\u2028" not in element(page, "script", 0)
    data = data_of(page)
    assert data["titles"] == data["artists"] == [EVIL] * 3
    assert data["maps"][0]["name"] == data["groups"][0]["name"] == EVIL
    assert data["groups"][0]["groups"][0]["name"] == EVIL


@given(st.text())
def test_every_text_comes_back_as_it_was_and_holds_no_tag(text):
    written = _json({"titles": [text]})
    assert json.loads(written) == {"titles": [text]}
    assert not set("<>&\u2028\u2029") & set(written)


def test_a_name_that_is_no_text_does_not_stop_the_page(tmp_path):
    data = _data(tmp_path, tracks(1), {"Genre": ["broken \udcff"]}, n_tracks=1)
    assert data["groups"][0]["groups"][0]["name"] == "broken ?"


def test_only_its_own_script_and_style_may_run(tmp_path):
    page = ListeningMap(tracks(2), {"PCA": points(2)}, {}).save(tmp_path).read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    for name, place in (("script", 1), ("style", 0)):
        digest = hashlib.sha256(element(page, name, place).encode()).digest()
        digest = base64.b64encode(digest).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "http:" not in policy and "unsafe" not in policy


def test_groups_have_the_colours_of_all_other_figures(tmp_path):
    genres = ["rock", "", "jazz", "rock"]
    clusters = np.array([10, -1, 2, 2])
    data = _data(tmp_path, tracks(4), {"Genre": genres, "Cluster": clusters})
    for grouping, values in zip(data["groups"], (genres, [str(c) for c in clusters]), strict=True):
        drawn = [grouping["groups"][place] for place in grouping["of"]]
        shown = [(group["colour"], group["marker"]) for group in drawn]
        assert shown == [style.styles(values)[value] for value in values]
    names = [[group["name"] for group in grouping["groups"]] for grouping in data["groups"]]
    assert names[0] == ["jazz", "rock", "unknown"]
    assert set(names[1]) == {"noise", "2", "10"}


def _data(folder, table, groups, n_tracks=4) -> dict:
    return data_of(
        ListeningMap(table, {"PCA": points(n_tracks)}, groups).save(folder).read_text("utf-8")
    )


def test_each_marker_of_the_figures_can_be_drawn():
    shapes = re.search(r"const SHAPES = \{(.*?)\};", _read("plot.js"), re.DOTALL)[1]
    drawn = {a or b for a, b in re.findall(r'^  (?:"(.)"|(\w)):', shapes, re.MULTILINE)}
    assert drawn >= {*style.MARKERS, style.UNKNOWN[1]}


def test_without_labels_there_is_nothing_to_colour_by(tmp_path):
    data = _data(tmp_path, tracks(4), {"Genre": [""] * 4, "Cluster": [0, 0, 1, 1]})
    assert [grouping["name"] for grouping in data["groups"]] == ["Cluster"]
    assert _data(tmp_path, tracks(4), {})["groups"] == []


def test_without_audio_there_are_no_excerpts(tmp_path):
    for table in (tracks(4), tracks(4, path="")):
        assert _data(tmp_path, table, {})["sources"] == [None] * 4
        assert not (tmp_path / "audio").exists()


def test_a_track_that_cannot_be_decoded_costs_that_track(heard, tmp_path):
    broken = heard.assign(path=[str(tmp_path / "nothing.wav"), *heard["path"][1:]])
    data = _data(tmp_path / "map", broken, {}, n_tracks=12)
    assert data["sources"][0] is None
    assert all(data["sources"][1:])


def test_a_track_without_a_title_goes_by_its_name(tmp_path):
    table = tracks(3).assign(title=["", np.nan, "এক"])
    assert _data(tmp_path, table, {}, n_tracks=3)["titles"] == ["track 0", "track 1", "এক"]


def test_places_keep_the_shape_of_the_map(tmp_path):
    corners = np.array([[-1.0, 0], [3, 0], [3, 2], [np.nan, 1]])
    page = ListeningMap(tracks(4), {"PCA": corners, "one place": np.ones((4, 2))}, {}).save(
        tmp_path
    )
    first, second = (each["points"] for each in data_of(page.read_text("utf-8"))["maps"])
    x, y = np.array(first[:6]).reshape(3, 2).T
    assert first[6:] == [None, None]
    assert x[1] - x[0] == 10_000
    assert y[0] - y[2] == 5_000  # twice as wide as high, and up is up
    assert len(set(second)) == 1


def test_few_excerpts_are_spread_and_belong_to_the_many(heard):
    few, many = (excerpts.choose(heard, most) for most in (4, 8))
    assert set(few) < set(many)
    assert few == sorted(few) and len(few) == 4
    assert len(set(heard["genre"][many])) == 2
    assert excerpts.choose(heard, 100) == list(range(12))
    assert excerpts.choose(heard, 0) == []


def test_another_map_in_the_same_folder_leaves_no_excerpts_behind(heard, tmp_path, monkeypatch):
    ListeningMap(heard, {"PCA": points(12)}, {}).save(tmp_path)
    monkeypatch.setattr("lib.figures.listening_map.page.MAX_EXCERPTS", 3)
    ListeningMap(heard, {"PCA": points(12)}, {}).save(tmp_path)
    sources = [
        source
        for source in data_of((tmp_path / "map.html").read_text("utf-8"))["sources"]
        if source
    ]
    assert len(sources) == 3
    assert sorted(p.name for p in tmp_path.rglob("*.mp3")) == [s.split("/")[1] for s in sources]


def test_the_same_map_has_the_same_bytes(heard, tmp_path):
    for name in ("one", "two"):
        ListeningMap(heard, {"PCA": points(12)}, {"Genre": heard["genre"]}).save(tmp_path / name)
    files = [
        {p.relative_to(tmp_path / name): p.read_bytes() for p in (tmp_path / name).rglob("*.*")}
        for name in ("one", "two")
    ]
    assert len(files[0]) == 13
    assert files[0] == files[1]


def test_a_notebook_shows_the_same_page_with_its_sounds_inside(heard):
    made = ListeningMap(heard, {"PCA": points(12)}, {"Genre": heard["genre"]})
    shown = made._repr_mimebundle_()
    assert shown == made._repr_mimebundle_()
    frame = re.fullmatch(
        r'<iframe title="([^"]*)" [^>]*srcdoc="([^"]*)">[^<]*</iframe>', shown["text/html"]
    )
    assert frame[1] == "Listening map"
    data = data_of(html.unescape(frame[2]))
    assert len(data["sources"]) == 12
    for source in data["sources"]:
        kind, sound = source.split(",")
        assert kind == "data:audio/mpeg;base64"
        assert base64.b64decode(sound)[:1] == b"\xff" or base64.b64decode(sound)[:3] == b"ID3"


def test_a_notebook_holds_few_excerpts(tones, heard):
    many = pd.concat([heard] * 5, ignore_index=True)
    many["track_id"] = [f"track {i}" for i in range(60)]
    shown = ListeningMap(many, {"PCA": points(60)}, {})._repr_mimebundle_()["text/html"]
    assert shown.count("data:audio/mpeg") == MAX_INLINE


@pytest.mark.parametrize(
    ("n_tracks", "maps", "groups", "said"),
    [
        (0, {"PCA": np.empty((0, 2))}, {}, "at least one track"),
        (3, {}, {}, "at least one track and one map"),
        (3, {"PCA": np.zeros((2, 2))}, {}, r"'PCA' must be \(3, 2\).*not \(2, 2\)"),
        (3, {"PCA": np.zeros((3, 16))}, {}, r"'PCA' must be \(3, 2\).*not \(3, 16\)"),
        (3, {"PCA": np.zeros((3, 2))}, {"Genre": ["rock"]}, "'Genre' groups 1 tracks.*there are 3"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(n_tracks, maps, groups, said):
    with pytest.raises(UserError, match=said):
        ListeningMap(tracks(n_tracks), maps, groups)
