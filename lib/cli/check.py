"""Is everything there, and does it work? One line per check."""

from __future__ import annotations

import importlib
import io
import time
from collections.abc import Callable

import numpy as np

PACKAGES = (
    "numpy scipy pandas pyarrow sklearn torch librosa soundfile umap matplotlib seaborn "
    "safetensors sentence_transformers papermill jupytext nbval jupyterlab jupyter_book"
).split()


def packages() -> str:
    """Import all that the study is built on; what compiles itself does so in our own cache."""
    from lib import runtime

    runtime.warm()
    for name in PACKAGES:
        importlib.import_module(name)
    return f"{len(PACKAGES)} packages can be imported"


def device() -> str:
    """Multiply two matrices where the networks will be trained."""
    import torch

    from lib.runtime import choose_device

    chosen = choose_device("auto")
    ones = torch.ones(8, 8, device=chosen)
    assert (ones @ ones).sum().item() == 512
    return f"torch {torch.__version__} computes on {chosen}"


def features() -> str:
    """Take the MFCCs of a tone."""
    from lib import audio

    tone = np.sin(np.arange(audio.SAMPLE_RATE) * 2 * np.pi * 440 / audio.SAMPLE_RATE)
    mfcc = audio.mfcc(tone.astype(np.float32))
    assert mfcc.shape[0] == 20 and np.isfinite(mfcc).all()
    return "a second of sound has 20 MFCCs"


def model() -> str:
    """Run a VAE forward, and train it for a few steps."""
    from lib import models, training

    data = np.random.default_rng(0).standard_normal((64, 20))
    network = training.Architecture(models.VAE, n_features=20, latent_dim=16)
    trained = training.train(network, data, [0], epochs=2, device="cpu")
    assert trained.z.shape == (1, 64, 16) and np.isfinite(trained.z).all()
    return f"a VAE of {trained.n_parameters:,} parameters runs and trains"


def clusters() -> str:
    """Find two far clusters."""
    from lib import clustering, evaluation

    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(m, 1, (20, 3)) for m in (0, 20)])
    truth = np.repeat(["left", "right"], 20)
    assert evaluation.score(points, clustering.kmeans(points, 2, 0), points, truth)["ari"] == 1
    return "k-means finds what is there"


def figure() -> str:
    """Draw a figure."""
    import matplotlib as mpl

    mpl.use("Agg")
    from lib import figures

    drawn = figures.maps({"map": np.random.default_rng(0).normal(size=(9, 2))}, {"": ["a"] * 9})
    png = io.BytesIO()
    drawn.savefig(png)
    return f"a figure can be drawn ({png.tell():,} bytes)"


def data() -> str:
    """Say which corpora are there; the demo corpus composes itself, so none is needed."""
    from lib.corpora import data_folder, fma, gtzan

    folder = data_folder()
    there = {
        "demo": (folder / "demo").is_dir(),
        "gtzan": gtzan.find_audio(folder),
        "gtzan_table": gtzan.find_table(folder),
        "fma": fma.find(folder)[0],
    }
    found = ", ".join(name for name in there if there[name])
    return f"in {folder}: {found or 'nothing yet (make data composes the demo corpus)'}"


CHECKS: list[Callable[[], str]] = [packages, device, features, model, clusters, figure, data]


def run() -> int:
    """Run all checks and return how many failed."""
    failed = 0
    for check in CHECKS:
        start = time.perf_counter()
        try:
            outcome, message = "pass", check()
        except Exception as error:  # whatever is broken, the other checks still tell something
            outcome, message, failed = "FAIL", f"{type(error).__name__}: {error}", failed + 1
        seconds = time.perf_counter() - start
        print(f"{outcome}  {check.__name__:<9} {message} ({seconds:.1f} s)", flush=True)
    return failed
