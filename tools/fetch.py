"""Download a corpus, as far as it can be had, into the folder of corpora."""

import argparse
import sys

from lib.corpora import corpus, download, fma
from lib.errors import UserError

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("corpus", help="fma")
parser.add_argument("size", nargs="?", default="small", help=", ".join(fma.ARCHIVES))
parser.add_argument("--data-dir", default="", help="else $MUSIC_DATA, else data/")
given = parser.parse_args()

if given.corpus.startswith("gtzan"):
    sys.exit("GTZAN's audio cannot be downloaded any more: data/README.md says where to put a copy")
if given.corpus != "fma":
    sys.exit(f"there is nothing to fetch for corpus {given.corpus!r}: only fma can be downloaded")
if given.size not in fma.ARCHIVES:
    sys.exit(f"FMA comes as {', '.join(fma.ARCHIVES)}, not as {given.size!r}")

print(f"{fma.LICENCE}\nPlease cite: {fma.CITATION}")
try:
    for size in dict.fromkeys(("metadata", given.size)):
        folder = corpus.data_folder(given.data_dir) / "fma"
        print(f"== {download.fetch(fma.ARCHIVES[size], folder)}")
except UserError as error:
    sys.exit(str(error))
except KeyboardInterrupt:
    sys.exit("stopped: run again to go on from here")
