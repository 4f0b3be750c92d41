"""Get the words of a corpus: transcribe its audio, or look for its songs on Genius.

What is found lies in the lyrics folder of the corpus, where later runs of the study read it. A run
that was stopped goes on where it was when it is started again.
"""

import argparse
import sys

from lib.corpora import corpus
from lib.errors import UserError
from lib.lyrics import genius
from lib.lyrics import sources as text
from lib.lyrics import whisper as transcribe

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("how", choices=("transcribe", "genius"))
parser.add_argument("corpus", help="demo, gtzan, fma, or the path of a folder of music")
parser.add_argument("--data-dir", default="", help="else $MUSIC_DATA, else data/")
whisper = parser.add_argument_group("transcribe")
whisper.add_argument(
    "--model",
    default="openai/whisper-small",
    help="folder of a Whisper model, or its name on the Hugging Face hub (%(default)s)",
)
whisper.add_argument("--batch", type=int, default=8, help="chunks at a time (%(default)s)")
whisper.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
given = parser.parse_args()

try:
    music = corpus.load(given.corpus, given.data_dir)
    folder = text.folder(given.corpus, given.data_dir)
    if given.how == "genius" and music.name == "demo":
        raise UserError("the songs of the demo corpus are its own: Genius knows none of them")
    if given.how == "genius":
        failed = genius.fetch(music.tracks, folder)
    elif music.table is not None:
        raise UserError(f"{music.name} is a table of features: there is nothing to hear")
    else:
        failed = transcribe.transcribe(
            music.tracks, folder, given.model, batch=given.batch, device=given.device
        )
    for reason, tracks in failed.groupby("reason"):
        print(f"{len(tracks)} tracks left out: {reason} ({tracks['track_id'].iloc[0]} ...)")
    print(text.coverage(text.load(music.tracks, folder)).to_string(index=False))
except UserError as error:
    sys.exit(str(error))
except KeyboardInterrupt:
    sys.exit("stopped: run again to go on from here")
