import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lib import ROOT, runtime

NAME = "NUMBA_CACHE_DIR"


def test_a_warm_cache_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv(NAME, str(tmp_path))
    compiled = []
    monkeypatch.setattr(runtime, "_compile", lambda: compiled.append(1))
    runtime.warm()
    runtime.warm()
    assert len(compiled) == 1


def test_each_path_to_an_environment_and_each_cpu_is_warmed_for_itself(tmp_path, monkeypatch):
    monkeypatch.setenv(NAME, str(tmp_path / "cache"))
    compiled = []
    monkeypatch.setattr(runtime, "_compile", lambda: compiled.append(1))
    runtime.warm()
    for name in ("librosa", "umap"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    runtime.warm()
    assert len(compiled) == 1
    (tmp_path / "linked").symlink_to(Path(find_spec("librosa").origin).parent.parent)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path / "linked")
        for n_compiled in (2, 2):
            runtime.warm()
            assert len(compiled) == n_compiled
    monkeypatch.setattr("llvmlite.binding.get_host_cpu_name", lambda: "another")
    runtime.warm()
    assert len(compiled) == 3


def test_a_process_that_was_killed_while_compiling_leaves_no_stamp(tmp_path, monkeypatch):
    monkeypatch.setenv(NAME, str(tmp_path))

    def killed():
        raise KeyboardInterrupt

    monkeypatch.setattr(runtime, "_compile", killed)
    with pytest.raises(KeyboardInterrupt):
        runtime.warm()
    compiled = []
    monkeypatch.setattr(runtime, "_compile", lambda: compiled.append(1))
    runtime.warm()
    assert compiled


def test_of_two_processes_at_once_one_compiles(tmp_path):
    script = """
import sys, time
from lib import runtime
def compile():
    print("compiled", flush=True)
    time.sleep(0.5)
runtime._compile = compile
runtime.warm()
"""
    environment = os.environ | {NAME: str(tmp_path)}
    both = [
        subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    outputs = [process.communicate()[0] for process in both]
    assert sorted(outputs) == [b"", b"compiled\n"]
    assert all(process.returncode == 0 for process in both)


def test_importing_what_the_notebooks_import_compiles_nothing(tmp_path):
    script = """
import importlib, pkgutil
import lib
for module in pkgutil.walk_packages(lib.__path__, "lib."):
    importlib.import_module(module.name)
"""
    environment = os.environ | {NAME: str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, env=environment)
    assert not list(tmp_path.rglob("*"))


def test_what_is_warmed_is_then_only_read():
    runtime.warm()
    script = """
import sys
from pathlib import Path
import os
from lib import runtime
before = {p: p.stat().st_mtime_ns for p in Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nb?")}
assert before, "numba's cache is empty"
runtime._compile()
after = {p: p.stat().st_mtime_ns for p in Path(os.environ["NUMBA_CACHE_DIR"]).rglob("*.nb?")}
changed = [p.name for p in after if before.get(p) != after[p]]
assert not changed, changed
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_checking_the_installation_compiles_into_our_own_cache():
    runtime.warm()
    script = """
from lib.cli import check
check.PACKAGES = ["umap"]
check.packages()
import numba
print(numba.config.CACHE_DIR)
"""
    environment = {name: value for name, value in os.environ.items() if name != NAME}
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, check=True, cwd=ROOT, env=environment, capture_output=True)
    assert done.stdout.decode().strip() == str(ROOT / ".cache" / "numba")
