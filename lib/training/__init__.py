"""Many networks at once: the trainer, and the ensemble of networks that it leaves."""

from lib.training.architecture import Architecture
from lib.training.ensemble import Ensemble
from lib.training.tracks import Tracks
from lib.training.trainer import grid, train, untrained

__all__ = ["Architecture", "Ensemble", "Tracks", "grid", "train", "untrained"]
