"""Tables, players and text of a run, for the notebook and for the book."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import soundfile
from IPython.display import HTML, Markdown

from lib import audio, statistics

NAMES = {
    "raw": "Raw features",
    "spectral": "Spectral features",
    "pca": "PCA",
    "ae": "Autoencoder",
    "vae": "VAE",
    "random_encoder": "Untrained encoder",
}
ALGORITHM_NAMES = {
    "kmeans": "k-means",
    "random": "random labels",
    "genres": "the genres themselves",
}

SCORE_NAMES = {
    "ari": "ARI", "nmi": "NMI", "ami": "AMI", "purity": "Purity", "silhouette": "Silhouette",
    "silhouette_shared": "Shared silhouette", "calinski_harabasz": "Calinski-Harabasz",
    "davies_bouldin": "Davies-Bouldin", "r2": "R2", "kl": "KL", "active_units": "Active units",
}  # fmt: skip
NO_AUDIO = "This corpus came as a table of features: there is no audio to hear or to show."


class Table:
    """A table that is numbered and captioned in the book, and plain in JupyterLab.

    Parameters
    ----------
    frame : DataFrame
        Its cells are shown as they are: round them first.
    caption : str
        One sentence.
    name : str
        The label by which the book's text refers to it, as in ``{numref}`tab-easy```.
    """

    def __init__(self, frame: pd.DataFrame, caption: str, name: str):
        self.frame, self.caption, self.name = frame, caption, name

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        lines = [list(self.frame.columns), ["---"] * self.frame.shape[1], *self.frame.to_numpy()]
        cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
        rows = ["| " + " | ".join(line) + " |" for line in cells]
        directive = [f"```{{table}} {self.caption}", f":name: {self.name}", "", *rows, "```"]
        return {
            "text/html": self.frame.to_html(index=False),
            "text/markdown": "\n".join(directive),
            "text/plain": self.frame.to_string(index=False),
        }


def say(*sentences: str) -> Markdown:
    """Show sentences as a paragraph of text."""
    return Markdown(" ".join(sentences))


def scores_table(rows: pd.DataFrame, scores: Sequence[str]) -> pd.DataFrame:
    """Lay out scores for reading: a row a method, each score as mean ± half its 95 % interval.

    Parameters
    ----------
    rows : DataFrame
        Tidy rows of `lib.results`.
    scores : sequence of str
        Columns of ``rows``.

    Returns
    -------
    DataFrame
        Of text; scores that are nowhere defined (no labels) are left out.
    """
    table = []
    for (representation, algorithm), group in rows.groupby(
        ["representation", "algorithm"], sort=False
    ):
        entry = {"Representation": method_name(representation, algorithm)}
        for score in scores:
            if rows[score].notna().any():
                value = statistics.interval(group[score])
                spec = ".1f" if score in ("calinski_harabasz", "active_units") else ".3f"
                entry[SCORE_NAMES[score]] = "" if np.isnan(value.mean) else format(value, spec)
        table.append(entry)
    return pd.DataFrame(table)


def method_name(representation: str, algorithm: str = "kmeans") -> str:
    """Return what a table calls a method."""
    name = NAMES.get(representation, representation)
    return name if algorithm == "kmeans" else ALGORITHM_NAMES.get(algorithm, algorithm).capitalize()


def with_names(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a column ``method``: what a figure calls each row's method."""
    pairs = zip(rows["representation"], rows["algorithm"], strict=True)
    return rows.assign(method=[method_name(*pair) for pair in pairs])


def players(excerpts: Mapping[str, np.ndarray]) -> HTML | Markdown:
    """Show players side by side, each with its title, as MP3 inside the page.

    Parameters
    ----------
    excerpts : mapping of str to ndarray, (n_samples,)
        Short mono excerpts at `audio.SAMPLE_RATE`, by title.

    Returns
    -------
    HTML or Markdown
        The players; a sentence where there is nothing to play.
    """
    if not excerpts:
        return Markdown(NO_AUDIO)
    cells = []
    for title, samples in excerpts.items():
        sound = io.BytesIO()
        soundfile.write(sound, samples, audio.SAMPLE_RATE, format="MP3")
        source = f"data:audio/mpeg;base64,{base64.b64encode(sound.getvalue()).decode()}"
        cells.append(
            f"<figure style='margin:0'><figcaption>{html.escape(title)}</figcaption>"
            f"<audio controls preload='none' style='width:100%' src='{source}'></audio></figure>"
        )
    layout = "display:grid;gap:.8em;grid-template-columns:repeat(auto-fill,minmax(15em,1fr))"
    return HTML(f"<div style='{layout}'>{''.join(cells)}</div>")
