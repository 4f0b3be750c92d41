"""Find a corpus, composing the demo corpus where it is not there yet, and say what was found."""

import sys

from lib import corpus
from lib.errors import UserError

try:
    found = corpus.load(sys.argv[1])
except UserError as error:
    sys.exit(str(error))
print(f"== {found.summary}")
