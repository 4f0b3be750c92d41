import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lib.cli import papermill as terminal

PAPERMILL = Path(sys.executable).parent / "papermill"
CELLS = (
    'corpus: str = "demo"',
    "from lib.settings import Settings\n"
    "rest = dict.fromkeys(('seeds', 'latent_dim', 'epochs', 'n_clusters'), 2)\n"
    "rest |= {'data_dir': '', 'results_dir': '', 'device': 'cpu'}\n"
    "settings = Settings.from_notebook(rest | globals())",
)


@pytest.mark.parametrize(
    ("line", "output"),
    [
        ("easy.ipynb -p latent_dim 8", "demo/notebooks/easy.ipynb"),
        ("-p corpus gtzan easy.ipynb", "gtzan/notebooks/easy.ipynb"),
        ("easy.ipynb --parameters corpus /my/music", "music/notebooks/easy.ipynb"),
        ("easy.ipynb -p results_dir /there", "/there/notebooks/easy.ipynb"),
        ("easy.ipynb -r corpus fma -p corpus gtzan", "fma/notebooks/easy.ipynb"),
        ("easy.ipynb -b Y29ycHVzOiBmbWE=", "fma/notebooks/easy.ipynb"),
        ("easy.ipynb -p corpus ~nobody9/music", "music/notebooks/easy.ipynb"),
        ("easy.ipynb out.ipynb -p seeds 3", None),
        ("easy.ipynb -", None),
        ("--help-notebook easy.ipynb", None),
        ("--version", None),
    ],
)
def test_where_the_output_goes(monkeypatch, tmp_path, line, output):
    monkeypatch.setenv("MUSIC_RESULTS", str(tmp_path))
    expected = None if output is None else tmp_path / output
    assert terminal.default_output(line.split()) == expected


@pytest.fixture
def notebook(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    path = tmp_path / "small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


def run_in_terminal(folder, line):
    """Run papermill with a terminal for its output, which is where it would ask for a path."""
    if not shutil.which("script"):
        pytest.skip("no script(1) to make a terminal with")
    environment = {**os.environ, "MUSIC_RESULTS": str(folder / "results"), "TERM": "dumb"}
    return subprocess.run(
        ["script", "-qec", f"{PAPERMILL} {line} --start-timeout 600", "/dev/null"],
        cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_line_works_in_a_terminal_and_spares_the_source(notebook):
    source = notebook.read_bytes()
    done = run_in_terminal(notebook.parent, "small.ipynb -p corpus demo")
    assert done.returncode == 0, done.stdout
    output = notebook.parent / "results" / "demo" / "notebooks" / "small.ipynb"
    assert output.exists() and str(output) in done.stdout
    assert notebook.read_bytes() == source
    assert [p.name for p in output.parent.iterdir()] == ["small.ipynb"]


def test_a_misspelt_parameter_stops_the_run_with_one_line(notebook):
    done = run_in_terminal(notebook.parent, "small.ipynb -p corpsu gtzan")
    assert done.returncode != 0
    assert "this notebook has no parameter 'corpsu'" in done.stdout
    assert "Traceback" not in done.stdout
    kept = notebook.parent / "results" / "demo" / "notebooks"
    assert [p.name for p in kept.iterdir()] == ["small.failed.ipynb"]


def test_parameters_in_yaml_say_where_the_output_goes(monkeypatch, tmp_path):
    monkeypatch.setenv("MUSIC_RESULTS", str(tmp_path))
    (tmp_path / "run.yaml").write_text("corpus: gtzan\nseeds: 3\n")
    for line in (
        ["-f", str(tmp_path / "run.yaml")],
        ["-y", "{corpus: gtzan}"],
        ["--parameters_yaml={corpus: gtzan}"],
        ["-p", "corpus", "gtzan", "-y", "{corpus: fma}"],
    ):
        output = terminal.default_output(["easy.ipynb", *line])
        assert output == tmp_path / "gtzan" / "notebooks" / "easy.ipynb"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("small.ipynb -f nowhere.yaml", "nowhere.yaml: No such file"),
        ("small.ipynb -f broken.yaml", "while parsing a flow sequence"),
        ("small.ipynb -f list.yaml", "'list.yaml' holds no parameters"),
        ("small.ipynb -b abc", "Incorrect padding"),
        ("small.ipynb -p results_dir list.yaml", "list.yaml"),
        ("small.ipynb -p results_dir ~nobody9/x", "home directory"),
        ("absent.ipynb", "there is no notebook absent.ipynb"),
    ],
)
def test_what_cannot_be_meant_stops_with_one_line(monkeypatch, tmp_path, line, message):
    monkeypatch.setenv("MUSIC_RESULTS", str(tmp_path / "results"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.ipynb").touch()
    (tmp_path / "broken.yaml").write_text("{corpus: [1")
    (tmp_path / "list.yaml").write_text("[1, 2]")
    with pytest.raises(SystemExit, match=message) as stop:
        terminal._install(["papermill", *line.split()])
    assert "\n" not in str(stop.value)
    assert not (tmp_path / "results").exists()
