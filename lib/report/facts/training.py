"""The settings of a run: from the code, and from the models that it trained."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pandas as pd

from lib import audio, lyrics, models
from lib.catalogue import REPRESENTATIONS, title
from lib.clustering import DENSITY_UP_TO, WARD_UP_TO
from lib.evaluation import health
from lib.report.display import Table


def facts(folder: Path, n_tracks: int) -> dict[str, str | bool]:
    """Return settings, and two tables of the networks whose JSON files lie in a folder."""
    found: dict[str, str | bool] = {
        "sample_rate": f"{audio.SAMPLE_RATE:,}",
        "n_fft": f"{audio.N_FFT:,}",
        "hop": f"{audio.HOP}",
        "n_mels": f"{audio.N_MELS}",
        "n_mfcc": f"{audio.N_MFCC}",
        "n_frames": f"{audio.IMAGE_FRAMES}",
        "tfidf_dims": f"{lyrics.TFIDF_DIMS}",
        "hidden": " and ".join(map(str, _default(models.Autoencoder, "hidden"))),
        "active_variance": f"{health.ACTIVE_VARIANCE:g}",
        "active_kl": f"{health.ACTIVE_KL:g}",
        "collapsed_r2": f"{health.COLLAPSED_R2:g}",
        "collapsed_kl": f"{health.COLLAPSED_KL:g}",
        "healthy_r2": f"{health.HEALTHY_R2:g}",
        "ward_up_to": f"{WARD_UP_TO:,}",
        "density_up_to": f"{DENSITY_UP_TO:,}",
    }
    trained = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    found["networks"] = "vae" in trained
    if found["networks"]:
        found["settings_table"] = _settings(found, trained["vae"])
        found["networks_table"] = _networks(trained)
    n_numbers = n_tracks * int(found["n_mfcc"])
    found["fewness"] = _fewness(
        trained["vae"]["n_parameters"] if found["networks"] else 0, n_numbers
    )
    return found


def _fewness(n_parameters: int, n_numbers: int) -> str:
    """Say whether there is enough music to learn from, by the crudest of measures."""
    more = "Results with far more tracks may differ, and the notebooks run on them as they are."
    if not n_parameters:
        return more
    least = "more" if n_parameters > n_numbers else "fewer"
    return (
        f"The VAE has {n_parameters:,} parameters, {least} than the {n_numbers:,} numbers that it "
        f"learns from. {more}"
    )


def _settings(f: dict[str, str | bool], vae: dict) -> str:
    used = vae["runs"][0]
    rows = {
        "Audio": f"mono, {f['sample_rate']} Hz",
        "Short-time Fourier transform": f"windows of {f['n_fft']} samples, hops of {f['hop']}",
        "Mel bands": f["n_mels"],
        "MFCCs": f["n_mfcc"],
        "Frames of an MFCC image": f["n_frames"],
        "TF-IDF": f"runs of 2 to 4 characters, {f['tfidf_dims']} dimensions",
        "Hidden layers (fully connected)": f"{f['hidden']} units, batch normalisation, ReLU",
        "Latent dimensions": vae["architecture"]["latent_dim"],
        "Optimiser": f"Adam, learning rate {used['learning_rate']:g}",
        "Batches": f"at most {used['batch_size']} tracks",
    }
    table = pd.DataFrame(rows.items(), columns=["Setting", "Value"])
    return Table(table, "Settings of the run.", "tab-settings").markdown


def _networks(trained: dict[str, dict]) -> str:
    rows = []
    for name, model in trained.items():
        if name not in REPRESENTATIONS:
            continue  # made for one figure only
        runs = pd.DataFrame(model["runs"])
        betas = ", ".join(f"{beta:g}" for beta in sorted(runs["beta"].unique()))
        rows.append(
            {
                "Network": "VAE, sweep of beta" if name == "beta_vae" else title(name),
                "Parameters": f"{model['n_parameters']:,}",
                "Beta": "" if name == "ae" else betas,
                "Epochs": ", ".join(map(str, sorted(runs["epochs"].unique()))),
                "Seeds": runs["seed"].nunique(),
            }
        )
    return Table(pd.DataFrame(rows), "The networks that were trained.", "tab-networks").markdown


def _default(function, name: str):
    return inspect.signature(function).parameters[name].default
