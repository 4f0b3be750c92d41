"""Bring notebooks and their py:percent pairs in step, run them, and store what they show.

The outputs are what ``pytest --nbval`` compares a later run with, so nothing that changes from
run to run (the times of cells) is kept.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

os.environ["MUSIC_RESULTS"] = tempfile.mkdtemp()
for script in map(Path, sys.argv[1:]):
    script.touch()  # the text is what people edit: it wins
    subprocess.run([sys.executable, "-m", "jupytext", "--quiet", "--sync", script], check=True)
    path = script.with_suffix(".ipynb")
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, record_timing=False, resources={"metadata": {"path": script.parent}}
    ).execute()
    for cell in notebook.cells:  # progress bars, which are another matter each time
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
    nbformat.write(notebook, path)
    subprocess.run([sys.executable, "-m", "jupytext", "--quiet", "--sync", path], check=True)
    print(f"stored the outputs of {path}")
