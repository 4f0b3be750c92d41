"""Make the virtual environment that the Makefile runs everything in.

Kept to the syntax of old Pythons, so that an old one gets the line below and no SyntaxError.
"""

import importlib.util
import os
import subprocess
import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Python 3.11 or newer is needed, and %s is %s: name another, as in "
        "`make report PYTHON=python3.12`" % (sys.executable, sys.version.split()[0])
    )
try:
    import ensurepip
    import venv
except ImportError:
    sys.exit(
        "this Python has no venv module: install it (on Debian or Ubuntu `apt install "
        "python3-venv`), or name another Python, as in `make report PYTHON=python3.12`"
    )

import venv  # noqa: E402  only now is it known to be there

folder = sys.argv[1]
pip = [os.path.join(folder, "bin", "python"), "-m", "pip"]
print("== making the environment in %s (a few minutes, about 2 GB)" % folder, flush=True)
venv.create(folder, with_pip=True)
result = subprocess.run([*pip, "install", "-q", "-r", "requirements.txt"])
if result.returncode:
    sys.exit("installing requirements.txt failed: see the lines above, then run make again")
