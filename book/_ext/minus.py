"""Minus signs: notebooks print a hyphen before a negative number, and the book sets a minus."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

HYPHEN = re.compile(r"(?<![\w.)\]-])-(?=\d)")
VERBATIM = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw)


class Minus(SphinxTransform):
    """Write each hyphen that begins a number as the minus that it is."""

    default_priority = 880

    def apply(self, **options: Any) -> None:
        """Go through the text of one page, code and formulas left as they are."""
        for text in list(self.document.findall(nodes.Text)):
            if HYPHEN.search(text) and not isinstance(text.parent, VERBATIM):
                text.parent.replace(text, nodes.Text(HYPHEN.sub("−", text)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx; see the module."""
    app.add_transform(Minus)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
