"""What make and the small programs behind it say when they are told something wrong."""

import os
import shutil
import subprocess
import sys

import pytest

from lib import ROOT


def run(*command):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ("gtzan", '"gtzan"'),
        ("lib/demo", f'"{ROOT / "lib" / "demo"}"'),
        ("gtzann", '"gtzann"'),
        ("", '""'),
    ],
)
def test_make_passes_on_the_corpus_that_was_meant(given, passed):
    if not shutil.which("make"):
        pytest.skip("no make")
    done = run("make", "-n", "data", f"CORPUS={given}")
    assert f"tools/prepare.py {passed} " in done.stdout
    assert not done.stderr


@pytest.mark.parametrize("given", ["gtzann", ""])
def test_a_corpus_that_is_not_there_stops_make_with_one_line(tmp_path, given):
    note = tmp_path / "results" / ".corpus"
    done = run(sys.executable, "tools/prepare.py", given, str(note))
    assert done.returncode == 1 and not note.parent.exists()
    assert done.stderr.startswith(f"there is no corpus {given!r}") and done.stderr.count("\n") == 1


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
