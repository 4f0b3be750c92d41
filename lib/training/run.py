"""One trained network: what it was trained with, and what the training left."""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from torch import Tensor

from lib.errors import UserError


@dataclass(frozen=True)
class RunSettings:
    """Seed and training settings of one network (see `lib.training.train`)."""

    seed: int
    beta: float = 1.0
    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 1e-3

    def __post_init__(self):
        for field in fields(self):
            value = field.type(getattr(self, field.name))  # no numpy scalars in the json
            if not value >= 0:
                raise UserError(f"{field.name} must be 0 or more, not {value}")
            object.__setattr__(self, field.name, value)


@dataclass(frozen=True)
class Run:
    """One trained network: its weights and buffers as a stack of one, and its losses per epoch."""

    settings: RunSettings
    state: dict[str, Tensor]
    total: np.ndarray
    reconstruction: np.ndarray
    kl: np.ndarray  # (epochs, d)

    @property
    def diverged(self) -> bool:
        """Whether its weights are no numbers."""
        return not all(tensor.isfinite().all() for tensor in self.state.values())

    @property
    def history(self) -> pd.DataFrame:
        """The losses as one row per epoch: see `lib.training.Ensemble`."""
        columns = {"seed": self.settings.seed, "beta": self.settings.beta}
        columns |= {"epoch": np.arange(len(self.total)), "total": self.total}
        columns["reconstruction"] = self.reconstruction
        columns["kl"] = self.kl.sum(axis=1) if self.kl.shape[1] else np.nan
        return pd.DataFrame(columns | {f"kl_{j}": kl for j, kl in enumerate(self.kl.T)})
