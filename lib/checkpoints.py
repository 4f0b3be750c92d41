"""Trained networks on disk: ``models/<name>.safetensors``, and a ``.json`` beside it to read.

The weights carry the same description inside, so that a file is complete or absent, whatever
interrupts the run.
"""

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from lib.errors import UserError
from lib.models import build, count_parameters
from lib.trained import Data, Fit, Member


def describe(architecture: partial) -> dict:
    """Name and keywords of an architecture, as they stand in the json.

    Raises
    ------
    UserError
        When the architecture is not a `functools.partial` with keywords of plain values.
    """
    try:
        if architecture.args:
            raise TypeError("it has arguments without a name")
        keywords = json.loads(json.dumps(architecture.keywords))
    except (AttributeError, TypeError) as error:
        raise UserError(
            "an architecture must be a functools.partial of a network with named, plain values, "
            f"such as partial(models.VAE, n_features=20): {error}"
        ) from None
    return {
        "network": f"{architecture.func.__module__}.{architecture.func.__qualname__}"
    } | keywords


def shape_of(data: Data) -> list | dict:
    """Shape of the data as it stands in the json."""
    if isinstance(data, dict):
        return {name: list(tensor.shape) for name, tensor in data.items()}
    return list(data.shape)


def fingerprint(data: Data) -> str:
    """Sixteen characters that change with any number, shape or name in the data."""
    parts = sorted(data.items()) if isinstance(data, dict) else [("", data)]
    digest = hashlib.sha256()
    for name, tensor in parts:
        digest.update(f"{name}{list(tensor.shape)}".encode())
        digest.update(tensor.float().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def save(path: Path, architecture: partial, data: Data, fits: Sequence[Fit]) -> None:
    """Write networks and their histories; what lay there before is replaced at once."""
    description = {
        "architecture": describe(architecture),
        "n_parameters": count_parameters(build(architecture)),
        "shape": shape_of(data),
        "data": fingerprint(data),
        "members": [asdict(fit.member) for fit in fits],
        "versions": {"python": platform.python_version()}
        | {package: version(package) for package in ("torch", "numpy", "safetensors")},
    }
    text = json.dumps(description, indent=1)
    arrays = {}
    for i, fit in enumerate(fits):
        arrays |= {f"{i}.state.{name}": tensor for name, tensor in fit.state.items()}
        arrays |= {f"{i}.history.{k}": torch.from_numpy(v) for k, v in fit.history.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    save_file(arrays, unfinished, metadata={"description": text})
    unfinished.replace(path)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def load(path: Path, architecture: partial, data: Data) -> list[Fit]:
    """Read the networks in a file.

    Raises
    ------
    UserError
        When there is no such file, it cannot be read, or its networks are of another architecture
        or were trained on data of another shape or with other values.
    """
    if not path.exists():
        raise UserError(f"{path} is not there: train first")
    try:
        with safe_open(path, "pt") as file:
            description = json.loads(file.metadata()["description"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): delete it and train again") from None
    here = {
        "architecture": describe(architecture),
        "shape": shape_of(data),
        "data": fingerprint(data),
    }
    for what, value in here.items():
        if json.dumps(description.get(what)) != json.dumps(value):  # in the same order, too
            raise UserError(
                f"{path} was trained with other {what} ({description.get(what)}, here {value}): "
                "train again, or give it what it was trained with"
            )
    fits = [Fit(Member(**member), {}, {}) for member in description["members"]]
    for name, tensor in arrays.items():
        i, part, key = name.split(".", 2)
        if part == "state":
            fits[int(i)].state[key] = tensor
        else:
            fits[int(i)].history[key] = tensor.numpy()
    return fits
