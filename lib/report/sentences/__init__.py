"""The sentences of the notebooks."""
