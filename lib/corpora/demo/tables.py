"""The demo corpus described: what its genres and its factors are drawn from."""

import pandas as pd

from lib.corpora.demo.genres import FACTORS, TABLE


def _likeliest(weights: dict[str, float]) -> str:
    """Name the likeliest option, and the next where it is likely, too."""
    ranked = sorted(weights, key=weights.get, reverse=True)
    likely = [option for option in ranked[:2] if weights[option] >= weights[ranked[0]] / 2]
    return ", ".join(option.replace("_", " ") for option in likely)


def genre_table() -> pd.DataFrame:
    """Describe the genres, one row each: its range of tempi and the likeliest choices, as text."""
    rows = [
        {
            "Genre": genre,
            "Beats a minute": "{:.0f}–{:.0f}".format(*row["tempo"]),
            "Rhythm": _likeliest(row["rhythm"]),
            "Instruments": _likeliest(row["family"]),
            "Bass": _likeliest(row["bass"]),
            "With voice": f"{row['singing']:.0%}",
            "Bangla": f"{row['bangla']:.0%}",
        }
        for genre, row in TABLE.items()
    ]
    return pd.DataFrame(rows)


def factor_table() -> pd.DataFrame:
    """Describe the independent factors, one row each, with its levels as text."""
    rows = [
        {
            "Factor": name,
            "Levels": ", ".join(str(level).replace("_", " ") for level in levels),
            "Count": str(len(levels)),
        }
        for name, levels in FACTORS.items()
    ]
    return pd.DataFrame(rows)
