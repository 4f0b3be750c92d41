"""What a network is made from: its class, and the keywords that it is built with."""

from __future__ import annotations

import hashlib
import inspect
import json
import threading
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import torch

from lib import models
from lib.errors import UserError
from lib.models import Autoencoder

_generator = threading.Lock()  # layers draw their weights from the one generator of the process
_FILES = [*Path(models.__file__).parent.glob("*.py"), Path(__file__).with_name("stack.py")]
# Read once, with the code that runs: an edit reaches neither before the next start.
_SOURCES = [path.read_text(encoding="utf-8") for path in sorted(_FILES)]


class Architecture:
    """A network's class and keywords: ``Architecture(VAE, n_features=20, latent_dim=16)``.

    Parameters
    ----------
    network : type
        A class that inherits from `lib.models.Autoencoder`.
    **keywords
        What it is built with besides ``n_networks``: numbers, strings, and lists of these.

    Raises
    ------
    UserError
        When it is no such class, or the keywords cannot be written into a file.
    """

    def __init__(self, network: type[Autoencoder], **keywords):
        if not (isinstance(network, type) and issubclass(network, Autoencoder)):
            raise UserError(f"a network is a class that inherits from Autoencoder, not {network!r}")
        self.network = network
        try:
            self.keywords = json.loads(json.dumps(keywords))
        except TypeError as error:
            raise UserError(f"{network.__name__} takes plain values: {error}") from None

    def build(self, n_networks: int = 1, seed: int = 0) -> Autoencoder:
        """A stack with initial weights that are a function of the seed, as torch would draw them.

        The process's random numbers are left as they were.
        """
        with _generator, torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.network(n_networks, **self.keywords)

    @property
    def n_parameters(self) -> int:
        """Trainable numbers of one network."""
        return sum(parameter.numel() for parameter in self.build().parameters())

    @property
    def description(self) -> dict:
        """Name, code and keywords, as in the json beside the weights.

        The code is eight characters that change with any source that a loss runs through: that of
        `lib.models`, of the training step, and of the file or notebook cell of a network that is
        defined elsewhere. So weights are never loaded for a loss that they were not trained with.
        """
        bases = self.network.__mro__[: self.network.__mro__.index(Autoencoder)]
        others = [_source(base) for base in bases if not base.__module__.startswith("lib.models.")]
        code = hashlib.sha256("\0".join([*_SOURCES, *others]).encode()).hexdigest()[:8]
        return {"network": self.network.__name__, "code": code} | self.keywords


def _source(network: type) -> str:
    """Source of the file or cell of a class; where there is none, what no other run has."""
    methods = filter(inspect.isfunction, vars(network).values())
    for thing in (network, *methods):  # in a notebook, methods alone know where they stand
        with suppress(OSError, TypeError):
            return "".join(inspect.findsource(thing)[0])
    return uuid4().hex
