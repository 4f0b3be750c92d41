"""Many networks at once: the trainer, and what it leaves."""
