"""What the PDF leaves out of the book, and how its tables are set.

A Sphinx extension that sleeps until LaTeX is built. The paper then shows no code, no cell tagged
``book-only``, and nothing that only a browser can show, such as players.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

LEFT_OUT = "book-only"
PRINTABLE = {"application/pdf", "image/png", "image/jpeg", "text/latex", "text/markdown"}
LONG_CELL = 60
"""Characters; a column with a longer cell is set as text, whose lines break."""
NUMBER = re.compile(r"[-+−]?[\d.,]+( ?%|\s*[±/].*)?$")


def abridge(notebook: dict[str, Any]) -> dict[str, Any]:
    """Leave out of an executed notebook what is not printed.

    Parameters
    ----------
    notebook : dict
        As read from an ``.ipynb`` file; it is changed in place.

    Returns
    -------
    dict
        The notebook without cells tagged ``book-only`` and without HTML that has no printable form.
    """
    notebook["cells"] = [
        cell
        for cell in notebook["cells"]
        if LEFT_OUT not in cell.get("metadata", {}).get("tags", [])
    ]
    for cell in notebook["cells"]:
        cell["outputs"] = [o for o in cell.get("outputs", []) if _printed(o)]
        if cell["cell_type"] != "code":
            del cell["outputs"]
    return notebook


def _printed(output: dict[str, Any]) -> bool:
    """Tell whether paper can show an output: players and widgets leave only their name there."""
    kinds = set(output.get("data", {}))
    return bool(kinds & PRINTABLE) or not kinds & {"text/html", "application/javascript"}


def _start(app: Sphinx) -> None:
    app.config.nb_remove_code_source = True
    app.connect("source-read", _read)
    app.connect("doctree-resolved", _lay_out_tables)


def _read(app: Sphinx, docname: str, source: list[str]) -> None:
    if Path(app.env.doc2path(docname)).suffix == ".ipynb":
        source[0] = json.dumps(abridge(json.loads(source[0])))


def _lay_out_tables(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Say how each table is set: words to the left, numbers to the right, sentences broken."""
    for table in list(doctree.findall(nodes.table)):
        rows = [
            [entry.astext() for entry in row.findall(nodes.entry)]
            for body in table.findall(nodes.tbody)
            for row in body.findall(nodes.row)
        ]
        columns = [_column(cells) for cells in zip(*rows, strict=True)]
        if "L" in columns:
            table["classes"].append("sentences")
        layout = addnodes.tabular_col_spec(spec="@{}" + "".join(columns) + "@{}")
        table.parent.insert(table.parent.index(table), layout)


def _column(cells: Sequence[str]) -> str:
    """Return LaTeX's letter for a column: r, l, or L for one whose lines may break."""
    if max(map(len, cells)) > LONG_CELL:
        return "L"
    return "r" if all(not cell or NUMBER.match(cell) for cell in cells) else "l"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx; see the module."""
    # before MyST-NB reads its configuration, at the same event
    app.connect("builder-inited", lambda app: app.builder.format == "latex" and _start(app), 100)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
