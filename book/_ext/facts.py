"""What a run found, put into the prose: a role and three directives.

``{fact}`name` `` puts in the text of that name, the directive of the same name parses it as MyST (a
table, say), ``{when} a, not b`` keeps what it holds only where a is true of the run and b is not,
and ``{flow}`` runs the paragraphs that it holds together into one. The facts are made by
``music-clustering facts``. A name that the run did not give is a warning, which fails a build that
takes warnings for errors.
"""

from __future__ import annotations

import json
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

logger = logging.getLogger(__name__)


def facts(env) -> dict[str, str | bool]:
    """Return the facts of the run, and have the page read anew when they change."""
    path = Path(env.srcdir) / env.config.facts_file
    env.note_dependency(str(path))
    if not path.exists():
        logger.warning("%s is missing: make it with music-clustering facts", path, type="facts")
        return {}
    return json.loads(path.read_text(encoding="utf-8"))


def look_up(env, name: str, kind: type, place) -> str | bool | None:
    """Return a fact, or warn that there is none of this name and kind."""
    value = facts(env).get(name)
    if not isinstance(value, kind):
        what = "text" if kind is str else "condition"
        logger.warning("the run gave no %s %r", what, name, type="facts", location=place)
        return None
    return value


class Fact(SphinxRole):
    """The role: a fact's text in the middle of a sentence."""

    def run(self):
        """Return the text as one node."""
        text = look_up(self.env, self.text, str, self.get_location())
        return [nodes.Text(text or "")], []


class FactBlock(SphinxDirective):
    """The directive: a fact's text as paragraphs or tables of their own."""

    required_arguments = 1

    def run(self):
        """Return what the text says in MyST."""
        name = self.arguments[0]
        text = look_up(self.env, name, str, self.get_location()) or ""
        return _parsed(self, StringList(text.splitlines(), source=name))


class When(SphinxDirective):
    """The directive that keeps its content only where conditions hold."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        """Return the content, or nothing."""
        holds = True
        for condition in self.arguments[0].split(","):
            name = condition.strip().removeprefix("not ")
            value = look_up(self.env, name, bool, self.get_location())
            holds &= value is not condition.strip().startswith("not ")
        return _parsed(self, self.content) if holds else []


class Flow(SphinxDirective):
    """The directive that makes one paragraph of several, some of which may have been dropped."""

    has_content = True

    def run(self):
        """Return the paragraph."""
        flow = nodes.paragraph()
        for paragraph in _parsed(self, self.content):
            flow += [*([nodes.Text(" ")] if flow.children else []), *paragraph.children]
        return [flow]


def _parsed(directive: SphinxDirective, content: StringList) -> list[nodes.Node]:
    holder = nodes.Element()
    holder.document = directive.state.document
    directive.state.nested_parse(content, directive.content_offset, holder)
    return holder.children


def setup(app):
    """Tell Sphinx of the role, the directives and where the facts lie."""
    app.add_config_value("facts_file", "book/results/facts.json", "env")
    app.add_role("fact", Fact())
    app.add_directive("fact", FactBlock)
    app.add_directive("when", When)
    app.add_directive("flow", Flow)
    return {"parallel_read_safe": True}
