"""Tables as LaTeX that compiles as it stands: pdflatex with booktabs, graphicx and T1 fonts."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd

GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
        "upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega".split(),
        strict=True,
    )
)
SYMBOLS = {"±": "pm", "×": "times", "≤": "leq", "≥": "geq", "≈": "approx", "→": "to", "∞": "infty"}
SPECIAL = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "\u00a0": "~", "\u00ad": "", "−": r"\ensuremath{-}", "[": "{[}", "*": "{*}",
} | {character: f"\\{character}" for character in "&%$#_{}"}  # fmt: skip
# a row that begins with [ or * would be taken for an argument of the end of the row above
COMMANDS = str.maketrans(
    SPECIAL | {c: rf"\ensuremath{{\{name}}}" for c, name in (GREEK | SYMBOLS).items()}
)
SHRINK = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{"
KNOWN = re.escape("".join([*GREEK, *SYMBOLS, "−–—‘’“”„…€"]))
UNKNOWN = re.compile(rf"[^\x20-\x7e\u00a0-\u00ff{KNOWN}]+")


def escape(text: str) -> str:
    """Write text so that LaTeX prints it as it is.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        With commands for what LaTeX reads as commands, for Greek and for signs. Letters lose the
        accents that a Latin-1 font lacks; whole scripts that it lacks, Bangla say, become [...].
    """
    text = " ".join(unicodedata.normalize("NFC", text).split(" "))
    plain = UNKNOWN.sub(lambda run: _nearest(run.group()), text)
    return plain.translate(COMMANDS)


def _nearest(run: str) -> str:
    """Return letters without their accents, or [...] for what no Latin font has."""
    latin = unicodedata.normalize("NFKD", run).encode("ascii", "ignore").decode()
    latin = "".join(character if character.isprintable() else " " for character in latin)
    if latin:
        return latin
    return " " if run.isspace() else "[...]"


def table(frame: pd.DataFrame, caption: str, name: str) -> str:
    """Return a table for a paper, with the rules of the booktabs package.

    Parameters
    ----------
    frame : DataFrame
        Its cells are shown as they are: round them first.
    caption : str
        One sentence.
    name : str
        The paper refers to it as ``tab:<name>``.

    Returns
    -------
    str
        A floating table, no wider than the text, for a document with
        ``\\usepackage{booktabs,graphicx}`` and ``\\usepackage[T1]{fontenc}``.
    """
    cells = frame.astype(object).map(lambda cell: escape(str(cell)))
    latex = cells.rename(columns=lambda column: escape(str(column))).to_latex(
        index=False, escape=False, caption=escape(caption), label=f"tab:{name}", position="tb"
    )
    latex = latex.replace(r"\begin{tabular}", SHRINK + "%\n\\begin{tabular}")
    return latex.replace(r"\end{tabular}", r"\end{tabular}}")
