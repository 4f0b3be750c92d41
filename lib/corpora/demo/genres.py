"""Genres of the demo corpus: the factors that a track is drawn from.

Ten caricatures, described in `genres.toml`. Each factor of a track is drawn from the row of its
genre or, now and then, of a neighbouring genre, so that genres overlap as they do in life. All
draws go through `random.Random.random`, whose stream Python guarantees.
"""

import hashlib
import random
import tomllib
from pathlib import Path

from lib.corpora.demo import words

TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
GENRES = tuple(TABLE)
GRADES = ("density", "brightness", "drive", "reverb", "level", "dynamics", "patch", "kit")
OVERLAP = 0.07  # how often, on average, a factor is borrowed from a neighbour

FACTORS = {
    "tempo": (70, 95, 125, 165),
    "family": ("keys", "plucked", "bowed", "wind", "synth"),
    "rhythm": ("none", "straight", "four_floor", "ride", "kaharwa"),
    "brightness": (0.0, 0.33, 0.67, 1.0),
    "register": (-1, 0, 1),
    "vocal": ("none", "sung"),
    "tonic": TONICS,
    "mode": ("major", "minor"),
}
# What the factors split holds still.
FIXED = dict(
    genre="factors", meter=4, swing=0.0, progression="I-IV-V-IV", comp="block", bass="root",
    lead="none", voice="high", density=0.5, drive=0.1, reverb=0.2, level=-18.0, dynamics=0.0,
    patch=0.3, kit=0.5, lofi=0.0, tape=10.0, language="en", theme="love",
    drums_db=-4.0, bass_db=-4.0, comp_db=0.0, voice_db=0.0,
    eq_low=0.0, eq_mid=0.0, eq_presence=0.0, eq_air=0.0,
)  # fmt: skip


class Rng:
    """Draws that are the same on every machine: a key, hashed, seeds Python's own generator."""

    def __init__(self, *key):
        """Seed with a key of any printable things."""
        digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
        self.random = random.Random(int.from_bytes(digest[:8], "big")).random

    def between(self, low: float, high: float) -> float:
        """A uniform draw."""
        return low + (high - low) * self.random()

    def around(self, low: float, high: float) -> float:
        """A triangular draw, rounded so that no later digit can hang on the machine."""
        return round(low + (high - low) * (self.random() + self.random()) / 2, 3)

    def chance(self, probability: float) -> bool:
        """True with a probability."""
        return self.random() < probability

    def choice(self, options):
        """One of a sequence."""
        return options[int(self.random() * len(options))]

    def pick(self, weights: dict[str, float]) -> str:
        """One of the keys, by weight."""
        left = self.random() * sum(weights.values())
        for option in weights:
            left -= weights[option]
            if left < 0:
                return option
        return option


def draw_genre(genre: str, index: int, seed: int) -> dict:
    """The factors of track `index` of a genre."""
    rng = Rng(seed, genre, index, "factors")
    borrowing = 2 * OVERLAP * rng.random()

    def row() -> dict:
        return TABLE[rng.choice(TABLE[genre]["neighbours"]) if rng.chance(borrowing) else genre]

    f = {"genre": genre}
    f["tempo"] = rng.around(*row()["tempo"])
    f["rhythm"] = rng.pick(row()["rhythm"])
    f["meter"] = 3 if f["rhythm"] == "dadra" or (f["rhythm"] == "none" and rng.chance(0.3)) else 4
    f["mode"] = rng.pick(row()["mode"])
    f["tonic"] = rng.choice(TONICS)
    f["swing"] = rng.around(*row()["swing"])
    for name in ("progression", "family", "comp", "bass", "lead"):
        f[name] = rng.pick(row()[name])
    f["register"] = int(rng.pick(row()["register"]))
    f["vocal"] = rng.pick(row()["vocal"]) if rng.chance(row()["singing"]) else "none"
    f["voice"] = rng.pick(row()["voice"])
    for name in GRADES:
        f[name] = rng.around(*row()[name])
    for name in ("drums_db", "bass_db", "comp_db", "voice_db"):
        f[name] = round(row()[name] + rng.around(-4, 4), 3)
    f["lead_db"] = round(f["voice_db"] + rng.around(-6, 2), 3)
    # Nuisance: the desk and the tape say nothing of the genre.
    for name in ("eq_low", "eq_mid", "eq_presence", "eq_air"):
        f[name] = rng.around(-4, 4)
    f["tape"] = rng.around(7, 11.5)
    f["lofi"] = round(max(0.0, rng.between(-3, 1)), 3)
    bangla = row()["bangla"]
    if f["vocal"] == "none":
        f["language"] = f["theme"] = "none"
    else:
        f["language"] = "mixed" if rng.chance(0.1) else "bn" if rng.chance(bangla) else "en"
        leaning = words.LEANINGS[genre]
        f["theme"] = rng.choice(leaning) if rng.chance(0.75) else rng.choice(words.THEMES)
    return f


def draw_factors(index: int, seed: int) -> dict:
    """The factors of clip `index` of the factors split: uniform, independent, all else fixed."""
    rng = Rng(seed, "factors", index)
    return FIXED | {name: rng.choice(levels) for name, levels in FACTORS.items()}
