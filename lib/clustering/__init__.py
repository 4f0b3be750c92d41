"""Partitions, maps and neighbours of points."""
