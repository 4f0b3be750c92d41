"""The settings of a run as tables for the book: from the code, and from the models it trained."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pandas as pd

from lib import lyrics, models
from lib.audio import mfcc as audio
from lib.catalogue import REPRESENTATIONS, title
from lib.evaluation import health
from lib.report.display import Table


def facts(folder: Path) -> dict[str, str | bool]:
    """Return the settings that the prose quotes, and two tables in MyST.

    Parameters
    ----------
    folder : Path
        Where the trained models lie, each with its JSON: see `lib.training.checkpoints`.

    Returns
    -------
    dict of str to (str or bool)
        Texts; ``networks`` says whether anything was trained.
    """
    hidden = inspect.signature(models.Autoencoder).parameters["hidden"].default
    given = {
        "sample_rate": f"{audio.SAMPLE_RATE:,}",
        "n_fft": f"{audio.N_FFT:,}",
        "hop": f"{audio.HOP}",
        "n_mels": f"{audio.N_MELS}",
        "n_mfcc": f"{_default(audio.mfcc, 'n_mfcc')}",
        "n_frames": f"{audio.IMAGE_FRAMES}",
        "tfidf_dims": f"{lyrics.TFIDF_DIMS}",
        "hidden": " and ".join(map(str, hidden)),
        "active_variance": f"{health.ACTIVE_VARIANCE:g}",
        "active_kl": f"{health.ACTIVE_KL:g}",
        "collapsed_r2": f"{health.COLLAPSED_R2:g}",
        "collapsed_kl": f"{health.COLLAPSED_KL:g}",
        "healthy_r2": f"{health.HEALTHY_R2:g}",
    }
    trained = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    if "vae" not in trained:
        return given | {"networks": False}
    settings = trained["vae"]["runs"][0]
    run = {
        "networks": True,
        "batch_size": f"{settings['batch_size']}",
        "learning_rate": f"{settings['learning_rate']:g}",
        "latent_dim": f"{trained['vae']['architecture']['latent_dim']}",
        "vae_parameters": f"{trained['vae']['n_parameters']:,}",
    }
    return (
        given
        | run
        | {
            "settings_table": _settings_table(given | run),
            "networks_table": _networks_table(trained),
        }
    )


def _settings_table(f: dict[str, str | bool]) -> str:
    rows = {
        "Audio": f"mono, {f['sample_rate']} Hz",
        "Short-time Fourier transform": f"windows of {f['n_fft']} samples, hops of {f['hop']}",
        "Mel bands": f["n_mels"],
        "MFCCs": f["n_mfcc"],
        "Frames of an MFCC image": f["n_frames"],
        "TF-IDF": f"runs of 2 to 4 characters, {f['tfidf_dims']} dimensions",
        "Hidden layers (fully connected)": f"{f['hidden']} units, batch normalisation, ReLU",
        "Latent dimensions": f["latent_dim"],
        "Optimiser": f"Adam, learning rate {f['learning_rate']}",
        "Batches": f"at most {f['batch_size']} tracks",
    }
    table = pd.DataFrame(rows.items(), columns=["Setting", "Value"])
    return Table(table, "Settings of the run.", "tab-settings").markdown


def _networks_table(trained: dict[str, dict]) -> str:
    rows = []
    for name, model in trained.items():
        if name not in REPRESENTATIONS:
            continue  # made for one figure only
        runs = model["runs"]
        betas = sorted({run["beta"] for run in runs})
        row = [
            "VAE, sweep of beta" if name == "beta_vae" else title(name),
            f"{model['n_parameters']:,}",
        ]
        row.append("" if name == "ae" else ", ".join(f"{beta:g}" for beta in betas))
        epochs = ", ".join(map(str, sorted({run["epochs"] for run in runs})))
        rows.append([*row, epochs, f"{len({run['seed'] for run in runs})}"])
    table = pd.DataFrame(rows, columns=["Network", "Parameters", "Beta", "Epochs", "Seeds"])
    return Table(table, "The networks that were trained.", "tab-networks").markdown


def _default(function, name: str) -> int:
    return inspect.signature(function).parameters[name].default
