"""JupyterLab in a browser: a notebook runs from top to bottom, and an edited twin shows."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SMALL = {"corpus": None, "seeds": 2, "epochs": 2, "latent_dim": 4}


@pytest.fixture
def lab(browser, tones, tmp_path):
    """Start JupyterLab on a copy of the notebooks with tiny parameters; return address, folder."""
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    for name in ("easy.py", "exploratory.py", "jupytext.toml"):
        shutil.copy(ROOT / "notebooks" / name, notebooks)
    for script in notebooks.glob("*.py"):
        script.write_text(_shrunk(script.read_text(encoding="utf-8"), tones), encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", "jupytext", "--quiet", "--to", "ipynb", script], check=True
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MUSIC_RESULTS": str(tmp_path / "results"),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_DATA_DIR": str(tmp_path / "jupyter"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    log = (tmp_path / "lab.log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
         "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None",
         "--IdentityProvider.token=",
         f"--ServerApp.root_dir={notebooks}"],
        env=environment, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api/status", server, tmp_path / "lab.log")
        yield address, notebooks
    finally:
        # at once and with its kernels: nothing of theirs is to be kept
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(600)
        log.close()


def _shrunk(text: str, music: Path) -> str:
    """Give a notebook's parameters small values."""
    lines = []
    for line in text.splitlines():
        name = line.split(":")[0]
        if name in SMALL and " = " in line:
            value = str(music) if SMALL[name] is None else SMALL[name]
            line = f"{line.split(' = ')[0]} = {value!r}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    """Wait until a server answers; one that ends before has failed."""
    while True:
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url).close()
            return
        except OSError:
            time.sleep(0.25)


def _open(page, address: str, name: str) -> None:
    page.goto(f"{address}/lab/tree/{name}?reset")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()


def _run_all(page) -> list[dict]:
    """Run all cells by the command behind the menu; return the code cells with their outputs."""
    # a kernel that has told about itself can be talked to; before, a cell would wait for ever
    page.wait_for_function(
        "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
    )
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.info.then(() => 0)")
    page.evaluate(
        """() => void jupyterapp.commands.execute("notebook:run-all-cells").then(
            () => { window.ran = true; })"""
    )
    page.wait_for_function("window.ran", polling=500)
    # from the notebook itself, since the page holds only the cells near the screen
    cells = page.evaluate("jupyterapp.shell.currentWidget.content.model.toJSON().cells")
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_all_cells_run_and_figures_and_players_are_shown(page, lab):
    address, _ = lab
    page.on("dialog", lambda dialog: dialog.accept())  # leaves a notebook that was not saved
    for name, shown in (("easy.ipynb", "image/png"), ("exploratory.ipynb", "<audio")):
        _open(page, address, name)
        code = _run_all(page)
        assert all(cell["execution_count"] for cell in code)
        outputs = [output for cell in code for output in cell["outputs"]]
        assert not [output for output in outputs if output["output_type"] == "error"]
        assert shown in str(outputs)
        seen = page.locator(".jp-OutputArea-output img, .jp-OutputArea-output audio").first
        seen.scroll_into_view_if_needed()
        assert seen.bounding_box()["width"] > 100


def test_an_edited_twin_shows_after_a_reload(page, lab):
    address, notebooks = lab
    page.on("dialog", lambda dialog: dialog.accept())
    _open(page, address, "easy.ipynb")
    sentence = page.locator(".jp-RenderedMarkdown p", has_text="A sentence from the text file.")
    assert sentence.count() == 0
    script = notebooks / "easy.py"
    text = script.read_text(encoding="utf-8")
    heading = "# # Easy: does a VAE beat PCA and k-means?\n"
    assert heading in text
    script.write_text(text.replace(heading, f"{heading}#\n# A sentence from the text file.\n"))
    _open(page, address, "easy.ipynb")
    sentence.wait_for()
