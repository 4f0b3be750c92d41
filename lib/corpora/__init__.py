"""Which tracks there are."""

from lib.corpora import demo
from lib.corpora.corpus import AUDIO_SUFFIXES, Corpus, data_folder, load

__all__ = ["AUDIO_SUFFIXES", "Corpus", "data_folder", "demo", "load"]
