"""What is shown and kept: tables, sentences, players, source code, and files of results."""

from lib.report import results, tables
from lib.report.display import Table, players, say, source

__all__ = ["Table", "players", "results", "say", "source", "tables"]
