"""What make passes on to the programs behind it, and what environment.py says."""

import os
import shutil
import subprocess
import sys

import pytest

from lib import ROOT
from lib.errors import UserError
from lib.settings import Settings


def run(*command):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ("gtzan", '"gtzan"'),
        ("lib/corpora/demo", f'"{ROOT / "lib" / "corpora" / "demo"}"'),
        ("gtzann", '"gtzann"'),
        ("", '""'),
    ],
)
def test_make_passes_on_the_corpus_that_was_meant(given, passed):
    if not shutil.which("make"):
        pytest.skip("no make")
    done = run("make", "-n", "data", f"CORPUS={given}")
    assert f"music-clustering prepare {passed} " in done.stdout
    assert not done.stderr


@pytest.mark.parametrize("name", ["music", "two  words", "gtzan_table", "বাউল"])
def test_make_and_the_notebooks_put_results_into_the_same_folder(tmp_path, monkeypatch, name):
    if not shutil.which("make"):
        pytest.skip("no make")
    monkeypatch.setenv("MUSIC_RESULTS", str(tmp_path))
    (tmp_path / "link" / "real").mkdir(parents=True)
    (tmp_path / name).symlink_to(tmp_path / "link" / "real")
    for given in (name, str(tmp_path / name), f"{tmp_path}/./link/real/"):
        try:
            folder = Settings.results_folder(given)
        except UserError:
            continue  # make asks the same, and stops
        done = run("make", "-n", "data", f"CORPUS={given}")
        assert f'" {folder}/.corpus' in done.stdout


def test_an_environment_needs_a_python_that_can_make_one(tmp_path):
    code = "import runpy, sys; sys.version_info = (3, 10, 4); runpy.run_path(sys.argv[1])"
    old = run(sys.executable, "-c", code, "tools/environment.py", str(tmp_path / "venv"))
    assert old.returncode == 1
    assert old.stderr.startswith("Python 3.11 or newer is needed") and old.stderr.count("\n") == 1
    code = "import runpy, sys; sys.modules['ensurepip'] = None; runpy.run_path(sys.argv[1])"
    bare = run(sys.executable, "-c", code, "tools/environment.py", str(tmp_path / "venv"))
    assert bare.returncode == 1
    assert "has no venv module" in bare.stderr
    assert not (tmp_path / "venv").exists()
