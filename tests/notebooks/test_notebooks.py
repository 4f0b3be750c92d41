"""The notebooks as files: pairs in step, one parameters cell, no error stored, readable cells."""

from pathlib import Path

import jupytext
import nbformat
import pytest

NOTEBOOKS = Path(__file__).resolve().parent.parent.parent / "notebooks"
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.py"))


def cells(path):
    return [
        (c.cell_type, c.source, sorted(c.metadata.get("tags", [])), c.metadata.get("mystnb"))
        for c in jupytext.read(path).cells
    ]


def read(name):
    return nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)


def test_every_notebook_has_its_pair():
    assert NAMES
    assert sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_pair_is_in_step(name):
    text, notebook = NOTEBOOKS / f"{name}.py", NOTEBOOKS / f"{name}.ipynb"
    assert cells(text) == cells(notebook), "run: make notebooks"


@pytest.mark.parametrize("name", NAMES)
def test_there_is_one_parameters_cell_of_typed_defaults(name):
    tagged = [c for c in read(name).cells if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    for line in tagged[0].source.splitlines():
        declaration, comment = line.split("  # ")
        assert ": " in declaration and " = " in declaration and comment


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_stored_and_none_is_an_error(name):
    code = [c for c in read(name).cells if c.cell_type == "code"]
    assert all(c.execution_count for c in code), "run: make notebooks"
    assert not [o for c in code for o in c.outputs if o.output_type == "error"]


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_short(name):
    for cell in read(name).cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 12, cell.source
