"""The verbs of the notebooks."""
