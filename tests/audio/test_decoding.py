import librosa
import numpy as np
import pytest
import soundfile
from reference_features import mfcc
from synthetic_music import music

from lib import audio
from lib.audio.mfcc import mfcc_features

FORMATS = {"wav": {}, "flac": {}, "ogg": {}, "mp3": {}, "au": {"subtype": "PCM_16"}}


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
    vector, image = mfcc_features(path)
    reference = mfcc(expected)
    np.testing.assert_allclose(vector[:20], reference.mean(axis=1), atol=1e-2)
    np.testing.assert_allclose(vector[20:], reference.std(axis=1), atol=1e-2)
    np.testing.assert_allclose(image, audio.mfcc_image(reference), atol=1e-2)


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (11025, 3), (48000, 8), (192000, 2)])
def test_odd_rates_and_channels_are_brought_to_ours(tmp_path, rate, channels):
    path = tmp_path / "track.wav"
    soundfile.write(path, music(2.345, rate, channels), rate, subtype="PCM_24")
    np.testing.assert_allclose(audio.read(path), librosa.load(path)[0], atol=1e-6)


@pytest.mark.parametrize("longest", [0.1, 7, 24.99, 25, 26])
def test_of_a_long_track_the_middle_is_read(tmp_path, longest):
    y = music(25)[:, 0]  # several chunks
    soundfile.write(tmp_path / "track.wav", y, 22050, subtype="FLOAT")
    n = min(int(longest * 22050), len(y))
    start = (len(y) - n) // 2
    assert np.array_equal(audio.read(tmp_path / "track.wav", longest), y[start : start + n])
