import itertools

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference_features import beyond_the_table, errors, gtzan_table, mfcc

from lib.audio import descriptors as spectral
from lib.audio import hpss as separation
from lib.audio import mfcc as audio
from lib.audio import tempo as rhythm

FORMATS = {"wav": {}, "flac": {}, "ogg": {}, "mp3": {}, "au": {"subtype": "PCM_16"}}


def music(seconds: float, rate: int = 22050, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Notes that begin every half second, a drum between them, and some hiss."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(rate * seconds)) / rate
    y = rng.normal(scale=0.003, size=(len(time), channels))
    for partial in range(1, 9):
        pitch = 110 * 2 ** (rng.integers(0, 12, size=int(seconds * 2) + 1) / 12)
        phase = 2 * np.pi * partial * np.cumsum(pitch[(time * 2).astype(int)]) / rate
        y += (0.2 / partial * np.sin(phase) * np.exp(-3 * (time % 0.5)))[:, None]
    stroke = np.exp(-60 * ((time + 0.25) % 0.5))
    y += 0.2 * stroke[:, None] * rng.normal(size=y.shape)
    return np.clip(y, -0.99, 0.99).astype(np.float32)


@pytest.fixture
def track(tmp_path):
    soundfile.write(tmp_path / "track.wav", music(12), 22050)
    return tmp_path / "track.wav"


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [22050, 44100])
def test_a_file_is_decoded_to_the_samples_that_librosa_gives(tmp_path, suffix, channels, rate):
    path = tmp_path / f"track.{suffix}"
    soundfile.write(path, music(7, rate, channels), rate, **FORMATS[suffix])
    expected, _ = librosa.load(path)
    y = audio.read(path)
    assert y.dtype == np.float32
    assert len(y) == len(expected)
    np.testing.assert_allclose(y, expected, atol=1e-6)
    vector, image = audio.describe(path)
    reference = mfcc(expected)
    np.testing.assert_allclose(vector[:20], reference.mean(axis=1), atol=1e-2)
    np.testing.assert_allclose(vector[20:], reference.std(axis=1), atol=1e-2)
    np.testing.assert_allclose(image, audio.mfcc_image(reference), atol=1e-2)


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (11025, 3), (48000, 8), (192000, 2)])
def test_odd_rates_and_channels_are_brought_to_ours(tmp_path, rate, channels):
    path = tmp_path / "track.wav"
    soundfile.write(path, music(2.345, rate, channels), rate, subtype="PCM_24")
    np.testing.assert_allclose(audio.read(path), librosa.load(path)[0], atol=1e-6)


@pytest.mark.parametrize("n_mfcc", [1, 13, 20, 40])
def test_mfccs_are_those_of_librosa(n_mfcc):
    y = music(4)[:, 0]
    np.testing.assert_allclose(
        audio.mel_spectrogram(y), librosa.feature.melspectrogram(y=y), rtol=1e-4, atol=1e-7
    )
    ours, reference = audio.mfcc(y, n_mfcc), mfcc(y, n_mfcc)
    assert ours.shape == reference.shape
    np.testing.assert_allclose(ours, reference, atol=1e-3)


def test_quiet_moments_are_cut_at_80_db_below_the_loudest_even_if_that_comes_last():
    y = np.concatenate([music(1)[:, 0] * 1e-6, np.zeros(22050, np.float32), music(1)[:, 0]])
    np.testing.assert_allclose(audio.mfcc(y), mfcc(y), atol=1e-3)


def test_filters_are_those_of_librosa():
    np.testing.assert_allclose(
        audio.mel_filters(), librosa.filters.mel(sr=22050, n_fft=2048), atol=1e-7
    )
    for tuning in (-0.5, -0.03, 0.0, 0.49):
        np.testing.assert_allclose(
            spectral.chroma_filters(tuning),
            librosa.filters.chroma(sr=22050, n_fft=2048, tuning=tuning),
            atol=1e-6,
        )


@settings(max_examples=50)
@given(
    length=st.integers(1, 20_000),
    cuts=st.lists(st.integers(0, 20_000), max_size=8),
    frames=st.integers(1, 30),
)
def test_stretches_hold_every_frame_once_however_the_signal_comes(length, cuts, frames):
    y = np.arange(1, length + 1, dtype=np.float32)
    chunks = np.split(y, sorted(min(cut, length) for cut in cuts))
    padded = np.pad(y, audio.N_FFT // 2)
    start = 0
    stretches = list(audio.stretches(chunks, frames))
    for stretch in stretches:
        assert np.array_equal(stretch, padded[start : start + len(stretch)])
        n = 1 + (len(stretch) - audio.N_FFT) // audio.HOP
        assert n == frames or (1 <= n <= frames and stretch is stretches[-1])
        start += n * audio.HOP
    assert start == (1 + length // audio.HOP) * audio.HOP
    assert start + len(stretches[-1]) - n * audio.HOP == len(padded)


@settings(max_examples=100)
@given(arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 700)),
              elements=st.floats(-1000, 1000, width=32)))  # fmt: skip
def test_an_image_is_a_fair_mean_of_the_track(coefficients):
    image = audio.mfcc_image(coefficients)
    assert image.shape == (len(coefficients), 128)
    assert image.dtype == np.float32
    scale = 1e-3 * (1 + np.abs(coefficients).max())
    np.testing.assert_allclose(image.mean(axis=1), coefficients.mean(axis=1), atol=scale)
    assert image.min() >= coefficients.min() - scale
    assert image.max() <= coefficients.max() + scale


