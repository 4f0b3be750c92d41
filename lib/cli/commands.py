"""The console command ``music-clustering``: the programs that make runs and people type.

Each sub-command imports what it needs itself, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lib.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLES = """\
examples:
  music-clustering fetch fma small
  music-clustering lyrics transcribe fma --model openai/whisper-small
  music-clustering compare results/demo results/gtzan
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a sub-command; an error that a user can put right ends it with one line."""
    given = vars(_parser().parse_args(arguments))
    try:
        given.pop("run")(**given)
    except UserError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped: run again to go on from here")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="music-clustering",
        description="What the study needs besides its notebooks; `make` lists the usual ways in.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument(
        "--data-dir", default="", help="where corpora lie; else $MUSIC_DATA, else data/"
    )
    music = argparse.ArgumentParser(add_help=False, parents=[where])
    music.add_argument("corpus", help="demo, gtzan, fma, or the path of a folder of music")

    def command(run: Callable, of=commands, parents=()) -> Callable:
        summary = run.__doc__.split("\n")[0].rstrip(".")
        made = of.add_parser(run.__name__, help=summary, description=run.__doc__, parents=parents)
        made.set_defaults(run=run)
        return made.add_argument

    add = command(prepare)
    add("corpus", help="demo, gtzan, gtzan_table, fma, or the path of a folder of music")
    add("note", type=Path, help="file to write: it changes only when the corpus does")

    add = command(fetch, parents=[where])
    add("corpus", help="fma")
    add("size", nargs="?", default="small", help="metadata, small, medium, large or full")

    summary = "Get the words of a corpus: transcribe its audio, or look its songs up on Genius"
    about = (
        f"{summary}. They go into the lyrics folder of the corpus, where the study reads them. "
        "A run that was stopped goes on where it was when it is started again."
    )
    lyrics = commands.add_parser("lyrics", help=summary, description=about)
    ways = lyrics.add_subparsers(title="ways", metavar="WAY", required=True)
    add = command(transcribe, ways, [music])
    which = "folder of a Whisper model, or its name on the Hugging Face hub (%(default)s)"
    add("--model", default="openai/whisper-small", help=which)
    add("--batch", type=int, default=8, help="chunks at a time (%(default)s)")
    add("--device", default="auto", help="auto, cpu, cuda or mps")
    command(genius, ways, [music])

    add = command(compare)
    add("a", type=Path, metavar="A", help="folder of results, as results/demo")
    add("b", type=Path, metavar="B", help="another")
    add("page", type=Path, nargs="?", help="HTML file to write; else compare/ beside A")

    add = command(facts)
    add("results", type=Path, help="folder of results")
    add("output", type=Path, help="JSON file to write")

    command(check)
    return parser


def prepare(corpus: str, note: Path) -> None:
    """Find a corpus, and compose the demo corpus where it is not there yet.

    What was found is noted in a file that changes only when the corpus does, so that make can tell
    whether a report is still true.
    """
    from lib import corpora, lyrics
    from lib.files import whole_file
    from lib.report import results
    from lib.settings import Settings, whole_name

    found, words = corpora.load(corpus), lyrics.folder(corpus)
    Settings.results_folder(corpus)  # refuses a folder with the name of another corpus
    results.claim(note.parent, whole_name(corpus))
    print(f"== {found.summary}")
    files = [Path(path) for path in found.tracks["path"] if path]
    files += sorted(words.rglob("*")) if words.is_dir() else []
    lines = [_state(path) for path in files if path.is_file()]
    state = "\n".join([found.tracks.drop(columns="path").to_csv(), *lines])
    if not note.exists() or note.read_text(encoding="utf-8") != state:
        with whole_file(note) as half:
            half.write_text(state, encoding="utf-8")


def _state(path: Path) -> str:
    """Describe a file well enough to see that it has changed."""
    status = path.stat()
    return f"{path}\t{status.st_size}\t{status.st_mtime_ns}"


def fetch(corpus: str, size: str, data_dir: str) -> None:
    """Download FMA into the folder of corpora, or go on where a download stopped."""
    from lib.corpora import data_folder, download, fma

    if corpus.startswith("gtzan"):
        raise UserError(
            "GTZAN's audio cannot be downloaded any more: data/README.md says where to put a copy"
        )
    if corpus != "fma":
        raise UserError(
            f"there is nothing to fetch for corpus {corpus!r}: only fma can be downloaded"
        )
    if size not in fma.ARCHIVES:
        raise UserError(f"FMA comes as {', '.join(fma.ARCHIVES)}, not as {size!r}")
    folder = data_folder(data_dir) / "fma"
    print(f"{fma.LICENCE}\nPlease cite: {fma.CITATION}")
    for name in dict.fromkeys(("metadata", size)):
        print(f"== {download.fetch(fma.ARCHIVES[name], folder)}")


def transcribe(corpus: str, model: str, batch: int, device: str, data_dir: str) -> None:
    """Transcribe the words that are sung, with Whisper."""
    from lib import corpora, lyrics
    from lib.lyrics import whisper

    music, folder = corpora.load(corpus, data_dir), lyrics.folder(corpus, data_dir)
    if music.table is not None:
        raise UserError(f"{music.name} is a table of features: there is nothing to hear")
    failed = whisper.transcribe(music.tracks, folder, model, batch=batch, device=device)
    _tell(music.tracks, folder, failed)


def genius(corpus: str, data_dir: str) -> None:
    """Look for the lyrics on Genius, with the token in GENIUS_ACCESS_TOKEN."""
    from lib import corpora, lyrics
    from lib.lyrics import genius

    music, folder = corpora.load(corpus, data_dir), lyrics.folder(corpus, data_dir)
    if music.name == "demo":
        raise UserError("the songs of the demo corpus are its own: Genius knows none of them")
    _tell(music.tracks, folder, genius.fetch(music.tracks, folder))


def _tell(tracks: pd.DataFrame, folder: Path, failed: pd.DataFrame) -> None:
    """Print which tracks were left out and why, and where words come from now."""
    from lib import lyrics

    for reason, some in failed.groupby("reason"):
        print(f"{len(some)} tracks left out: {reason} ({some['track_id'].iloc[0]} ...)")
    print(lyrics.coverage(lyrics.load(tracks, folder)).to_string(index=False))


def compare(a: Path, b: Path, page: Path | None) -> None:
    """Put two runs on one page, with their differences."""
    from lib.files import whole_file
    from lib.report import compare

    name = f"{a.resolve().name}-{b.resolve().name}.html"
    output = page or a.resolve().parent / "compare" / name
    text = compare.page(a, b)
    with whole_file(output) as half:
        half.write_text(text, encoding="utf-8")
    print(f"== done: open {output}")


def facts(results: Path, output: Path) -> None:
    """Compute what the book's prose quotes of a run."""
    from lib.files import whole_file
    from lib.report.facts import gather

    found = gather(results)
    with whole_file(output) as half:
        half.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")


def check() -> None:
    """Check that everything is there and works, in under a minute."""
    from lib.cli import check

    if check.run():
        sys.exit(1)
