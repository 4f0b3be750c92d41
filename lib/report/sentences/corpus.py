"""What the corpus is."""

from __future__ import annotations

import numpy as np
import pandas as pd
from IPython.display import Markdown

from lib import lyrics
from lib.catalogue import LANGUAGES
from lib.report.display import say


def tracks(table: pd.DataFrame) -> Markdown:
    """Say how balanced the genres are and how much the tracks differ in length."""
    counts = table.loc[table["genre"] != "", "genre"].value_counts()
    if len(counts) < 2:
        balance = "The tracks carry no genre labels, so no score below compares with any."
    elif counts.max() == counts.min():
        balance = f"Each of the {len(counts)} genres has {counts.max()} tracks."
    else:
        balance = (
            f"The {len(counts)} genres are of unequal size: {counts.index[0]} has {counts.max()} "
            f"tracks, {counts.index[-1]} {counts.min()}."
        )
    shortest, longest = table["duration"].min(), table["duration"].max()
    if np.isnan(shortest):
        return say(balance)
    if longest - shortest < 0.05:
        return say(balance, f"All of them last {longest:.1f} s.")
    return say(balance, f"They last from {shortest:.1f} to {longest:.1f} s.")


def words(table: pd.DataFrame) -> Markdown:
    """Say how many tracks have words, in which languages, and where they come from."""
    sources = table["source"].value_counts()
    sung = table[table["source"].isin(lyrics.SUNG)]
    if not len(sung):
        return say(
            "No track of this corpus has lyrics or a transcript, so the rows that need words are "
            "absent below. A folder of lyrics beside the audio would bring them back."
        )
    counts = sung["language"].replace(LANGUAGES).value_counts()
    languages = ", ".join(f"{count} in {language}" for language, count in counts.items())
    return say(
        f"{len(sung)} of {len(table)} tracks have words that are sung ({languages}); for the "
        f"others there is at most a name ({sources.get('metadata', 0)}) or nothing "
        f"({sources.get('none', 0)})."
    )