def test_an_image_keeps_what_fits_and_averages_cells_of_equal_length():
    ramp = np.arange(128, dtype=np.float32)[None]
    np.testing.assert_allclose(audio.mfcc_image(ramp), ramp, atol=1e-4)
    np.testing.assert_allclose(audio.mfcc_image(np.repeat(ramp, 3, axis=1)), ramp, atol=1e-4)
    np.testing.assert_allclose(audio.mfcc_image(ramp[:, :64]), np.repeat(ramp[:, :64], 2, axis=1))
    thirds = audio.mfcc_image(np.arange(192, dtype=np.float32)[None])[0]
    np.testing.assert_allclose(thirds[:2], [1 / 3, 5 / 3], atol=1e-5)


@settings(max_examples=30)
@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 80)),
              elements=st.floats(0, 100, width=32)))  # fmt: skip
def test_the_median_along_rows_is_the_exact_one(rows):
    """By the definition: scipy's own filter in two dimensions errs on rows of two."""
    padded = np.pad(rows, ((0, 0), (15, 15)), mode="symmetric")
    expected = np.median(np.lib.stride_tricks.sliding_window_view(padded, 31, axis=1), axis=2)
    assert np.array_equal(separation._median(padded), expected)


@pytest.mark.parametrize("seconds", [0.1, 0.5, 12.0])
def test_the_wide_set_is_that_of_librosa(tmp_path, seconds):
    path = tmp_path / "track.wav"
    soundfile.write(path, music(seconds, seed=3), 22050)
    ours = dict(zip(spectral.columns(), spectral.describe(path)[0], strict=True))
    y = audio.read(path)
    wrong = {
        name: error
        for name, error in errors(ours, gtzan_table(y) | beyond_the_table(y)).items()
        if error > (1e-2 if name.startswith("mfcc") else 1e-3)
    }
    assert not wrong


def test_the_wide_set_begins_with_the_narrow_one(track):
    narrow, image = audio.describe(track)
    wide, wide_image = spectral.describe(track)
    assert spectral.columns()[:40] == audio.columns()
    assert len(wide) == len(spectral.columns())
    np.testing.assert_allclose(wide[:40], narrow, atol=1e-3)
    np.testing.assert_allclose(wide_image, image, atol=1e-3)


@pytest.mark.parametrize("n_frames", [15, 40, 129, 259])
def test_the_wide_set_does_not_depend_on_how_a_track_is_cut(track, monkeypatch, n_frames):
    whole, _ = spectral.describe(track)
    monkeypatch.setattr(spectral, "_BLOCK", n_frames)
    monkeypatch.setattr(rhythm, "_BLOCK", n_frames)
    np.testing.assert_allclose(spectral.describe(track)[0], whole, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("room", [audio, spectral])
def test_a_track_too_long_to_keep_is_decoded_twice_to_the_same_bytes(track, monkeypatch, room):
    kept = room.describe(track)
    monkeypatch.setattr(audio, "_KEPT", 2**20)
    again = room.describe(track)
    assert all(np.array_equal(a, b) for a, b in zip(kept, again, strict=True))


def test_edges_that_begin_below_zero_are_no_zero_crossings(tmp_path):
    path = tmp_path / "track.wav"
    for sign, n in itertools.product((-1, 1), (5000, 5120, 5631)):
        y = sign * np.cos(np.arange(n) / 50) * 0.5
        soundfile.write(path, y, 22050, subtype="FLOAT")
        crossings = spectral.ZeroCrossings()
        for block in spectral._blocks(path):
            crossings.add(block)
        expected = librosa.feature.zero_crossing_rate(audio.read(path))[0]
        np.testing.assert_allclose(crossings.rates(), expected, atol=1e-12)
        assert crossings.length == n


def test_a_click_track_has_its_tempo_and_a_steady_tone_none(tmp_path):
    time = np.arange(22050 * 15) / 22050
    clicks = np.sin(2 * np.pi * 1000 * time) * (time % 0.5 < 0.02)
    steady = 0.3 * np.sin(2 * np.pi * 440 * time)
    where = spectral.columns().index("tempo")
    for name, y in (("clicks", clicks), ("steady", steady)):
        soundfile.write(tmp_path / f"{name}.wav", y, 22050)
        values, _ = spectral.describe(tmp_path / f"{name}.wav")
        reference = librosa.beat.beat_track(y=audio.read(tmp_path / f"{name}.wav"))[0]
        assert values[where] == pytest.approx(float(np.atleast_1d(reference)[0]))
        if name == "clicks":
            assert values[where] == pytest.approx(120, rel=0.03)


def test_a_tone_is_harmonic_and_clicks_are_percussive(tmp_path):
    time = np.arange(22050 * 5) / 22050
    tone = 0.3 * np.sin(2 * np.pi * 440 * time)
    clicks = np.where(np.arange(len(time)) % 11025 == 0, 0.9, 0.0)
    where = spectral.columns().index("harmonic_share")
    for y, low, high in ((tone, 0.95, 1.0), (clicks, 0.0, 0.05)):
        soundfile.write(tmp_path / "track.wav", y, 22050)
        assert low <= spectral.describe(tmp_path / "track.wav")[0][where] <= high


def test_real_music_gives_the_numbers_of_librosa(music_data):
    genres = sorted((music_data / "gtzan" / "genres").glob("*/*0.flac"))[::5]
    recordings = sorted((music_data / "open_music").glob("*trumpet*.ogg"))
    assert genres
    for path in genres + recordings:
        y, _ = librosa.load(path)
        np.testing.assert_allclose(audio.mfcc(audio.read(path)), mfcc(y), atol=1e-2)
        ours = dict(zip(spectral.columns(), spectral.describe(path)[0], strict=True))
        for name, error in errors(ours, gtzan_table(y) | beyond_the_table(y)).items():
            assert error < (1e-2 if name.startswith("mfcc") else 1e-3), (path, name)
