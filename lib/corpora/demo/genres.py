"""Genres of the demo corpus: the factors that a track is drawn from.

Ten caricatures. Each factor of a track is drawn from its genre's row of `TABLE` or, now and then,
from the row of a neighbouring genre, so that genres overlap as they do in life. All draws go
through `random.Random.random`, whose stream Python guarantees.
"""

import hashlib
import random

from lib.corpora.demo import words

TONICS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def _row(text: str) -> dict:
    """A row of the table: `name lo hi` is a range, `name a:3 b` are options with their weights."""
    row = {}
    for entry in text.split(";"):
        name, *values = entry.split()
        try:
            row[name] = tuple(float(v) for v in values)
        except ValueError:
            row[name] = {v.partition(":")[0]: float(v.partition(":")[2] or 1) for v in values}
    return row


# Levels, gains and dynamics in dB; density, brightness, drive, reverb, patch (dull to bright
# instruments of a family) and kit (tight to roomy drums) from 0 to 1.
TABLE = {
    "baul": _row(
        "tempo 78 132; swing 0 .45; mode mixolydian:3 dorian:2 major:2; "
        "rhythm kaharwa:6 dadra:4 none; family plucked:6 wind:2 bowed; comp strum:3 arp:4; "
        "bass drone:5 root; lead plucked:2 wind:3 bowed; progression I:5 I-bVII-IV:3 I-IV-I-V; "
        "singing .93; vocal sung; bangla .85; voice low:3 high:2; register -1:1 0:3 1:3; "
        "density .35 .85; brightness .2 .7; drive 0 .2; reverb .05 .5; level -27 -10; "
        "dynamics 0 10; drums_db -4; bass_db -8; comp_db -3; voice_db 0; patch .55 1; "
        "kit .4 1"
    ),
    "blues": _row(
        "tempo 66 126; swing .6 1; mode mixolydian; rhythm shuffle:7 straight:2 none; "
        "family keys:4 dist:4 plucked:3; comp strum:3 stab:4 block; bass walking:4 root:3; "
        "lead dist:4 wind:3; progression blues:9 I-IV-I-V; singing .85; vocal sung; "
        "bangla .35; voice low:3 high:1; register -1:2 0:4 1:1; density .25 .75; "
        "brightness 0 .5; drive .15 .7; reverb .05 .45; level -26 -9.5; dynamics 0 12; "
        "drums_db -5; bass_db -3; comp_db -3; voice_db 0; patch .1 .7; kit .2 .8"
    ),
    "classical": _row(
        "tempo 60 144; swing 0 0; mode major:3 minor:3; rhythm none; "
        "family bowed:5 keys:5 wind; comp arp:4 block:2 pad:4; bass root:3 none:2; "
        "lead bowed:4 wind:3 keys:2; progression circle:4 I-IV-V-IV:3 I-vi-ii-V:2; singing .3; "
        "vocal sung; bangla .3; voice low high:3; register -1:2 0:3 1:2; density .2 .9; "
        "brightness 0 .5; drive 0 .03; reverb .3 1; level -46 -14; dynamics 4 30; drums_db -9; "
        "bass_db -5; comp_db -1; voice_db 0; patch 0 .6; kit .2 .8"
    ),
    "country": _row(
        "tempo 82 150; swing 0 .5; mode major:8 mixolydian; rhythm train:6 straight:4 none; "
        "family plucked:8 keys bowed; comp strum:6 arp:3; bass root:7 walking; "
        "lead plucked:4 bowed:4; progression I-IV-V-IV:4 I-IV-I-V:4 I-V-vi-IV:2; singing .9; "
        "vocal sung; bangla .35; voice low:3 high:2; register -1:1 0:4 1:2; density .3 .8; "
        "brightness .15 .8; drive 0 .25; reverb .05 .4; level -27 -9.5; dynamics 0 10; "
        "drums_db -6; bass_db -3; comp_db -2; voice_db 0; patch .4 1; kit .1 .7"
    ),
    "disco": _row(
        "tempo 106 134; swing 0 .15; mode minor:5 dorian:4 major; "
        "rhythm four_floor:9 straight; family synth:5 bowed:3 keys:3; comp stab:5 pad:4 block; "
        "bass octave:7 eighths:2; lead synth:3 bowed:3 wind; "
        "progression i-VI-III-VII:5 i-iv:4 I-vi-ii-V; singing .75; vocal sung; bangla .4; "
        "voice low:2 high:4; register -1:1 0:4 1:3; density .5 1; brightness .25 .8; "
        "drive .1 .45; reverb .05 .45; level -25 -10; dynamics 0 6; drums_db 0; bass_db -2; "
        "comp_db -4; voice_db -1; patch .3 1; kit 0 .5"
    ),
    "hiphop": _row(
        "tempo 72 112; swing .05 .6; mode minor:6 dorian:3; rhythm boombap:9 straight; "
        "family keys:4 synth:4 plucked:1; comp block:4 arp:3 stab:2; bass sub:8 riff; "
        "lead synth:3 keys:2; progression i-iv:5 I:4 i-VI-III-VII:2; singing .95; "
        "vocal rap:9 sung; bangla .4; voice low:4 high:2; register -1:3 0:3 1:1; "
        "density .2 .7; brightness .35 .95; drive .15 .6; reverb 0 .25; level -23.5 -7; "
        "dynamics 0 6; drums_db 1; bass_db -1; comp_db -8; voice_db 1; patch 0 .6; kit .5 1"
    ),
    "jazz": _row(
        "tempo 84 180; swing .5 1; mode major:4 dorian:4; rhythm ride:8 none:2; "
        "family keys:6 plucked:4; comp stab:5 block:3; bass walking:9 root; "
        "lead wind:7 keys:2 plucked; progression ii-V-I:5 I-vi-ii-V:4 circle; singing .45; "
        "vocal sung; bangla .25; voice low:1 high:2; register -1:2 0:4 1:2; density .3 .95; "
        "brightness 0 .6; drive 0 .2; reverb .1 .6; level -33.5 -11; dynamics 0 16; "
        "drums_db -9; bass_db -3; comp_db -3; voice_db 0; patch 0 .7; kit .3 .8"
    ),
    "metal": _row(
        "tempo 104 190; swing 0 0; mode minor:4 phrygian:5; rhythm double_kick:7 straight:3; "
        "family dist; comp chug:8 strum:2; bass eighths:9 root; lead dist:8 synth; "
        "progression i-II:5 i-VI-III-VII:4 I:2; singing .8; vocal growl:6 sung:3; bangla .3; "
        "voice low:5 high; register -1:5 0:3; density .6 1; brightness .2 .7; drive .5 1; "
        "reverb 0 .3; level -26.5 -7.5; dynamics 0 8; drums_db -2; bass_db -5; comp_db 0; "
        "voice_db -1; patch .3 1; kit 0 .5"
    ),
    "reggae": _row(
        "tempo 64 100; swing .1 .6; mode major:5 minor:4; rhythm onedrop:6 steppers:4; "
        "family keys:5 plucked:5; comp skank; bass riff:8 root; lead wind:3 keys:3 plucked; "
        "progression I-IV-I-V:4 i-iv:4 I-V-vi-IV:2; singing .85; vocal sung:8 rap; bangla .3; "
        "voice low:3 high:2; register -1:1 0:4 1:2; density .2 .7; brightness .2 .95; "
        "drive .05 .4; reverb .1 .7; level -27.5 -10; dynamics 0 8; drums_db -1; bass_db 1; "
        "comp_db -4; voice_db -1; patch .4 1; kit .2 .8"
    ),
    "rock": _row(
        "tempo 92 160; swing 0 .2; mode major:4 mixolydian:3 minor:3; "
        "rhythm straight:9 double_kick; family dist:8 plucked:2; comp strum:6 chug:3; "
        "bass eighths:7 root:2; lead dist:6 plucked keys; "
        "progression I-V-vi-IV:5 I-bVII-IV:5 I-IV-V-IV:2; singing .88; vocal sung:9 growl; "
        "bangla .45; voice low:4 high:2; register -1:2 0:4 1; density .4 .9; "
        "brightness .25 .8; drive .25 .75; reverb .05 .4; level -26.5 -10; dynamics 0 10; "
        "drums_db -2; bass_db -4; comp_db -1; voice_db -1; patch 0 .7; kit .4 1"
    ),
}
GENRES = tuple(TABLE)
NEIGHBOURS = {
    "baul": ("country", "classical", "reggae"), "blues": ("jazz", "rock", "country"),
    "classical": ("jazz", "baul"), "country": ("rock", "blues", "baul"),
    "disco": ("hiphop", "reggae", "rock"), "hiphop": ("disco", "reggae"),
    "jazz": ("blues", "classical"), "metal": ("rock",),
    "reggae": ("hiphop", "disco", "baul"), "rock": ("metal", "country", "blues"),
}  # fmt: skip
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
        return TABLE[rng.choice(NEIGHBOURS[genre]) if rng.chance(borrowing) else genre]

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
    f["vocal"] = rng.pick(row()["vocal"]) if rng.chance(row()["singing"][0]) else "none"
    f["voice"] = rng.pick(row()["voice"])
    for name in GRADES:
        f[name] = rng.around(*row()[name])
    for name in ("drums_db", "bass_db", "comp_db", "voice_db"):
        f[name] = round(row()[name][0] + rng.around(-4, 4), 3)
    f["lead_db"] = round(f["voice_db"] + rng.around(-6, 2), 3)
    # Nuisance: the desk and the tape say nothing of the genre.
    for name in ("eq_low", "eq_mid", "eq_presence", "eq_air"):
        f[name] = rng.around(-4, 4)
    f["tape"] = rng.around(7, 11.5)
    f["lofi"] = round(max(0.0, rng.between(-3, 1)), 3)
    bangla = row()["bangla"][0]
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
