"""What notebooks show: tables, text and source code, as JupyterLab and the book read them."""

import numpy as np
import pandas as pd

from lib import report
from lib.errors import Missing


class Sample:
    """Hidden."""

    size = 1

    def double(self, x):
        """Hide this, too.

        Parameters
        ----------
        """
        # a comment stays
        text = """not a docstring"""
        return 2 * x, text

    def bare(self):
        """Alone in its body, a docstring is all the code there is."""


def test_source_is_shown_as_it_is_run_without_docstrings():
    assert report.source(Sample.double, Sample.bare).data == (
        "```python\n"
        "def double(self, x):\n"
        "    # a comment stays\n"
        '    text = """not a docstring"""\n'
        "    return 2 * x, text\n\n"
        "def bare(self):\n"
        '    """Alone in its body, a docstring is all the code there is."""\n'
        "```"
    )
    shown = report.source(Sample).data
    assert shown.startswith("```python\nclass Sample:\n    size = 1\n\n    def double(self, x):\n")
    assert "idden" not in shown and "Parameters" not in shown


def test_source_shows_the_code_of_the_library():
    namespace = {}
    exec(report.source(report.say).data.removeprefix("```python\n").removesuffix("```"),
         {"Markdown": str, "true_minus": str}, namespace)  # fmt: skip
    assert namespace["say"]("one.", "two.") == "one. two."


def test_numbers_have_a_true_minus_and_ranges_do_not():
    text = "At -1 it fell from 0.2 to -0.3 (-4%); 1-2, x-3 and 2-D stay, and so does -p."
    said = "At −1 it fell from 0.2 to −0.3 (−4%); 1-2, x-3 and 2-D stay, and so does -p."
    assert report.say(text).data == said
    table = report.Table(pd.DataFrame({"a|b": ["-0.1", "A-1"]}), "One.", "tab-one")
    rows = ["", "| a\\|b |", "| --- |", "| −0.1 |", "| A-1 |", "```"]
    assert table.markdown.splitlines() == ["```{table} One.", ":name: tab-one", *rows]
    assert "−0.1" in table._repr_mimebundle_()["text/html"]


def test_players_play_or_say_why_not():
    page = report.players({"a <b>": np.zeros(22050, np.float32)}).data
    assert "a &lt;b&gt;" in page and "data:audio/mpeg;base64," in page
    reason = Missing("There is no audio.")
    assert report.players(reason) is reason
