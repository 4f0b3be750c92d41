"""The machinery of the study, room by room: README has the map of the house."""

from pathlib import Path

from lib import runtime

ROOT = Path(__file__).resolve().parent.parent

runtime.set_environment()  # before any other module loads torch or numba
