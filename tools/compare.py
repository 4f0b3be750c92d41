"""Put two runs on one page: tools/compare.py results/x results/y [page.html]."""

import sys
from pathlib import Path

from lib import files
from lib.errors import UserError
from lib.report import compare as compare_runs

if len(sys.argv) not in (3, 4):
    sys.exit("name two results folders, as in `make compare A=results/demo B=results/gtzan`")
a, b = map(Path, sys.argv[1:3])
name = f"{a.resolve().name}-{b.resolve().name}.html"
output = Path(sys.argv[3]) if len(sys.argv) == 4 else a.resolve().parent / "compare" / name
try:
    text = compare_runs.page(a, b)
    with files.whole_file(output) as half:
        half.write_text(text, encoding="utf-8")
except UserError as error:
    sys.exit(str(error))
print(f"== done: open {output}")
