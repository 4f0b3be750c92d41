"""The machinery of the study: one noun, one file.

``corpus`` -> ``extract`` -> ``models``, ``training`` -> ``clustering`` -> ``metrics`` ->
``plots``, ``report``; ``study`` holds the verbs that the notebooks share.
"""

import os
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Both must be set before the libraries that read them are loaded. Waiting OpenMP threads that spin
# instead of sleeping make two processes on two cores tens of times slower than one.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# A cache of our own: one that two processes fill at once can be corrupt, and then librosa crashes.
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba"))

# Some libraries ask for a widget to draw progress bars in; ours are text, which every log can hold.
warnings.filterwarnings("ignore", "IProgress not found")
