import os
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference_features import beyond_the_table, errors, gtzan_table, mfcc
from synthetic_music import music

from lib import audio
from lib.audio import descriptors
from lib.audio.descriptors import wide_features
from lib.audio.mfcc import mfcc_features


def named(path) -> dict[str, float]:
    return dict(zip(audio.wide_columns(), wide_features(path), strict=True))


def wrong(ours: dict[str, float], y: np.ndarray) -> dict[str, float]:
    """Columns that are not those of librosa's functions, called one by one."""
    return {
        name: error
        for name, error in errors(ours, gtzan_table(y) | beyond_the_table(y)).items()
        if error > (1e-2 if name.startswith("mfcc") else 1e-3)
    }


@settings(max_examples=30)
@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 80)),
              elements=st.floats(0, 100, width=32)))  # fmt: skip
def test_the_median_along_rows_is_the_exact_one(rows):
    """By the definition: scipy's own filter in two dimensions errs on rows of two."""
    padded = np.pad(rows, ((0, 0), (15, 15)), mode="symmetric")
    expected = np.median(np.lib.stride_tricks.sliding_window_view(padded, 31, axis=1), axis=2)
    assert np.array_equal(descriptors._median(rows), expected)


@pytest.mark.parametrize("seconds", [0.1, 0.5, 12.0])
def test_the_wide_set_is_that_of_librosa(tmp_path, seconds):
    path = tmp_path / "track.wav"
    soundfile.write(path, music(seconds, seed=3), 22050)
    assert not wrong(named(path), audio.read(path))


def test_the_wide_set_begins_with_the_narrow_one(tmp_path):
    path = tmp_path / "track.wav"
    soundfile.write(path, music(12), 22050)
    narrow, wide = mfcc_features(path)[0], wide_features(path)
    assert audio.wide_columns()[:40] == audio.mfcc_columns()
    assert len(wide) == len(audio.wide_columns())
    np.testing.assert_allclose(wide[:40], narrow, atol=1e-3)


def test_of_a_long_track_the_middle_is_described(tmp_path, monkeypatch):
    y = music(12)
    for name, samples in (("whole", y), ("middle", y[3 * 22050 : 9 * 22050])):
        soundfile.write(tmp_path / f"{name}.wav", samples, 22050)
    expected = wide_features(tmp_path / "middle.wav")
    monkeypatch.setattr(descriptors, "LONGEST", 6.0)
    found = wide_features(tmp_path / "whole.wav")
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_what_librosa_compiles_for_the_wide_set_is_in_the_cache_before(tmp_path):
    soundfile.write(tmp_path / "track.wav", music(1), 22050)
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nb?")}
    wide_features(tmp_path / "track.wav")
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*.nb?")}


def test_a_click_track_has_its_tempo_and_a_steady_tone_none(tmp_path):
    time = np.arange(22050 * 15) / 22050
    clicks = np.sin(2 * np.pi * 1000 * time) * (time % 0.5 < 0.02)
    steady = 0.3 * np.sin(2 * np.pi * 440 * time)
    for name, y in (("clicks", clicks), ("steady", steady)):
        soundfile.write(tmp_path / f"{name}.wav", y, 22050)
        tempo = named(tmp_path / f"{name}.wav")["tempo"]
        reference = librosa.beat.beat_track(y=audio.read(tmp_path / f"{name}.wav"))[0]
        assert tempo == pytest.approx(float(np.atleast_1d(reference)[0]))
        if name == "clicks":
            assert tempo == pytest.approx(120, rel=0.03)


def test_a_tone_is_harmonic_and_clicks_are_percussive(tmp_path):
    time = np.arange(22050 * 5) / 22050
    tone = 0.3 * np.sin(2 * np.pi * 440 * time)
    clicks = np.where(np.arange(len(time)) % 11025 == 0, 0.9, 0.0)
    for y, low, high in ((tone, 0.95, 1.0), (clicks, 0.0, 0.05)):
        soundfile.write(tmp_path / "track.wav", y, 22050)
        assert low <= named(tmp_path / "track.wav")["harmonic_share"] <= high


def test_real_music_gives_the_numbers_of_librosa(music_data):
    genres = sorted((music_data / "gtzan" / "genres").glob("*/*0.flac"))[::5]
    recordings = sorted((music_data / "open_music").glob("*trumpet*.ogg"))
    assert genres
    for path in genres + recordings:
        y, _ = librosa.load(path)
        np.testing.assert_allclose(audio.mfcc(audio.read(path)), mfcc(y), atol=1e-2)
        assert not wrong(named(path), y), path
