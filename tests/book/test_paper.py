"""What the paper leaves out of the book, how its tables are set, and that LaTeX takes it all."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parent.parent.parent


def _load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


paper = _load(ROOT / "book" / "_ext" / "paper.py")
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # noqa: E501
STRANGE = "বাংলা, 音楽 and − β ≤ ²"
TABLE = """```{table} Of many columns.
:name: tab-wide

| Space | A | B | C | D | E | F | G | H |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| Sound + SBERT | 0.123 ± 0.045 | 0.123 ± 0.045 | -0.123 | 0.1 | 0.1 | 10.736 ± 0.489 | 5 % | |
```"""


def shown(kind, data):
    output = new_output("display_data", {kind: data, "text/plain": "<thing>"})
    return new_code_cell("1", outputs=[output], execution_count=1)


def test_tagged_cells_and_players_are_left_out_and_the_rest_stays():
    secret = new_markdown_cell("secret", metadata={"tags": ["book-only", "other"]})
    notebook = new_notebook(
        cells=[
            new_markdown_cell("kept"),
            secret,
            shown("text/html", "<audio>"),
            shown("image/png", PNG),
        ]
    )
    cells = paper.abridge(notebook)["cells"]
    assert [cell["cell_type"] for cell in cells] == ["markdown", "code", "code"]
    assert [len(cell["outputs"]) for cell in cells[1:]] == [0, 1]
    nbformat.validate(notebook)


@pytest.mark.parametrize(
    ("cells", "letter"),
    [
        (["0.312 ± 0.008", "", "1.000"], "r"),
        (["25,780", "-0.1", "−3", "35 %"], "r"),
        (["PCA", "0.1"], "l"),
        (["70-132"], "l"),
        (["a sentence so long that no column of a paper could ever hold it on one line"], "L"),
    ],
)
def test_words_stand_left_numbers_right_and_sentences_break(cells, letter):
    assert paper._column(cells) == letter


def test_latex_takes_wide_tables_vectors_and_any_script(tmp_path):
    if not shutil.which("latexmk") or not shutil.which("pdflatex"):
        pytest.skip("no LaTeX: the README says what to install")
    shutil.copytree(ROOT / "book" / "_ext", tmp_path / "book" / "_ext")
    for folder in ("_static", "_templates"):
        shutil.copytree(ROOT / "book" / folder, tmp_path / "book" / folder)
    for name in ("_config.yml", "book/references.bib"):
        shutil.copy(ROOT / name, tmp_path / name)
    markdown = new_output("display_data", {"text/markdown": TABLE})
    figure = shown("image/png", PNG)
    said = {"figure": {"caption": "A dot.", "name": "fig-dot"}}
    figure.outputs[0].metadata["mystnb"] = said
    notebook = new_notebook(
        cells=[
            new_markdown_cell(f"# Any\n\n{STRANGE}: {{numref}}`fig-dot`, {{numref}}`tab-wide`"),
            new_code_cell("secret_code = 1"),
            figure,
            new_code_cell("2", outputs=[markdown], execution_count=2),
        ]
    )  # fmt: skip
    nbformat.write(notebook, tmp_path / "index.ipynb")
    (tmp_path / "_toc.yml").write_text("format: jb-article\nroot: index\n")
    program = Path(sys.executable).with_name("jupyter-book")
    book = [program, "build", ".", "--builder", "latex", "-W", "-n"]
    done = subprocess.run(book, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    latex = tmp_path / "_build" / "latex"
    text = (latex / "report.tex").read_text(encoding="utf-8")
    assert "secret_code" not in text and r"\toprule" in text
    make = ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    done = subprocess.run(make, cwd=latex, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-3000:]
    log = (latex / "report.log").read_text(errors="replace")
    assert not [
        width for width in re.findall(r"Overfull \\hbox \((\S+)pt", log) if float(width) > 5
    ]
