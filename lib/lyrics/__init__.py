"""What is sung: where the words of a track come from, and what becomes of them."""

from lib.lyrics.fusion import concatenate, fill_missing, sizes

__all__ = ["concatenate", "fill_missing", "sizes"]
