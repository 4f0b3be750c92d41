"""Scores, and what they allow to say."""
