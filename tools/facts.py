"""Compute what the book's prose quotes of a run: tools/facts.py <results folder> <output json>."""

import json
import sys
from pathlib import Path

from lib import files
from lib.errors import UserError
from lib.report.facts import gather as facts

folder, output = map(Path, sys.argv[1:])
try:
    found = facts.gather(folder)
    with files.whole_file(output) as half:
        half.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
except UserError as error:
    sys.exit(str(error))
