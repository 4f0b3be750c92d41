"""One function per figure: arrays and tables in, a `Figure` out; nothing is read or saved."""

from lib.figures.corpus import corpus_overview, mfcc_correlation, piano_roll, track
from lib.figures.latents import code_state, kl_bars, rate_distortion, silhouettes, traversal
from lib.figures.listening_map import ListeningMap
from lib.figures.ranking import critical_difference, stability, top_bars
from lib.figures.scores import contingency, differences, noise_line, score_bars, score_matrix
from lib.figures.spaces import maps, reconstructions, training_curves

__all__ = [
    "ListeningMap", "code_state", "contingency", "corpus_overview", "critical_difference",
    "differences", "kl_bars", "maps", "mfcc_correlation", "noise_line", "piano_roll",
    "rate_distortion", "reconstructions", "score_bars", "score_matrix", "silhouettes", "stability",
    "top_bars", "track", "training_curves", "traversal",
]  # fmt: skip
