"""A Sphinx extension that keeps the pages to themselves.

The book's cells are not run in the browser, so the scripts of Thebe, which would fetch more from
elsewhere (and are declared twice), are left out.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx


def _drop_thebe(app: Sphinx, page: str, template: str, context: dict[str, Any], tree) -> None:
    def wanted(script) -> bool:
        named = str(getattr(script, "filename", script))
        return "thebe" not in named + str(getattr(script, "attributes", {}).get("body", ""))

    context["script_files"] = [s for s in context.get("script_files", ()) if wanted(s)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx; see the module."""
    app.connect("html-page-context", _drop_thebe, 900)  # after all have added theirs
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
