"""Sound of the demo corpus: plays a composition, mixes its parts and masters the mix.

Notes are read from wavetables by an integer phase. One FFT of the whole mix applies room, desk and
tape. All is computed in float64 and rounded once, to int16, so that the last bits, in which the
vector units of processors differ, are lost in the rounding.
"""

from functools import lru_cache

import numpy as np

from lib.corpora.demo import instruments
from lib.corpora.demo.composition import PARTS, Composition, Note
from lib.corpora.demo.genres import GENRES, Rng
from lib.corpora.demo.instruments import BITS, RATE, Patch, soft

TURN = 32  # bits of a whole turn of the phase


def noise(seed: int, n: int) -> np.ndarray:
    """White noise in (-1, 1) from the generator whose stream NumPy has frozen."""
    return 2.0 * np.random.RandomState(seed).random_sample(n) - 1.0


def pace(pitch: float) -> int:
    """How far the phase goes in one sample."""
    return round(440.0 * 2.0 ** ((pitch - 69) / 12) / RATE * 2**TURN)


def ramped(x: np.ndarray, attack: float, release: float) -> np.ndarray:
    """Let a note begin and end without a click, in place; ramps in seconds."""
    rise, fall = min(int(attack * RATE), len(x)), min(int(release * RATE), len(x))
    x[:rise] *= np.arange(rise) / rise
    x[len(x) - fall :] *= np.arange(fall, 0, -1) / fall
    return x


@lru_cache(maxsize=24)
def fade(seconds: float, n: int) -> np.ndarray:
    """An exponential decay over n samples."""
    return np.exp(np.arange(n) / (-seconds * RATE))


@lru_cache(maxsize=2)
def sway(n: int) -> np.ndarray:
    """A vibrato of a semitone, as a shift in time in 1/65536 samples: phases stay whole numbers."""
    t = np.arange(n)
    depth = np.sin(2 * np.pi * 5.3 * t / RATE) * np.minimum(t / (0.4 * RATE), 1.0)
    return np.rint(np.cumsum(depth) * (2 ** (1 / 12) - 1) * 65536).astype(np.int64)


