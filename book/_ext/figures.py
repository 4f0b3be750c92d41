"""Captions of figures: a figure says its own in its output, and MyST-NB reads them of its cell.

See `lib.report.Figure`. So a caption stands in the call that shows the figure, as that of a table
does, and not in the header of the cell.
"""

from __future__ import annotations

import json
from typing import Any

from sphinx.application import Sphinx


def hand_on(app: Sphinx, name: str, source: list[str]) -> None:
    """Copy what outputs say of their figures to the cells of one notebook."""
    if not app.env.doc2path(name).endswith(".ipynb"):
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if figure := output.get("metadata", {}).get("mystnb"):
                cell["metadata"]["mystnb"] = figure
    source[0] = json.dumps(notebook)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx; see the module."""
    app.connect("source-read", hand_on)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
