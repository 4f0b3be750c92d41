"""Tables as LaTeX that compiles as it stands: pdflatex with booktabs, graphicx and T1 fonts."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd
from pylatexenc import latexencode

from lib.report.display import true_minus

_SHRINK = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{"
_FOREIGN = re.compile("[^ -~\xa0-\u0148\u014a-\u017fΑ-Ωα-ω±×−≤≥≈→∞–—‘’“”„…€]+")
"""What neither a T1 font nor the maths of LaTeX has."""


def _nearest(run: re.Match) -> str:
    """Return letters without their accents, or [...] for a script such as Bangla."""
    latin = unicodedata.normalize("NFKD", run.group()).encode("ascii", "ignore").decode()
    latin = "".join(character if character.isprintable() else " " for character in latin)
    return latin or (" " if run.group().isspace() else "[...]")


# a row that begins with [ or * would be taken for an argument of the end of the row above
_STARTS = {ord("["): "{[}", ord("*"): "{*}"}
_ENCODER = latexencode.UnicodeToLatexEncoder(
    conversion_rules=[
        latexencode.UnicodeToLatexConversionRule(latexencode.RULE_DICT, _STARTS),
        "defaults",
    ],
    unknown_char_policy=lambda character: "{[}...]",
    unknown_char_warning=False,
)


def escape(text: str) -> str:
    """Write text so that LaTeX prints it as it is; what its fonts lack becomes [...]."""
    plain = _FOREIGN.sub(_nearest, unicodedata.normalize("NFC", text))
    return _ENCODER.unicode_to_latex(plain)


def table(frame: pd.DataFrame, caption: str, name: str) -> str:
    """Return a floating table ``tab:<name>``, no wider than the text, of cells as they are."""
    cells = frame.astype(object).map(lambda cell: escape(true_minus(str(cell))))
    latex = cells.rename(columns=lambda column: escape(str(column))).to_latex(
        index=False, escape=False, caption=escape(caption), label=f"tab:{name}", position="tb"
    )
    latex = latex.replace(r"\begin{tabular}", _SHRINK + "%\n\\begin{tabular}")
    return latex.replace(r"\end{tabular}", r"\end{tabular}}")
