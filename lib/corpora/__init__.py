"""Which tracks there are."""
