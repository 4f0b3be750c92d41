"""Make the virtual environment that the Makefile runs everything in.

Kept to the syntax of old Pythons, so that an old one gets the line below and no SyntaxError.
"""

import os
import subprocess
import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Python 3.11 or newer is needed, and %s is %s: name another, as in "
        "`make report PYTHON=python3.12`" % (sys.executable, sys.version.split()[0])
    )
import importlib.util  # Python 2 has none

# Debian's Python has venv without ensurepip, and fails only half-way.
if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
    sys.exit(
        "this Python has no venv module: install it (on Debian or Ubuntu `apt install "
        "python3-venv`), or name another Python, as in `make report PYTHON=python3.12`"
    )

folder = sys.argv[1]
python = os.path.join(folder, "bin", "python")
print("== making the environment in %s (a few minutes, about 2 GB)" % folder)
sys.stdout.flush()
for command in (
    [sys.executable, "-m", "venv", folder],
    [python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt"],
):
    if subprocess.call(command) != 0:
        sys.exit("`%s` failed: see the lines above, then run make again" % " ".join(command))
