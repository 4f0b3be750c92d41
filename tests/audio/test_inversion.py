import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lib import audio
from lib.audio import SAMPLE_RATE, inversion
from lib.audio.mfcc import mel_filters

TIME = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE


@pytest.fixture(scope="module")
def bursts():
    """A tone, and noise that comes and goes four times a second."""
    noise = np.random.default_rng(0).normal(size=len(TIME)) * (np.sin(8 * np.pi * TIME) > 0)
    return (0.3 * np.sin(2 * np.pi * 440 * TIME) + 0.1 * noise).astype(np.float32)


def decibels(samples, range_db=40.0):
    mel = 10 * np.log10(np.maximum(audio.mel_spectrogram(samples), 1e-10))
    return np.maximum(mel, mel.max() - range_db)


def distance(samples, wanted, range_db=40.0):
    """Mean absolute difference of mel decibels, whatever the level; ends, where it fades, aside."""
    got = decibels(samples, range_db)[:, 3:-3]
    wanted = np.maximum(wanted, wanted.max() - range_db)[:, 3:-3]
    return np.abs(got - wanted - np.median(got - wanted)).mean()


def test_the_round_trip_keeps_the_mel_envelope(bursts):
    sound = inversion.sound(audio.mfcc(bursts, 128))
    assert distance(sound, decibels(bursts)) < 1.5
    noise = np.random.default_rng(1).normal(size=len(bursts)).astype(np.float32)
    assert distance(noise, decibels(bursts)) > 3  # so that the bound above means something


def test_twenty_coefficients_come_back_as_their_smooth_envelope(bursts):
    mfcc = audio.mfcc(bursts, 20)
    wanted = 10 * np.log10(inversion.mel_power(mfcc))
    assert distance(inversion.sound(mfcc), wanted) < 1.5


def test_bursts_stay_in_time(bursts):
    mfcc = audio.mfcc(bursts, 20)
    asked = 10 * np.log10(inversion.mel_power(mfcc))[:, :-1]
    got, played = decibels(inversion.sound(mfcc)), decibels(bursts)[:, :-1]
    loud = [bands[80:120].mean(axis=0)[5:-5] for bands in (got[:, : asked.shape[1]], asked, played)]
    correlations = np.corrcoef(loud)[0]
    assert correlations[1] > 0.95
    assert correlations[2] > 0.8


def test_all_coefficients_give_back_the_bands(bursts):
    power = inversion.mel_power(audio.mfcc(bursts, 128))
    mel = audio.mel_spectrogram(bursts)
    assert power == pytest.approx(np.maximum(mel, mel.max() * 1e-8), rel=1e-2)


def test_the_bins_hold_the_power_of_flat_bands():
    filters = mel_filters()
    mel = filters.sum(axis=1, keepdims=True) * 3.0  # of a spectrum that is 3 in each bin
    spectrum = inversion.power_spectrum(mel)
    inside = filters.any(axis=0)
    assert spectrum[inside] == pytest.approx(3.0, rel=1e-5)
    assert filters @ spectrum == pytest.approx(mel, rel=1e-5)


def test_an_image_is_brought_back_to_its_own_scale(bursts):
    images = np.stack([audio.mfcc_image(audio.mfcc(bursts)), np.ones((20, 128), np.float32)])
    mean, deviation = images.mean(axis=(0, 2)), images.std(axis=(0, 2))
    standard = (images - mean[:, None]) / deviation[:, None]
    inverter = inversion.Inverter(images)
    assert inverter.mfcc(standard[0]) == pytest.approx(images[0], abs=1e-3)
    sound = inverter.sound(standard[0])
    assert len(sound) == 127 * 512
    assert sound.tobytes() == inversion.sound(inverter.mfcc(standard[0])).tobytes()


@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e3])
def test_clips_are_equally_loud(bursts, gain):
    clip = inversion.normalise(gain * bursts)
    assert np.sqrt(np.mean(np.square(clip))) == pytest.approx(inversion.LEVEL, rel=0.04)
    assert np.abs(clip).max() <= inversion.PEAK
    assert clip[0] == 0
    assert abs(clip[-1]) < 1e-3


def test_a_peak_never_passes_full_scale():
    click = np.zeros(SAMPLE_RATE)
    click[5000] = 1
    assert np.abs(inversion.normalise(click)).max() == pytest.approx(inversion.PEAK)


@pytest.mark.parametrize("n", [0, 1, 2048, 66150])
def test_silence_stays_silent(n):
    clip = inversion.normalise(np.zeros(n))
    assert clip.shape == (n,)
    assert not clip.any()


def test_a_silent_image_is_silence():
    silent = audio.mfcc(np.zeros(66150, np.float32))
    assert not inversion.sound(silent).any()


@settings(max_examples=10)
@given(arrays(np.float32, (20, 8), elements=st.floats(-300, 300, width=32)))
def test_whatever_a_decoder_says_can_be_played(mfcc):
    sound = inversion.sound(mfcc)
    assert sound.shape == (7 * 512,)
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= inversion.PEAK
