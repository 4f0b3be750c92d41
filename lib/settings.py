"""The parameters of a notebook, checked before anything runs."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from lib import ROOT
from lib.catalogue import CORPORA
from lib.errors import UserError

# The greatest values only stop a slip of the finger from running for years or out of memory. No
# input has more numbers than an image of 20 x 128 MFCCs; how many clusters there can be, the tracks
# decide.
_BOUNDS = {
    "seeds": (1, 1000),
    "latent_dim": (1, 20 * 128),
    "epochs": (1, 100_000),
    "n_clusters": (0, float("inf")),
}


@dataclass(frozen=True)
class Settings:
    """The parameters that every notebook has, with the values of its ``parameters`` cell.

    Papermill checks nothing: a misspelt name is ignored and ``four`` stays a string. Hence the
    checks here, before an hour of training is spent on the wrong run.

    Raises
    ------
    UserError
        For an impossible value; the message names it and says what is possible.
    """

    corpus: str
    data_dir: str
    seeds: int
    latent_dim: int
    epochs: int
    n_clusters: int
    device: str
    results_dir: str

    def __post_init__(self) -> None:
        for name, bounds in _BOUNDS.items():
            object.__setattr__(self, name, _whole_number(name, getattr(self, name), *bounds))
        if self.n_clusters == 1:
            raise UserError("n_clusters must be 0 (as many as genres) or at least 2, not 1")
        for name in ("corpus", "data_dir", "results_dir"):
            object.__setattr__(self, name, str(getattr(self, name)))
        self.results_folder(self.corpus, self.results_dir)
        if self.device not in ("auto", "cpu", "cuda", "mps"):
            raise UserError(f"device must be auto, cpu, cuda or mps, not {self.device!r}")

    @classmethod
    def from_notebook(cls, namespace: Mapping) -> Settings:
        """Read the settings out of a notebook's ``globals()``.

        Parameters
        ----------
        namespace : mapping
            After the ``parameters`` cell, and the cell that papermill may have put behind it.

        Raises
        ------
        UserError
            When papermill injected a name that the notebook does not have, or a value is bad.
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(_injected_names(namespace.get("In", [])) - set(known))
        if unknown:
            raise UserError(
                f"this notebook has no parameter {', '.join(map(repr, unknown))}; "
                f"it has {', '.join(known)}"
            )
        return cls(**{name: namespace[name] for name in known})

    @property
    def folder(self) -> Path:
        """Where the run's results go."""
        return self.results_folder(self.corpus, self.results_dir)

    @staticmethod
    def results_folder(corpus: str, results_dir: str = "") -> Path:
        """Return ``results_dir``, or else the folder named after the corpus.

        Parameters
        ----------
        corpus : str
            The name of a corpus, or the path of a folder of music.
        results_dir : str
            Without it, ``results/<corpus>`` of the project, or of ``$MUSIC_RESULTS``; blanks in a
            folder's name become underscores, as make cannot have them.

        Raises
        ------
        UserError
            When the corpus has no name, or a folder has that of another corpus.
        """
        if not corpus.strip():
            raise UserError("corpus must name a corpus or a folder of music, but it is empty")
        if results_dir:
            return Path(results_dir).expanduser()
        results = Path(os.environ.get("MUSIC_RESULTS") or ROOT / "results")
        folder = results / Path(whole_name(corpus)).name.replace(" ", "_")
        if folder.name in CORPORA and folder.name != corpus:
            raise UserError(
                f"the folder {corpus} has the name of another corpus, whose results are in "
                f"{folder}: rename it, or set results_dir"
            )
        return folder


def whole_name(corpus: str) -> str:
    """Return the unique name of a corpus: its own, or the whole path of a folder."""
    return corpus if corpus in CORPORA else str(Path(os.path.expanduser(corpus)).resolve())


@dataclass(frozen=True)
class SweepSettings(Settings):
    """The parameters of the Hard notebook: also the betas of its sweep, and the one looked at.

    ``betas`` comes as text, ``"0.5,1,2"``, and becomes a sorted tuple that holds ``beta``, too.

    Raises
    ------
    UserError
        For a beta that is no positive number.
    """

    betas: str | tuple[float, ...]
    beta: float

    def __post_init__(self) -> None:
        super().__post_init__()
        beta = _positive("beta", self.beta)
        listed = self.betas if isinstance(self.betas, list | tuple) else str(self.betas).split(",")
        betas = {_positive("betas", value) for value in listed}
        object.__setattr__(self, "beta", beta)
        object.__setattr__(self, "betas", tuple(sorted(betas | {beta})))


def _positive(name: str, value: object) -> float:
    try:
        number = float("nan" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 < number < float("inf"):
        raise UserError(f"{name}: {value!r} is no positive number, as 4 or 0.5 would be")
    return number


def _whole_number(name: str, value: object, least: int, greatest: float) -> int:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not float(value).is_integer():
        raise UserError(f"{name} must be a whole number, not {value!r}")
    if value < least:
        raise UserError(f"{name} must be at least {least}, not {value}")
    if value > greatest:
        raise UserError(f"{name} must be at most {greatest}, not {value}")
    return int(value)


def _injected_names(history: list[str]) -> set[str]:
    """The names that papermill's own cell, which begins with "# Parameters", assigns."""
    injected = [source for source in history if source.startswith("# Parameters\n")]
    statements = [node for source in injected for node in ast.parse(source).body]
    targets = [node.targets[0] for node in statements if isinstance(node, ast.Assign)]
    return {target.id for target in targets if isinstance(target, ast.Name)}
