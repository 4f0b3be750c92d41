import io

import numpy as np
import pytest
import soundfile

from lib.audio import encoding


@pytest.mark.parametrize("n_samples", [0, 1, 100, 22050])
def test_a_faded_sound_starts_and_ends_in_silence_and_is_a_copy(n_samples):
    samples = np.ones(n_samples, np.float32)
    faded = encoding.fade(samples)
    assert faded.dtype == np.float32 and len(faded) == n_samples
    assert (samples == 1).all()
    if n_samples > 1:
        assert faded[0] == faded[-1] == 0
        assert faded == pytest.approx(faded[::-1])
    if n_samples == 22050:
        assert (faded[441:-441] == 1).all()


def test_an_mp3_holds_the_sound_and_a_small_one_is_smaller():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 5 * 22050)
    whole, small = encoding.mp3(noise), encoding.mp3(noise, small=True)
    assert len(small) < len(whole) / 1.5
    for sound in (whole, small):
        samples, rate = soundfile.read(io.BytesIO(sound))
        assert rate == 22050 and len(samples) >= len(noise)
