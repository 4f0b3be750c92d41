"""Find a corpus, composing the demo corpus where it is not there yet, and say what was found.

What was found is noted in a file that changes only when the corpus does, so that make can tell
whether a report is still true.
"""

import sys
from pathlib import Path

from lib.corpora import corpus
from lib.errors import UserError
from lib.files import whole_file
from lib.lyrics import sources as text
from lib.report import results
from lib.settings import Settings, whole_name


def _state(path: Path) -> str:
    """Describe a file well enough to see that it has changed."""
    status = path.stat()
    return f"{path}\t{status.st_size}\t{status.st_mtime_ns}"


name, note = sys.argv[1], Path(sys.argv[2])
try:
    found = corpus.load(name)
    words = text.folder(name)
    Settings.results_folder(name)  # refuses a folder with the name of another corpus
    results.claim(note.parent, whole_name(name))
except UserError as error:
    sys.exit(str(error))
print(f"== {found.summary}")
files = [Path(path) for path in found.tracks["path"] if path]
files += sorted(words.rglob("*")) if words.is_dir() else []
lines = [_state(path) for path in files if path.is_file()]
state = "\n".join([found.tracks.drop(columns="path").to_csv(), *lines])
if not note.exists() or note.read_text(encoding="utf-8") != state:
    with whole_file(note) as half:
        half.write_text(state, encoding="utf-8")
