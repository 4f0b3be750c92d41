"""Compositions of the demo corpus: the notes that a track plays.

A composition is laid out in beats, warped by its swing and set to its tempo. Each part (drums,
bass, comp, lead, voice) reads the factors of the track and has a stream of draws of its own.
"""

import math
from dataclasses import dataclass, field

from lib.corpora.demo import genres, words
from lib.corpora.demo.genres import Rng

MODES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}
# One chord a bar, as steps of the scale.
PROGRESSIONS = {
    "I": (0, 0, 0, 0), "I-bVII-IV": (0, 6, 3, 0), "blues": (0, 3, 0, 0, 3, 3, 0, 0, 4, 3, 0, 4),
    "circle": (0, 3, 6, 2, 5, 1, 4, 0), "I-IV-V-IV": (0, 3, 4, 3), "I-IV-I-V": (0, 3, 0, 4),
    "I-V-vi-IV": (0, 4, 5, 3), "i-VI-III-VII": (0, 5, 2, 6), "i-iv": (0, 0, 3, 3),
    "i-II": (0, 1, 0, 1), "ii-V-I": (1, 4, 0, 0), "I-vi-ii-V": (0, 5, 1, 4),
}  # fmt: skip
# Drums, by General MIDI key; a bar in sixteenths: X loud, x plain, o soft.
KICK, RIM, SNARE, CLAP, TOM, HAT, OPEN, CRASH, RIDE = 36, 37, 38, 39, 45, 42, 46, 49, 51
TREBLE, BASS_HEAD, CYMBALS = 60, 61, 81
RHYTHMS = {
    "none": {},
    "straight": {KICK: "X.......X.x.....", SNARE: "....X.......X...", HAT: "x.o.x.o.x.o.x.o."},
    "shuffle": {KICK: "X.......X.....o.", SNARE: "....X.......X...", RIDE: "x...x.o.x...x.o."},
    "train": {KICK: "X...x...X...x...", SNARE: "o.o.X.ooo.o.X.oo", HAT: "..x...x...x...x."},
    "four_floor": {KICK: "X...X...X...X...", CLAP: "....X.......X...",
                   HAT: "x.o.x.o.x.o.x.oo", OPEN: "..X...X...X...X."},
    "boombap": {KICK: "X.....x..xX.....", SNARE: "....X.......X..o", HAT: "x.x.x.xox.x.xox."},
    "ride": {KICK: "o...o...o...o...", HAT: "....x.......x...",
             RIDE: "X...x.x.X...x.x.", SNARE: "......o....o...."},
    "double_kick": {KICK: "XxxxXxxxXxxxXxxx", SNARE: "....X.......X...", CRASH: "X...x...x...x..."},
    "onedrop": {KICK: "........X.......", RIM: "........X.....o.", HAT: "x.x.x.x.x.x.x.o."},
    "steppers": {KICK: "X...X...X...X...", RIM: "....X.......X...", HAT: "..x...x...x...x."},
    "kaharwa": {BASS_HEAD: "X.....x.X.......", TREBLE: "..X.x...o.x.X.o.",
                CYMBALS: "x...x...x...x..."},
    "dadra": {BASS_HEAD: "X.........x.", TREBLE: "..o.X...x...", CYMBALS: "x...x...x..."},
}  # fmt: skip
LOUDNESS = {"X": 1.0, "x": 0.7, "o": 0.4}

PARTS = ("drums", "bass", "comp", "lead", "voice")


@dataclass(frozen=True)
class Note:
    """A note, in seconds; the pitch of a drum is its General MIDI key."""

    part: str
    start: float
    duration: float
    pitch: int
    velocity: float  # 0 to 1
    vowel: str = ""  # that is sung


@dataclass(frozen=True)
class Composition:
    """All that makes a track: its factors, its notes and its words.

    `lyrics` is the whole song, `filed` what of it the corpus holds.
    """

    track_id: str
    seconds: float
    seed: int
    factors: dict = field(repr=False)
    events: tuple[Note, ...] = field(repr=False)
    lyrics: str = field(repr=False, default="")
    filed: str = field(repr=False, default="")

    def notes(self):
        """Tabulate the notes: part, start and duration (s), MIDI pitch, velocity in 0-1."""
        import pandas as pd

        columns = ["part", "start", "duration", "pitch", "velocity"]
        rows = [[getattr(note, c) for c in columns] for note in self.events]
        table = pd.DataFrame(rows, columns=columns)
        return table.sort_values(["start", "part", "pitch"], ignore_index=True)


