"""Files of the demo corpus: an ordinary folder of music, written once and mended where damaged.

`corpus.json` records by which recipe (version, split, seconds, seed) the folder was made and the
checksum of each file. It is renewed while the corpus is being written, so that a run cut short goes
on where it stopped.
"""

import csv
import hashlib
import io
import json
import zlib
from pathlib import Path

from lib.corpora.demo import composition, genres, sound
from lib.errors import UserError
from lib.files import whole_file

VERSION = 3  # of the generator: to be raised whenever any track comes out different
SEED = 0
RENEW = 20  # tracks between two records


def compose(split: str, name: str, index: int, seconds: float, seed: int):
    """The composition of one track of a split."""
    if split == "factors":
        factors = genres.draw_factors(index, seed)
    else:
        factors = genres.draw_genre(name, index, seed)
    return composition.compose(f"{name}.{index:05d}", factors, seed, seconds)


def replace(path: Path, content: bytes) -> int:
    """Write a file in one step, so that nobody sees half of it; its checksum."""
    with whole_file(path) as half:
        half.write_bytes(content)
    return zlib.crc32(content)


def checksum(path: Path) -> int | None:
    """CRC-32 of a file; None where there is none."""
    return zlib.crc32(path.read_bytes()) if path.is_file() else None


def intact(folder: Path, made: dict | None) -> bool:
    """Whether the files of one track are those that the record names."""
    return made is not None and all(checksum(folder / p) == crc for p, crc in made["files"].items())


def make(folder: Path, split: str, track: tuple, seconds: float, made: dict | None):
    """Write one track unless it is there; its row of the table and its entry of the record."""
    import soundfile

    name, index, track_id = track
    composed = compose(split, name, index, seconds, SEED)
    audio = f"audio/{name}/{track_id}.flac" if split == "genres" else f"audio/{track_id}.flac"
    lyrics = f"lyrics/{track_id}.txt"
    if not intact(folder, made):
        samples = sound.pcm(composed)
        flac = io.BytesIO()
        soundfile.write(flac, samples, sound.RATE, format="FLAC", subtype="PCM_16")
        made = {
            "pcm": hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest()[:16],
            "files": {audio: replace(folder / audio, flac.getvalue())},
        }
        if composed.filed:
            made["files"][lyrics] = replace(folder / lyrics, composed.filed.encode())
        else:
            (folder / lyrics).unlink(missing_ok=True)
    row = {"track_id": track_id, "path": audio, "duration": seconds} | composed.factors
    if split == "factors":
        row = {name: row[name] for name in ("track_id", "path", "duration", *genres.FACTORS)}
    return track_id, row, made


def table(rows: list[dict]) -> bytes:
    """Rows as csv."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read_record(folder: Path) -> dict:
    """The record of a folder; an empty one where there is none that can be read."""
    try:
        return json.loads((folder / "corpus.json").read_text())
    except (OSError, ValueError):
        return {"recipe": None, "table": None, "tracks": {}}


def write_record(folder: Path, recipe: dict, tracks: dict, table_crc: int | None) -> None:
    """Write `corpus.json`; the checksum of the table is None until the corpus is whole."""
    total = hashlib.sha256("".join(tracks[t]["pcm"] for t in sorted(tracks)).encode())
    record = {"recipe": recipe, "pcm": total.hexdigest()[:16], "table": table_crc, "tracks": tracks}
    replace(folder / "corpus.json", json.dumps(record, indent=1).encode())


def whole(folder: Path, recipe: dict, ids: list[str]) -> bool:
    """Whether the folder holds just this corpus, undamaged."""
    record = read_record(folder)
    return (
        record["recipe"] == recipe
        and sorted(record["tracks"]) == sorted(ids)
        and record["table"] is not None
        and checksum(folder / "tracks.csv") == record["table"]
        and all(intact(folder, made) for made in record["tracks"].values())
    )


def write(folder: Path, split: str, count: int, seconds: float, jobs: int | None) -> Path:
    """Bring a folder to hold a split; see `lib.corpora.demo.write_corpus`."""
    from filelock import FileLock
    from joblib import Parallel, cpu_count, delayed
    from tqdm import tqdm

    if count < 1 or not 1 <= seconds <= 60 or (jobs is not None and jobs < 1):
        raise UserError(
            f"demo corpus of {count} tracks of {seconds} s by {jobs} workers:"
            " ask for 1 track or more of 1 to 60 s each, and 1 worker or more"
        )
    seconds = float(seconds)
    names = genres.GENRES if split == "genres" else ("factors",)
    tracks = [(name, i, f"{name}.{i:05d}") for name in names for i in range(count)]
    ids = [track_id for _, _, track_id in tracks]
    recipe = {"version": VERSION, "split": split, "seconds": seconds, "seed": SEED}
    if whole(folder, recipe, ids):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        if whole(folder, recipe, ids):  # another process was quicker
            return folder
        record = read_record(folder)
        for track_id in set(record["tracks"]) - set(ids):
            for path in record["tracks"][track_id]["files"]:
                (folder / path).unlink(missing_ok=True)
        known = record["tracks"] if record["recipe"] == recipe else {}
        done, rows = {t: known[t] for t in ids if t in known}, {}
        write_record(folder, recipe, done, None)
        work = Parallel(n_jobs=jobs or min(cpu_count(), 8), return_as="generator_unordered")(
            delayed(make)(folder, split, track, seconds, known.get(track[2])) for track in tracks
        )
        bar = tqdm(work, f"demo {split}", len(tracks), leave=False, mininterval=1)
        for k, (track_id, row, made) in enumerate(bar, 1):
            rows[track_id], done[track_id] = row, made
            if k % RENEW == 0:
                write_record(folder, recipe, done, None)
        crc = replace(folder / "tracks.csv", table([rows[t] for t in ids]))
        write_record(folder, recipe, {t: done[t] for t in ids}, crc)
    return folder
