"""What a notebook shows besides figures: numbered tables, sentences, players, source code."""

from __future__ import annotations

import ast
import base64
import html
import inspect
import re
import textwrap
from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from IPython import get_ipython
from IPython.display import HTML, Markdown

from lib import audio
from lib.errors import Missing, unless_missing

_HYPHEN = re.compile(r"(?<![\w.)\]-])-(?=\d)")


def true_minus(text: str) -> str:
    """Write each hyphen that begins a number as the minus sign that it is."""
    return _HYPHEN.sub("−", text)


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

    @property
    def markdown(self) -> str:
        """The table in MyST."""
        lines = [list(self.frame.columns), ["---"] * self.frame.shape[1], *self.frame.to_numpy()]
        cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
        rows = ["| " + " | ".join(line) + " |" for line in cells]
        head = [f"```{{table}} {self.caption}", f":name: {self.name}", ""]
        return true_minus("\n".join([*head, *rows, "```"]))

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {
            "text/html": true_minus(self.frame.to_html(index=False)),
            "text/markdown": self.markdown,
            "text/plain": true_minus(self.frame.to_string(index=False)),
        }


class Figure:
    """A figure that is numbered and captioned in the book, and plain in JupyterLab.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to show.
    caption : str
        One sentence or two.
    name : str
        The label by which the book's text refers to it, as in ``[the figure below](#fig-track)``.
    alt : str
        What is to be seen, for those who cannot see it.
    """

    def __init__(self, figure: mpl.figure.Figure, caption: str, name: str, alt: str):
        self.figure = figure
        self._metadata = {"figure": {"caption": caption, "name": name}, "image": {"alt": alt}}

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        shell = get_ipython()
        data, _ = shell.display_formatter.format(self.figure) if shell else ({}, {})
        return data, {"mystnb": self._metadata}  # where book/_ext/figures.py looks for it


def say(*sentences: str) -> Markdown:
    """Show sentences as a paragraph of text."""
    return Markdown(true_minus(" ".join(sentences)))


def source(*objects: object) -> Markdown:
    """Show the code of functions, methods or classes as it is run, without docstrings.

    Parameters
    ----------
    *objects : function, method or class
        In the order in which they are shown.
    """
    parts = []
    for thing in objects:
        lines = textwrap.dedent(inspect.getsource(thing)).splitlines()
        hidden = set()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or len(node.body) < 2:
                continue
            if ast.get_docstring(node):  # up to what comes after it, without the line between
                hidden.update(range(node.body[0].lineno - 1, node.body[0].end_lineno))
                if not lines[node.body[0].end_lineno]:
                    hidden.add(node.body[0].end_lineno)
        parts.append("\n".join(line for i, line in enumerate(lines) if i not in hidden))
    return Markdown("```python\n" + "\n\n".join(parts) + "\n```")


@unless_missing
def players(excerpts: Mapping[str, np.ndarray] | Missing) -> HTML | Missing:
    """Show players side by side, each with its title, as MP3 inside the page.

    Parameters
    ----------
    excerpts : mapping of str to ndarray, (n_samples,)
        Short mono excerpts at `lib.audio.SAMPLE_RATE`, by title; if missing, the reason shows.
    """
    cells = []
    for title, samples in excerpts.items():
        data = f"data:audio/mpeg;base64,{base64.b64encode(audio.mp3(samples)).decode()}"
        cells.append(
            f"<figure style='margin:0'><figcaption>{html.escape(title)}</figcaption>"
            f"<audio controls preload='none' style='width:100%' src='{data}'></audio></figure>"
        )
    layout = "display:grid;gap:.8em;grid-template-columns:repeat(auto-fill,minmax(15em,1fr))"
    return HTML(f"<div style='{layout}'>{''.join(cells)}</div>")
