"""What is shown and kept: tables, sentences, players, source code, and files of results."""

from lib.report import results, tables
from lib.report.display import Figure, Table, players, say, source

__all__ = ["Figure", "Table", "players", "results", "say", "source", "tables"]
