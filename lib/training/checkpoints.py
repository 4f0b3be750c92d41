"""Trained networks on disk: ``models/<name>.safetensors``, and a ``.json`` beside it to read.

The weights carry the same description inside, so that a file is complete or absent, whatever
interrupts the run.
"""

import hashlib
import inspect
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import CodeType

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from lib import files
from lib.errors import UserError
from lib.models.autoencoder import build, count_parameters
from lib.training.ensemble import Data, Fit, Member

NOT_OURS = ("torch", "builtins")


def describe(architecture: partial) -> dict:
    """Name, code and keywords of an architecture, as they stand in the json.

    Raises
    ------
    UserError
        When the architecture is not a `functools.partial` with keywords of plain values.
    """
    try:
        if architecture.args:
            raise TypeError("it has arguments without a name")
        keywords = json.loads(json.dumps(architecture.keywords))
        network, code = architecture.func, _code(architecture.func)
    except (AttributeError, TypeError) as error:
        raise UserError(
            "an architecture must be a functools.partial of a network with named, plain values, "
            f"such as partial(models.VAE, n_features=20): {error}"
        ) from None
    return {"network": f"{network.__module__}.{network.__qualname__}", "code": code} | keywords


def _code(network: type) -> str:
    """Eight characters that change with what a class and its bases do.

    Whoever changes a network, its loss say, must not be given the weights of the old one. The
    numbers and strings that its methods find around them count; functions that they call do not.
    """
    ours = [base for base in network.__mro__ if base.__module__.split(".")[0] not in NOT_OURS]
    says = [
        (name, _instructions(member))
        for base in ours
        for name, member in sorted(vars(base).items())
        if not name.startswith("__") or name == "__init__"
    ]
    return hashlib.sha256(repr(says).encode()).hexdigest()[:8]


def _instructions(member: object) -> object:
    """What a member of a class does or is, without where it stands in a file or in memory."""
    member = getattr(member, "fget", getattr(member, "__func__", member))  # property, method
    if inspect.isfunction(member):
        member = inspect.unwrap(member)
        around = inspect.getclosurevars(member)
        values = around.globals | dict(around.nonlocals) | (member.__kwdefaults__ or {})
        told = [(name, _instructions(value)) for name, value in sorted(values.items())
                if isinstance(value, int | float | str | tuple)]  # fmt: skip
        code = _instructions(member.__code__), _instructions(member.__defaults__)
        return (*code, told) if told else code
    if isinstance(member, CodeType):
        constants = [_instructions(constant) for constant in member.co_consts]
        return member.co_code, member.co_names, constants
    if isinstance(member, tuple):
        return [_instructions(item) for item in member]
    return member if isinstance(member, int | float | str | None) else type(member).__name__


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
    with files.whole_file(path) as half:
        save_file(arrays, half, metadata={"description": text})
    with files.whole_file(path.with_suffix(".json")) as half:
        half.write_text(text + "\n", encoding="utf-8")


def load(path: Path, architecture: partial, data: Data) -> list[Fit]:
    """Read the networks in a file.

    Raises
    ------
    UserError
        When there is no such file, it cannot be read, its networks are of another architecture or
        were trained on data of another shape or with other values, or it does not hold what it
        says.
    """
    if not path.exists():
        raise UserError(f"{path} is not there: train first")
    try:
        with safe_open(path, "pt") as file:
            description = dict(json.loads(file.metadata()["description"]))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
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
    try:
        return _fits(description["members"], arrays, build(architecture))
    except (RuntimeError, LookupError, TypeError, ValueError):
        raise UserError(f"{path} does not hold what it says: delete it and train again") from None


def _fits(members: Sequence[dict], arrays: dict[str, torch.Tensor], model: nn.Module) -> list[Fit]:
    """Share out what a file holds, and see that it makes whole networks."""
    fits = [Fit(Member(**member), {}, {}) for member in members]
    if not fits:
        raise ValueError
    for name, tensor in arrays.items():
        i, part, key = name.split(".", 2)
        if part == "state":
            fits[int(i)].state[key] = tensor
        else:
            fits[int(i)].history[key] = tensor.numpy()
    for fit in fits:
        model.load_state_dict(fit.state)
    return fits
