"""Links to figures and tables, numbered.

A notebook links to ``[the figure below](#fig-...)``, which reads well in JupyterLab. In the book
such a link becomes "Figure 3".
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform


class Numbered(SphinxTransform):
    """Turn each link to a figure or a table into what the role ``numref`` would give."""

    default_priority = 870  # before MyST looks for a heading of that name

    def apply(self, **options: Any) -> None:
        """Replace the links of one page."""
        for link in list(self.document.findall(nodes.reference)):
            target = link.get("refuri", "").removeprefix("#")
            if link.get("id_link") and target.startswith(("fig-", "tab-")):
                number = addnodes.pending_xref(
                    refdomain="std", reftype="numref", reftarget=target, refexplicit=False,
                    refwarn=True, refdoc=self.env.docname,
                )  # fmt: skip
                number.source, number.line = link.source, link.line
                number += nodes.literal("", target, classes=["xref", "std", "std-numref"])
                link.replace_self(number)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx; see the module."""
    app.add_transform(Numbered)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
