"""The networks, nothing else."""
