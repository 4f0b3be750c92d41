"""The listening map: a latent space in two dimensions that one can look at, search and hear."""

from lib.figures.listening_map.page import ListeningMap

__all__ = ["ListeningMap"]
