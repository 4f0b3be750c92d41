import shutil
import subprocess
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.report import latex

NASTY = [
    "Rock & Roll 100 % #1 $5 a_b {c} ~d ^e \\f <g> |h| \"i\"", "[first] in its row", "* starred",
    "0.31\u00a0±\u00a00.02 − 1 × 2 ≤ 3", "β αω ΓΔ µ", "Sigur Rós, Dvořák, Łódź, Beyoncé, naïve",
    "গান and 音楽", "tab\tnew\nline\x00\x07", "",
    "“quoted” – dashed — … €", "e\u0301", "\\end{table}",
    "".join(map(chr, range(0xA1, 0x180))), "".join(map(chr, range(0x370, 0x400))),
    "≈ → ∞ ≥ ™ ½ﬁ Việt 😀 Привет",
]  # fmt: skip


def test_what_latex_reads_as_commands_is_printed_as_it_is():
    assert latex.escape("100 % of a_b & c") == r"100 \% of a\_b \& c"
    assert latex.escape("0.31\u00a0±\u00a00.02") == r"0.31~\ensuremath{\pm}~0.02"
    assert latex.escape("β − 1") == r"\ensuremath{\beta} \ensuremath{-} 1"
    assert latex.escape("\\") == r"{\textbackslash}"


def test_what_no_latin_font_has_is_left_out_visibly():
    assert latex.escape("Dvořák, Việt") == r"Dvo\v{r}\'ak, Viet"
    assert latex.escape("গান (Bangla)") == "{[}...] (Bangla)"


@given(st.text())
def test_only_printable_characters_are_left_whatever_comes(text):
    escaped = latex.escape(text)
    assert all(c.isprintable() for c in escaped) and "\n" not in escaped
    assert escaped.count("{") - escaped.count("\\{") == escaped.count("}") - escaped.count("\\}")
    assert unicodedata.is_normalized("NFC", escaped)


def test_a_table_of_the_nastiest_cells_compiles(tmp_path):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    wide = {f"column {number}": "much too wide" for number in range(9)}
    frame = pd.DataFrame(
        {"Name": NASTY, "β & 95 %": NASTY[::-1], "number": range(len(NASTY)), **wide}
    )
    table = latex.table(frame, "95 % of a_b, β and [c].", "nasty")
    head = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs,graphicx}"
    body = rf"{head}\begin{{document}}{table}\end{{document}}"
    (tmp_path / "paper.tex").write_text(body, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert run.returncode == 0, run.stdout[-2000:]
    assert "Missing character" not in run.stdout and "Overfull" not in run.stdout
