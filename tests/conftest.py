"""What tests share: where the real music is, if any, and a small corpus made on the spot."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, settings

from lib import runtime

ROOT = Path(__file__).resolve().parent.parent
NAMED = os.environ.get("MUSIC_DATA")

# No test depends on the clock: a busy machine is slow, and no less right.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_configure(config):
    """Compile what librosa and UMAP keep, before two workers at once import either."""
    if not hasattr(config, "workerinput"):
        runtime.warm()


@pytest.fixture(scope="session")
def music_data() -> Path:
    """Return the folder of real music; skip where there is none."""
    for folder in filter(None, (NAMED, ROOT.parent / "shared" / "data")):
        if (Path(folder) / "gtzan").is_dir():
            return Path(folder)
    pytest.skip("no real music: name its folder with MUSIC_DATA")


@pytest.fixture
def double():
    """Have torch compute in float64, in which rounding hides no difference."""
    import torch

    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def tones(tmp_path) -> Path:
    """Make a folder of music with two genres of six short tracks: low tones, and noise."""
    rng = np.random.default_rng(0)
    time = np.arange(22050) / 22050
    for genre, sound in (
        ("low", lambda: np.sin(2 * np.pi * rng.uniform(100, 200) * time)),
        ("noise", lambda: rng.standard_normal(len(time)) * rng.uniform(0.2, 0.3)),
    ):
        folder = tmp_path / "tones" / genre
        folder.mkdir(parents=True)
        for i in range(6):
            soundfile.write(folder / f"{genre} {i}.wav", 0.5 * sound(), 22050)
    return tmp_path / "tones"
