"""What was seen, in sentences computed from the run: one function for what a cell shows.

Each takes the table or the arrays that the figure or table before it shows.
"""

from lib.report.sentences.corpus import tracks, words
from lib.report.sentences.networks import (
    code,
    collapsed,
    conditional,
    disentanglement,
    misleading,
    settled,
    traversal,
)  # fmt: skip
from lib.report.sentences.partitions import (
    added,
    baselines,
    clusters,
    duel,
    genres,
    genres_apart,
    leaders,
    pipelines,
)  # fmt: skip
from lib.report.sentences.ranking import best, betas, leak, stability, verdict
from lib.report.sentences.spaces import knowledge, language, nearest, neighbours, noise, why

__all__ = [
    "added", "baselines", "best", "betas", "clusters", "code", "collapsed",
    "conditional", "disentanglement", "duel", "genres", "genres_apart", "knowledge", "language",
    "leaders", "leak", "misleading", "nearest", "neighbours", "noise", "pipelines", "settled",
    "stability", "tracks", "traversal", "verdict", "why", "words",
]  # fmt: skip
