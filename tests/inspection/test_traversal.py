import numpy as np
import pytest

from lib import audio
from lib.audio.inversion import LEVEL
from lib.inspection.traversal import Traversal, stages, traversed


def test_the_stages_of_a_track_are_alike_in_length_and_loudness():
    time = np.arange(12 * audio.SAMPLE_RATE) / audio.SAMPLE_RATE
    noise = np.random.default_rng(0).normal(size=len(time)) * (np.sin(8 * np.pi * time) > 0)
    long = (0.3 * np.sin(2 * np.pi * 440 * time) + 0.1 * noise).astype(np.float32)
    images = np.random.default_rng(0).normal(size=(3, 20, 128)).astype(np.float32)
    images[0] = audio.mfcc_image(audio.mfcc(long))
    inverter = audio.Inverter(images)
    standard = (images[0] - inverter.mfcc(np.zeros((20, 128)))) / images.std(axis=(0, 2))[:, None]
    sounds = stages(inverter, long, standard, np.zeros((20, 128)))
    assert {len(clip) for clip in sounds.values()} == {127 * 512}
    assert "all of it, 4 times as fast" in sounds
    assert "what 20 MFCCs keep" in sounds
    for clip in sounds.values():
        assert np.sqrt(np.mean(np.square(clip))) == pytest.approx(LEVEL, rel=0.1)


def test_a_traversal_sounds_in_order():
    rng = np.random.default_rng(0)
    inverter = audio.Inverter(rng.normal(size=(4, 20, 16)))
    found = Traversal(
        rng.normal(size=(2, 7, 1, 20, 16)), np.array([3, 0]), np.ones(2), np.linspace(-3, 3, 7)
    )
    clips = traversed(inverter, found)
    assert [name.split(" at ") for name in clips] == [
        [f"latent {d}", step] for d in (3, 0) for step in ("−3", "0", "+3")
    ]
    assert clips["latent 0 at +3"] == pytest.approx(inverter.sound(found.decoded[1, 6, 0]))
