import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference_features import mfcc
from synthetic_music import music

from lib import audio
from lib.audio.mfcc import mel_filters


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
    y = np.concatenate([music(1)[:, 0] * 1e-6, np.zeros(5 * 22050, np.float32), music(1)[:, 0]])
    np.testing.assert_allclose(audio.mfcc(y), mfcc(y), atol=1e-3)


def test_filters_are_those_of_librosa():
    np.testing.assert_allclose(mel_filters(), librosa.filters.mel(sr=22050, n_fft=2048), atol=1e-7)


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