class Player:
    """Plays the parts of a composition; keeps the notes it has made, since music repeats itself."""

    def __init__(self, composed: Composition):
        """Prepare the noise and an empty cache."""
        self.events, self.f = composed.events, composed.factors
        self.n = round(composed.seconds * RATE)
        key = (composed.seed, composed.track_id) if self.f["genre"] in GENRES else (0, "factors")
        self.rng = Rng(*key, "sound")
        self.hiss = noise(int(self.rng.random() * 2**32), self.n)
        self.t = np.arange(self.n, dtype=np.int64)
        self.cache: dict = {}

    def phase(self, pitch: float, n: int, vibrato: float = 0.0, start: float = 0.0) -> np.ndarray:
        """Addresses in a wavetable over n samples; the pitch glides in from `start` semitones."""
        t, step = self.t[:n], pace(pitch)
        phase = step * t
        if vibrato:
            phase += (step >> 16) * (round(vibrato * 256) * sway(self.n)[:n] >> 8)
        if start:
            glide = min(int(0.07 * RATE), n)
            t = np.minimum(t, glide)
            phase += (pace(pitch + start) - step) * (2 * glide * t - t * t) // (2 * glide)
        return (phase >> (TURN - BITS)) & (2**BITS - 1)

    def air(self, n: int) -> np.ndarray:
        """Some n samples of white noise, other ones each time."""
        at = int(self.rng.random() * max(self.n - n, 1))
        return self.hiss[at : at + n]

    def tone(self, patch: Patch, pitch: int, duration: float) -> np.ndarray:
        """A note of an instrument at full velocity."""
        n = min(int((duration + patch.release) * RATE) // 64 * 64 + 64, self.n)
        key = (patch, pitch, n)
        if key not in self.cache:
            at, tables = self.phase(pitch, n, patch.vibrato), instruments.cycle(patch, pitch)
            if patch.decay:
                paces = (patch.decay, 0.45 * patch.decay, 0.2 * patch.decay)
                fades = [fade(seconds, self.n)[:n] for seconds in paces]
            else:
                fades = [1.0]
            x = sum(w[at] * fade for w, fade in zip(tables, fades, strict=True))
            if patch.detune:
                x += sum(tables)[self.phase(pitch + patch.detune, n)] * fades[0]
            if patch.breath:
                x += 4 * patch.breath * self.hiss[:n]
            self.cache[key] = ramped(x, patch.attack, patch.release)
        return self.cache[key]

    def syllable(self, note: Note, before: int) -> np.ndarray:
        """A sung, rapped or growled syllable, its pitch gliding in from the one before."""
        style = self.f["vocal"]
        n = min(int((note.duration + 0.04) * RATE), self.n)
        table = instruments.vowel_cycle(note.vowel, note.pitch, self.f["voice"] == "high")
        if style == "sung":
            x = table[self.phase(note.pitch, n, 0.8, min(max(before - note.pitch, -5), 5) or -1)]
        else:  # speech falls by some semitones in each syllable
            x = table[self.phase(note.pitch, n, start=self.rng.between(2, 6))]
        if style == "growl":
            rough = self.phase(note.pitch - 12, n) > 2 ** (BITS - 1)
            x = soft(3 * x * (0.4 + 0.6 * rough) + 2 * self.air(n) * np.abs(x))
        x = ramped(x + 0.02 * self.air(n), 0.03, 0.06)
        if self.rng.chance(0.7):
            m = min(int(self.rng.between(0.02, 0.09) * RATE), n)
            consonant = self.air(m)
            if self.rng.chance(0.6):
                consonant = np.diff(consonant, prepend=0.0)
            x[:m] += ramped(self.rng.between(0.2, 0.9) * consonant, 0.01, 0.02)
        return x

    def stroke(self, key: int) -> np.ndarray:
        """A stroke on a drum."""
        if key not in self.cache:
            air = self.hiss[1000 * key : 1000 * key + int(0.9 * RATE)]
            if len(air) < int(0.9 * RATE):
                air = self.air(min(int(0.9 * RATE), self.n))
            self.cache[key] = instruments.stroke(key, self.f["kit"], air)
        return self.cache[key]

    def part(self, part: str) -> np.ndarray | None:
        """The samples of a part at its level in the mix; None where it is silent."""
        notes = [note for note in self.events if note.part == part]
        if not notes:
            return None
        family = self.f.get({"comp": "family", "lead": "lead"}.get(part))
        if part == "bass":
            patch = instruments.BASSES.get(self.f["bass"], instruments.FINGERED)
        elif family:
            patch = instruments.PATCHES[family][int(self.f["patch"] * 2.999)]
        out, sounding, before = np.zeros(self.n), np.zeros(self.n, dtype=bool), notes[0].pitch
        for note in notes:
            if part == "drums":
                x = self.stroke(note.pitch)
            elif part == "voice":
                x = self.syllable(note, before)
            else:
                x = self.tone(patch, note.pitch, note.duration)
            before, at = note.pitch, int(note.start * RATE)
            x = x[: self.n - at]
            out[at : at + len(x)] += note.velocity * x
            sounding[at : at + max(int(note.duration * RATE), RATE // 4)] = True
        if family == "dist":
            out = instruments.amplifier(out, self.f["drive"])
        # A level is that of the part while it plays, so that a rare answer does not shout.
        rms = np.sqrt((out * out).sum() / np.count_nonzero(sounding))
        return out * (10 ** (self.f[f"{part}_db"] / 20) / rms)

    def master(self, mix: np.ndarray) -> np.ndarray:
        """Room, desk, swell, saturation, level and hiss; (n,) int16."""
        f = self.f
        room = 1.0 + 0.6 * f["reverb"] * echo(self.n, (0.2, 0.5, 1.2)[min(int(f["reverb"] * 3), 2)])
        x = np.fft.irfft(np.fft.rfft(mix) * room * self.desk(), self.n)
        x *= self.swell() * 0.2 / np.sqrt((x * x).mean())
        x = soft(x * (1 + 4 * f["drive"]))
        x -= x.mean()
        x = x / np.sqrt((x * x).mean()) + self.hiss * 10 ** ((-60 + 20 * f["lofi"]) / 20)
        return np.rint(soft(x * 10 ** (f["level"] / 20)) * 32767.0).astype(np.int16)

    def swell(self) -> np.ndarray:
        """The players get louder and softer together: a gain over time."""
        knots = [10 ** (-self.f["dynamics"] * self.rng.random() / 20) for _ in range(9)]
        return np.interp(self.t, np.arange(9) * (self.n / 8), knots)

    def desk(self) -> np.ndarray:
        """The gain at each frequency: a tilt for brightness, an equaliser, the end of the tape."""
        f, octaves = self.f, np.arange(-5, 4)  # from 31 Hz to 8 kHz, around 1 kHz
        bands = [f[f"eq_{band}"] for band in ("low", "mid", "presence", "air")]
        gain = (4.5 * f["brightness"] - 3.2) * octaves + np.interp(octaves, (-4, -2, 1, 3), bands)
        gain[0] -= 12
        gain -= f["lofi"] * np.array([24, 12, 4, 0, 0, 0, 0, 6, 24])
        hertz = np.arange(self.n // 2 + 1) * (RATE / self.n)
        tape = 1.0 / np.sqrt(1.0 + (hertz / (1000 * f["tape"])) ** 40)
        return tape * np.interp(hertz, 1000.0 * 2.0**octaves, 10 ** (gain / 20))


@lru_cache(maxsize=8)
def echo(n: int, decay: float) -> np.ndarray:
    """Spectrum of a room without its bass.

    It is circular: what rings past the end sounds at the start, as if the clip had been cut from
    a longer recording.
    """
    response = noise(7, n) * np.exp(np.arange(n) / (-decay / 3 * RATE))
    spectrum = np.fft.rfft(response / np.sqrt((response**2).sum()))
    hertz = np.arange(len(spectrum)) * (RATE / n)
    return spectrum * (hertz / (hertz + 250)) / (1 + hertz / 5000)


def stems(composition: Composition) -> dict[str, np.ndarray]:
    """Render the parts as they go into the mix, before room, desk and tape; silent ones are absent.

    Parameters
    ----------
    composition : Composition
        As `lib.corpora.demo.compose` gives it.
    """
    player = Player(composition)
    found = {part: player.part(part) for part in PARTS}
    return {part: x for part, x in found.items() if x is not None}


def pcm(composition: Composition) -> np.ndarray:
    """The finished track, (n,) int16."""
    player = Player(composition)
    mix = np.zeros(player.n)
    for part in PARTS:
        x = player.part(part)
        if x is not None:
            mix += x
    return player.master(mix)
