"""Trained networks on disk: ``models/<name>.safetensors``, and a ``.json`` beside it to read.

The weights carry the same description inside, so that a file is complete or absent, whatever
interrupts the run.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from lib.files import whole_file
from lib.training.architecture import Architecture
from lib.training.run import Run, RunSettings
from lib.training.tracks import Tracks

_LOSSES = ("total", "reconstruction", "kl")


def save(path: Path, architecture: Architecture, tracks: Tracks, runs: Sequence[Run]) -> None:
    """Write networks and their histories; what lay there before is replaced at once."""
    description = _origin(architecture, tracks) | {
        "n_parameters": architecture.n_parameters,
        "runs": [asdict(run.settings) for run in runs],
        "versions": {"python": platform.python_version()}
        | {package: version(package) for package in ("torch", "numpy", "safetensors")},
    }
    text = json.dumps(description, indent=1)
    arrays = {}
    for i, run in enumerate(runs):
        arrays |= {f"{i}.state.{name}": tensor for name, tensor in run.state.items()}
        arrays |= {f"{i}.{name}": torch.tensor(getattr(run, name)) for name in _LOSSES}
    with whole_file(path) as half:
        save_file(arrays, half, metadata={"description": text})
    with whole_file(path.with_suffix(".json")) as half:
        half.write_text(text + "\n", encoding="utf-8")


def load(path: Path, architecture: Architecture, tracks: Tracks) -> list[Run]:
    """Read the networks in a file: none where it does not hold this architecture on these tracks.

    A file that is cut short, or of another version of the project, is one of those.
    """
    try:
        with safe_open(path, "pt") as file:
            description = json.loads(file.metadata()["description"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        origin = _origin(architecture, tracks)
        if json.dumps({name: description.get(name) for name in origin}) != json.dumps(origin):
            return []
        model, runs = architecture.build(), []
        for i, settings in enumerate(description["runs"]):
            state = {name: arrays.pop(f"{i}.state.{name}") for name in model.state_dict()}
            model.load_state_dict(state)  # which checks the shapes
            losses = [arrays.pop(f"{i}.{name}").numpy() for name in _LOSSES]
            runs.append(Run(RunSettings(**settings), state, *losses))
    except (SafetensorError, OSError, LookupError, TypeError, ValueError, RuntimeError):
        return []
    return [] if arrays else runs


def _origin(architecture: Architecture, tracks: Tracks) -> dict:
    """What must be the same for weights to be loaded instead of trained."""
    return {
        "architecture": architecture.description,
        "shape": tracks.shape,
        "data": tracks.fingerprint,
    }
