"""What is sung: where the words of a track come from, and what becomes of them."""

from lib.lyrics.embeddings import TFIDF_DIMS, has_text, sbert, tfidf
from lib.lyrics.fusion import concatenate, fill_missing, sizes
from lib.lyrics.sources import SUNG, coverage, folder, load

__all__ = [
    "SUNG", "TFIDF_DIMS", "concatenate", "coverage", "fill_missing", "folder", "has_text", "load",
    "sbert", "sizes", "tfidf",
]  # fmt: skip