class Sheet:
    """The sheet that the parts are written on: beats, swing, chords, and the notes so far."""

    def __init__(self, factors: dict, seconds: float, rng: Rng):
        """Lay out the bars of a track."""
        self.f, self.seconds, self.notes = factors, seconds, []
        self.free = factors["genre"] in genres.GENRES  # the factors split holds the players still
        self.beat = 60 / factors["tempo"]
        self.meter = factors["meter"]
        self.bars = math.ceil(seconds / (self.beat * self.meter))
        self.scale = MODES[factors["mode"]]
        self.tonic = genres.TONICS.index(factors["tonic"])
        steps = PROGRESSIONS[factors["progression"]]
        first = rng.choice(range(len(steps))) if self.free else 0
        self.rests = self.arrange(rng) if self.free else {}
        self.steps = [steps[(first + bar) % len(steps)] for bar in range(self.bars)]

    def arrange(self, rng: Rng) -> dict[str, tuple[float, float]]:
        """Beats over which a part rests; in a break, a beat or two, all parts but one."""
        beats = self.bars * self.meter
        rests = {}
        for part in ("drums", "bass", "comp"):
            if rng.chance(0.25):
                start = rng.choice(range(0, beats, 2))
                rests[part] = (start, start + rng.choice((2, 4, 8)))
        if rng.chance(0.2):
            alone = rng.choice(("comp", "comp" if self.f["rhythm"] == "none" else "drums"))
            stop = rng.choice(range(2, beats + 1, 2))
            start = stop - rng.choice((1, 2))
            rests |= {part: (start, stop) for part in PARTS if part != alone}
        return rests

    def degree(self, step: int) -> int:
        """A step of the scale as semitones above the tonic; steps run on over octaves."""
        return self.scale[step % 7] + 12 * (step // 7)

    def chord(self, bar: int) -> tuple[int, ...]:
        """Pitch classes of a bar's chord, the root first."""
        step = self.steps[bar]
        root = self.tonic + self.degree(step)
        if self.f["progression"] == "blues":  # dominant sevenths throughout
            tones = (0, 4, 7, 10)
        else:
            size = 4 if self.f["progression"] in ("ii-V-I", "I-vi-ii-V") else 3
            tones = [self.degree(step + 2 * k) - self.degree(step) for k in range(size)]
        return tuple((root + tone) % 12 for tone in tones)

    def time(self, beat: float) -> float:
        """Seconds at which a beat falls; swing delays its second half, up to a triplet."""
        whole, part = divmod(beat, 1.0)
        half = 0.5 + self.f["swing"] / 6
        part = part * half / 0.5 if part < 0.5 else half + (part - 0.5) * (1 - half) / 0.5
        return (whole + part) * self.beat

    def write(self, part, beat, length, pitch, velocity, vowel="", late=0.0) -> None:
        """Add a note that starts at a beat and lasts some beats."""
        rest, play = self.rests.get(part, (0, 0))
        if rest <= beat < play:
            return
        start = round(self.time(beat) + late, 4)
        stop = min(round(self.time(beat + length), 4), self.seconds)
        if start < self.seconds - 0.02 and stop > start:
            velocity = round(min(max(velocity, 0.05), 1.0), 3)
            self.notes.append(Note(part, start, round(stop - start, 4), pitch, velocity, vowel))


def near(pitch_class: int, centre: int) -> int:
    """The pitch of a class that lies nearest a centre (from 6 below to 5 above)."""
    return centre - 6 + (pitch_class - centre + 6) % 12


def drums(sheet: Sheet, rng: Rng) -> None:
    """The rhythm, bar after bar, with a few ghosts and a fill before each fourth bar."""
    steps, rhythm = sheet.meter * 4, RHYTHMS[sheet.f["rhythm"]]
    for bar in range(sheet.bars):
        fill = sheet.free and bar % 4 == 3 and SNARE in rhythm and rng.chance(0.6)
        for key, pattern in rhythm.items():
            for step in range(steps):
                mark = pattern[step % len(pattern)]
                if mark == "." or (fill and step >= steps - 4 and key != KICK):
                    continue
                if mark == "o" and sheet.free and not rng.chance(sheet.f["density"] + 0.2):
                    continue
                velocity = LOUDNESS[mark] * (rng.between(0.85, 1.0) if sheet.free else 1.0)
                late = rng.between(0, 0.012) if sheet.free else 0.0
                sheet.write("drums", bar * sheet.meter + step / 4, 0.25, key, velocity, late=late)
        if fill:
            for step in range(steps - 4, steps):
                key = rng.choice((SNARE, SNARE, TOM))
                sheet.write("drums", bar * sheet.meter + step / 4, 0.25, key, rng.between(0.5, 1))


def bass(sheet: Sheet, rng: Rng) -> None:
    """The bass line, in one of eight styles."""
    style, beats = sheet.f["bass"], sheet.meter
    syncopated = [rng.choice((0, 0.75, 1.5, 2.5, 2.75, 3.25)) for _ in range(3)]
    for bar in range(sheet.bars if style != "none" else 0):
        chord = sheet.chord(bar)
        root, fifth = near(chord[0], 37), near(chord[2], 40)
        after = near(sheet.chord((bar + 1) % sheet.bars)[0], 37)
        line = []  # beat, length, pitch
        if style == "drone":
            tonic = near(sheet.tonic, 37)
            line = [(0, beats, tonic), (beats / 2, beats / 2, tonic + 7)]
        elif style == "root":
            line = [(0, 1.8, root), (2, beats - 2.1, fifth)]
        elif style == "walking":
            tones = [near(tone, 40) for tone in chord]
            line = [(b, 0.9, root if b == 0 else rng.choice(tones)) for b in range(beats - 1)]
            line.append((beats - 1, 0.9, after + rng.choice((-1, 1, 2))))
        elif style == "octave":
            line = [(b / 2, 0.4, root + 12 * (b % 2)) for b in range(2 * beats)]
        elif style == "eighths":
            line = [(b / 2, 0.45, root) for b in range(2 * beats)]
        elif style == "sub":
            line = [(0, 1.6, root - 5), (2.5, 1.2, root - 5)]
        elif style == "riff":
            beats_on = enumerate(sorted(set(syncopated)), 1)
            line = [(0, 0.5, root), *((b, 0.45, near(chord[k % 3], 38)) for k, b in beats_on)]
        for beat, length, pitch in line:
            if beat < beats:
                sheet.write("bass", bar * beats + beat, length, pitch, rng.between(0.75, 1.0))


def comp(sheet: Sheet, rng: Rng) -> None:
    """The chords, in one of seven styles."""
    style, beats, density = sheet.f["comp"], sheet.meter, sheet.f["density"]
    centre = 60 + 12 * sheet.f["register"]
    if sheet.f["family"] == "dist":
        centre = 47 + 5 * sheet.f["register"]
    offbeats = [b / 2 for b in range(1, 2 * beats) if rng.chance(0.25 + density / 2)] or [1.5]
    gallop = [b / 4 for b in range(4 * beats) if b % 2 == 0 or rng.chance(density - 0.3)]
    for bar in range(sheet.bars):
        chord = sheet.chord(bar)
        tones = sorted(near(tone, centre) for tone in chord)
        if sheet.f["family"] == "dist":  # a power chord, since thirds turn to mud
            root = near(chord[0], centre - 4)
            tones = [root, root + 7, root + 12]
        hits = []  # beat, length
        if style == "strum":
            hits = [(b, 0.9) for b in range(beats)] + [(b, 0.4) for b in offbeats if b % 1]
        elif style in ("block", "pad"):
            once = style == "pad" or density < 0.4
            hits = [(0, beats * 0.98)] if once else [(0, 1.9), (2, beats - 2.1)]
        elif style == "stab":
            hits = [(b, 0.3) for b in offbeats]
        elif style == "skank":
            hits = [(b + 0.5, 0.25) for b in range(beats)]
        elif style == "chug":
            hits = [(b, 0.22) for b in gallop]
        elif style == "arp":
            rate = 0.25 if density > 0.6 and sheet.f["tempo"] < 110 else 0.5
            order = [*tones, tones[0] + 12, *tones[:0:-1]]
            for k in range(int(beats / rate)):
                pitch = order[k % len(order)]
                velocity = rng.between(0.55, 0.75) + 0.25 * (k * rate % 2 == 0)
                sheet.write("comp", bar * beats + k * rate, 2 * rate, pitch, velocity)
        for beat, length in hits:
            loud = rng.between(0.6, 0.8) + 0.2 * (beat % 2 == 0)
            voices = tones
            if style == "strum" and beat % 1:  # upstrokes miss the low string
                voices = tones[1:]
            elif style == "chug" and beat % beats:
                voices = tones[:2]
            for k, pitch in enumerate(voices):
                late = 0.012 * k if style == "strum" else 0.0
                sheet.write("comp", bar * beats + beat, length, pitch, loud, late=late)


def tune(sheet: Sheet, rng: Rng, centre: int, grid: float, density: float, chant: bool) -> list:
    """A melody, as (beat, length, pitch): two motifs in the form AABA, and a breath at its end."""
    beats = sheet.meter

    def motif() -> list[float]:
        slots = [k * grid for k in range(int(beats / grid))]

        def weight(b: float) -> float:
            return 1.0 if b == 0 else 0.8 if b % 1 == 0 else 0.5 if b % 0.5 == 0 else 0.35

        return [b for b in slots if rng.chance(weight(b) * (0.4 + 0.8 * density))] or [0.0]

    a, b = motif(), motif()
    step, found = rng.choice((0, 2, 4)), []
    for bar in range(sheet.bars):
        onsets = b if bar % 4 == 2 else a
        if bar % 4 == 3:
            onsets = [o for o in onsets if o <= beats / 2] or [0.0]
        chord = sheet.chord(bar)
        for k, onset in enumerate(onsets):
            step += rng.choice((-1, 0, 0, 1)) if chant else rng.choice((-2, -1, -1, 0, 1, 1, 2))
            step = min(max(step, -4), 2 if chant else 6)
            pitch = near(sheet.tonic, centre) + sheet.degree(step)
            if onset % 2 == 0 and not chant:
                pitch = min((near(tone, pitch) for tone in chord), key=lambda p: abs(p - pitch))
            until = onsets[k + 1] if k + 1 < len(onsets) else min(onset + 2, beats)
            found.append((bar * beats + onset, 0.95 * (until - onset), pitch))
    return found


def voice(sheet: Sheet, rng: Rng, text: str) -> None:
    """The singer, who sings the vowels of the words."""
    style = sheet.f["vocal"]
    centre = {"low": 50, "high": 62}[sheet.f["voice"]]
    chant = style != "sung"
    grid, density = 0.5, sheet.f["density"]
    if style == "rap":
        grid, density = 0.25, density + 0.4
    vowels = words.vowels(text) or ["a"]
    melody = tune(sheet, rng, centre - 4 * chant, grid, density, chant)
    for k, (beat, length, pitch) in enumerate(melody):
        sheet.write("voice", beat, length, pitch, rng.between(0.7, 1), vowels[k % len(vowels)])


def lead(sheet: Sheet, rng: Rng) -> None:
    """The soloist: the tune where nobody sings, else answers in the pauses of the singer."""
    if sheet.f["lead"] == "none":
        return
    centre = 72 + 6 * sheet.f["register"]
    for beat, length, pitch in tune(sheet, rng, centre, 0.5, sheet.f["density"], False):
        answers = beat % (4 * sheet.meter) >= 3.5 * sheet.meter
        if sheet.f["vocal"] == "none" or answers:
            sheet.write("lead", beat, length, pitch, rng.between(0.6, 1))


def compose(track_id: str, factors: dict, seed: int, seconds: float) -> Composition:
    """The composition of a track, given its factors."""
    genre = factors["genre"]
    # All clips of the factors split play the same notes, but for what the factors say.
    key = (seed, track_id) if genre in genres.GENRES else (0, "factors")
    sheet = Sheet(factors, seconds, Rng(*key, "chords"))
    lyrics, filed, status = "", "", "instrumental"
    if factors["vocal"] != "none":
        rng = Rng(*key, "words")
        lyrics = words.song(rng, factors["language"], factors["theme"], genre)
        filed, status = words.filed(rng, lyrics) if genre in genres.GENRES else ("", "missing")
        voice(sheet, Rng(*key, "voice"), lyrics)
    for part in (drums, bass, comp, lead):
        part(sheet, Rng(*key, part.__name__))
    notes = tuple(sorted(sheet.notes, key=lambda n: (PARTS.index(n.part), n.start, n.pitch)))
    rng = Rng(*key, "title")
    factors = factors | {"lyrics_status": status}
    factors |= words.names(rng, factors["language"], factors["theme"])
    return Composition(track_id, seconds, seed, factors, notes, lyrics, filed)
