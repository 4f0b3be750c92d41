"""What a code holds: sweeps over beta, traversals, and what is in the clusters."""

from lib.inspection import sweep
from lib.inspection.clusters import Cluster, clusters, examples
from lib.inspection.traversal import Traversal, traverse

__all__ = ["Cluster", "Traversal", "clusters", "examples", "sweep", "traverse"]
