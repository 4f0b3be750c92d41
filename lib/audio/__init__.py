"""One track, then many: decoding, features, extraction."""
