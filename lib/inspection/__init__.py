"""What a code holds: sweeps over beta, traversals, and what is in the clusters."""

from lib.inspection import sweep
from lib.inspection.contents import Cluster, clusters, examples
from lib.inspection.traversal import Traversal, stages, traverse, traversed

__all__ = [
    "Cluster", "Traversal", "clusters", "examples", "stages", "sweep", "traverse", "traversed",
]  # fmt: skip
