"""Sound of the demo corpus: turns a score into samples.

Instruments are wavetables, band-limited for each pitch and read by an integer phase; plucked and struck ones
are cut into three bands of harmonics that die away at their own pace. The voice is a
pulse through the formants of a vowel, drums are swept sines and coloured noise. One FFT of the whole mix
applies desk, room and tape.

Every sum is made in float64 and rounded once, to int16, so that the last bits, which differ between the
vector units of processors, are lost in the rounding.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lib.demo import scores
from lib.demo.genres import Rng

RATE = 22050
BITS = 12  # of a wavetable's address
TURN = 32  # bits of a whole turn of the phase


@dataclass(frozen=True)
class Patch:
    """An instrument: the slope of its harmonics (h**-slope), the share of even ones, a low-pass (Hz) ..."""

    slope: float
    even: float = 1.0
    cut: float = 4000.0
    pick: float = 0.0  # where the string is plucked, as a share of its length; 0: not a string
    decay: float = 0.0  # seconds until the low harmonics fell by 1/e; 0: sustained
    attack: float = 0.005
    release: float = 0.06
    vibrato: float = 0.0  # semitones
    detune: float = 0.0  # semitones between the two players of an ensemble
    breath: float = 0.0


PATCHES = {
    "keys": (
        Patch(1.6, cut=2500, pick=0.12, decay=0.9),
        Patch(1.1, cut=5000, pick=0.11, decay=0.6),
        Patch(0.6, even=0.8, cut=1500, release=0.03, vibrato=0.1, detune=0.06),
    ),
    "plucked": (
        Patch(1.2, cut=2200, pick=0.3, decay=0.45),
        Patch(0.9, cut=4500, pick=0.18, decay=0.5),
        Patch(0.7, cut=7000, pick=0.09, decay=0.25),
    ),
    "bowed": (
        Patch(1.2, cut=2500, attack=0.12, release=0.2, vibrato=0.25, detune=0.14),
        Patch(1.0, cut=4000, attack=0.08, release=0.12, vibrato=0.35, detune=0.1, breath=0.01),
        Patch(0.9, cut=5500, attack=0.06, release=0.1, vibrato=0.3, breath=0.02),
    ),
    "wind": (
        Patch(2.4, cut=3000, attack=0.05, vibrato=0.2, breath=0.12),
        Patch(1.1, even=0.15, cut=3000, attack=0.04, vibrato=0.15, breath=0.04),
        Patch(0.8, cut=3500, attack=0.03, vibrato=0.15, breath=0.03),
    ),
    "synth": (
        Patch(1.0, cut=6000, attack=0.01, detune=0.2),
        Patch(1.0, even=0.0, cut=9000, attack=0.01, detune=0.12),
        Patch(0.8, cut=9000, decay=0.5, detune=0.2),
    ),
    "dist": (
        Patch(0.9, cut=5000, pick=0.2, decay=2.5),
        Patch(0.8, cut=6000, pick=0.13, decay=2.0),
        Patch(0.7, cut=8000, pick=0.1, decay=1.6),
    ),
}
BASSES = {
    "sub": Patch(2.6, cut=400, attack=0.01),
    "octave": Patch(1.0, cut=900, decay=0.3),
    "drone": Patch(1.0, cut=1800, pick=0.2, decay=0.8),
}
FINGERED = Patch(1.1, cut=900, pick=0.25, decay=0.5)

# Formants (Hz) of the seven vowels, after the averages that are usual in phonetics.
FORMANTS = {
    "a": (730, 1090, 2440),
    "A": (660, 1720, 2410),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (450, 800, 2400),
    "O": (590, 900, 2500),
    "u": (300, 870, 2240),
}


def soft(x: np.ndarray) -> np.ndarray:
    """Soft clipping to (-1, 1), of square roots alone, which round alike everywhere."""
    square = x * x
    return x / np.sqrt(np.sqrt(1.0 + square * square))


def noise(seed: int, n: int) -> np.ndarray:
    """White noise in (-1, 1) from the generator whose stream NumPy has frozen."""
    return 2.0 * np.random.RandomState(seed).random_sample(n) - 1.0


@lru_cache(maxsize=2048)
def cycle(patch: Patch, pitch: int) -> tuple[np.ndarray, ...]:
    """One period of a patch at a pitch: a single table, or three bands of it for one that decays."""
    hertz = 440.0 * 2.0 ** ((pitch - 69) / 12)
    h = np.arange(1, max(2, min(int(0.45 * RATE / hertz), 120) + 1))
    amplitude = h**-patch.slope / (1.0 + (h * hertz / patch.cut) ** 4) ** 0.5
    amplitude[1::2] *= patch.even
    if patch.pick:
        amplitude *= np.abs(np.sin(np.pi * h * patch.pick)) + 0.02
    amplitude /= np.sqrt((amplitude**2).sum())
    bands = [(1, 1000)] if not patch.decay else [(1, 3), (4, 10), (11, 1000)]
    return tuple(wave(np.where((h >= low) & (h <= high), amplitude, 0.0)) for low, high in bands)


def wave(amplitude: np.ndarray) -> np.ndarray:
    """A table of one period from the amplitudes of its harmonics; phases are scattered against spikes."""
    spectrum = np.zeros(2 ** (BITS - 1) + 1, dtype=complex)
    h = np.arange(1, len(amplitude) + 1)
    spectrum[1 : len(amplitude) + 1] = amplitude * np.exp(1j * (h * h * 2.399963 + 1.0))
    return np.fft.irfft(spectrum) * 2 ** (BITS - 1)


@lru_cache(maxsize=512)
def vowel_cycle(vowel: str, pitch: int, high: bool) -> np.ndarray:
    """One period of a voice: a falling pulse through the three formants of a vowel."""
    hertz = 440.0 * 2.0 ** ((pitch - 69) / 12)
    f = hertz * np.arange(1, int(0.4 * RATE / hertz) + 1)
    tract = np.full(len(f), 0.01)
    for formant, gain, width in zip(FORMANTS[vowel], (1.0, 0.6, 0.35), (90, 110, 160), strict=True):
        tract += gain / (1.0 + ((f - formant * (1.17 if high else 1.0)) / width) ** 2)
    amplitude = tract * (f / hertz) ** -0.8
    return wave(amplitude / np.sqrt((amplitude**2).sum()))


class Player:
    """Plays the parts of one score; keeps the notes it has made, since music repeats itself."""

    def __init__(self, score: scores.Score):
        self.score, self.f = score, score.factors
        self.n = round(score.seconds * RATE)
        key = score.track_id if self.f["genre"] != "factors" else "factors"
        self.rng = Rng(score.seed, key, "sound")
        self.seed = int(self.rng.random() * 2**32)
        self.hiss = noise(self.seed, self.n)
        self.t = np.arange(self.n + RATE, dtype=np.int64)
        # Vibrato as a shift in time, in 1/65536 samples, so that the phase stays whole.
        sway = np.sin(2 * np.pi * 5.3 * self.t / RATE) * np.minimum(self.t / (0.4 * RATE), 1.0)
        self.sway = np.rint(np.cumsum(sway) * (2 ** (1 / 12) - 1) * 65536).astype(np.int64)
        self.cache: dict[tuple, np.ndarray] = {}

    def phase(self, pitch: float, n: int, vibrato: float = 0.0) -> np.ndarray:
        """Addresses in a wavetable over n samples."""
        step = round(440.0 * 2.0 ** ((pitch - 69) / 12) / RATE * 2**TURN)
        phase = step * self.t[:n]
        if vibrato:
            phase += (step >> 16) * (round(vibrato * 256) * self.sway[:n] >> 8)
        return (phase >> (TURN - BITS)) & (2**BITS - 1)

    def fade(self, seconds: float) -> np.ndarray:
        """An exponential decay over the longest note."""
        key = ("fade", seconds)
        if key not in self.cache:
            self.cache[key] = np.exp(self.t / (-seconds * RATE))
        return self.cache[key]

    def tone(self, patch: Patch, pitch: int, duration: float) -> np.ndarray:
        """A note of an instrument at full velocity."""
        n = int((duration + patch.release) * RATE) // 64 * 64 + 64
        key = (patch, pitch, n)
        if key not in self.cache:
            at = self.phase(pitch, n, patch.vibrato)
            tables = cycle(patch, pitch)
            if patch.decay:
                paces = (patch.decay, 0.45 * patch.decay, 0.2 * patch.decay)
                x = sum(w[at] * self.fade(p)[:n] for w, p in zip(tables, paces, strict=True))
            else:
                x = tables[0][at]
            if patch.detune:
                w = tables[0] if not patch.decay else sum(tables)
                x = x + w[self.phase(pitch + patch.detune, n)] * (self.fade(patch.decay)[:n] if patch.decay else 1)
            if patch.breath:
                x = x + 4 * patch.breath * self.hiss[:n]
            rise = min(int(patch.attack * RATE), n)
            x[:rise] *= np.arange(rise) / rise
            fall = min(int(patch.release * RATE), n)
            x[n - fall :] *= np.arange(fall, 0, -1) / fall
            self.cache[key] = x
        return self.cache[key]

    def sing(self, note: scores.Note, before: int) -> np.ndarray:
        """A sung, spoken or growled syllable, gliding from the pitch before."""
        style, high = self.f["vocal"], self.f["voice"] == "high"
        n = int((note.duration + 0.03) * RATE)
        table = vowel_cycle(note.vowel, note.pitch, high)
        at = self.phase(note.pitch, n, 0.35 if style == "sung" else 0.0)
        if style != "sung":  # speech falls by a few semitones over each syllable
            bend = (np.minimum(self.t[:n], 4000) * np.minimum(self.t[:n], 4000)) >> 14
            at = (at - bend * (2 ** (BITS - 8)) // 64) & (2**BITS - 1)
        x = table[at]
        start = int(self.rng.random() * self.n)
        air = np.roll(self.hiss, -start)[:n]
        if style == "growl":
            rough = self.phase(note.pitch - 12, n) > 2 ** (BITS - 1)
            x = soft(3 * x * (0.4 + 0.6 * rough) + 1.5 * air * np.abs(x))
        x = x + 0.02 * air
        rise, fall = min(int(0.025 * RATE), n), min(int(0.05 * RATE), n)
        x[:rise] *= np.arange(rise) / rise
        x[n - fall :] *= np.arange(fall, 0, -1) / fall
        if self.rng.chance(0.6):  # a consonant
            m = min(int(self.rng.between(0.02, 0.06) * RATE), n)
            x[:m] += np.diff(air[:m], prepend=0.0) * (1 - np.arange(m) / m) * 0.5
        return x

    def hit(self, key: int) -> np.ndarray:
        """A stroke on a drum."""
        if key in self.cache:
            return self.cache[key]
        kit, n = self.f["kit"], int(0.9 * RATE)
        t = self.t[:n] / RATE
        air = np.roll(self.hiss, -1000 * key)[:n]
        crisp = np.diff(np.diff(air, prepend=0.0), prepend=0.0) / 2.5
        dull = np.cumsum(air - air.mean())
        dull /= np.sqrt((dull**2).mean()) * 2

        def sweep(low, high, pace, decay):
            turns = low * t + (high - low) * pace * (1 - np.exp(-t / pace))
            return np.sin(2 * np.pi * turns) * np.exp(-t / decay)

        def ring(*hertz):
            return sum(np.sin(2 * np.pi * h * (0.9 + 0.2 * kit) * t) for h in hertz) / len(hertz)

        if key == scores.KICK:
            x = sweep(42 + 18 * kit, 200, 0.02, 0.12 + 0.15 * kit) + 0.3 * crisp * np.exp(-t / 0.004)
        elif key == scores.SNARE:
            x = 0.5 * sweep(180 + 50 * kit, 320, 0.02, 0.08) + (0.7 * air + 0.3 * crisp) * np.exp(
                -t / (0.06 + 0.12 * kit)
            )
        elif key == scores.CLAP:
            x = air * (np.exp(-(t % 0.011) / 0.005) * (t < 0.033) + np.exp(-t / 0.08) * (t >= 0.033))
        elif key == scores.RIM:
            x = ring(1700, 480) * np.exp(-t / 0.02) + 0.3 * crisp * np.exp(-t / 0.005)
        elif key == scores.TOM:
            x = sweep(90 + 40 * kit, 160, 0.05, 0.2)
        elif key == scores.BASS_HEAD:
            x = sweep(85 + 30 * kit, 60, 0.08, 0.25) + 0.1 * air * np.exp(-t / 0.01)
        elif key == scores.TREBLE:
            x = ring(380, 760, 1140) * np.exp(-t / 0.12) + 0.3 * crisp * np.exp(-t / 0.006)
        elif key == scores.CYMBALS:
            x = ring(3300, 4710, 6230) * np.exp(-t / 0.25)
        else:
            decay = {scores.HAT: 0.035, scores.OPEN: 0.22, scores.RIDE: 0.3, scores.CRASH: 0.6}[key]
            metal = 0.25 * ring(3100, 4230, 5510, 7040) if key == scores.RIDE else 0.0
            x = (0.6 * crisp + metal) * np.exp(-t / (decay * (0.6 + 0.8 * kit)))
        self.cache[key] = x
        return x

    def patch(self, part: str) -> Patch:
        if part == "bass":
            return BASSES.get(self.f["bass"], FINGERED)
        choices = PATCHES[self.f["family" if part == "comp" else "lead"]]
        return choices[int(self.f["patch"] * 2.999)]

    def part(self, part: str) -> np.ndarray | None:
        """The samples of a part at its level in the mix; None where it is silent."""
        notes = [note for note in self.score.events if note.part == part]
        if not notes:
            return None
        out, before = np.zeros(self.n), notes[0].pitch
        for note in notes:
            if part == "drums":
                x = self.hit(note.pitch)
            elif part == "voice":
                x = self.sing(note, before)
            else:
                x = self.tone(self.patch(part), note.pitch, note.duration)
            before, at = note.pitch, int(note.start * RATE)
            x = x[: self.n - at]
            out[at : at + len(x)] += note.velocity * x
        if part in ("comp", "lead") and self.f["family" if part == "comp" else "lead"] == "dist":
            out = amplifier(out, self.f["drive"])
        out *= 10 ** (self.f[f"{part}_db"] / 20) / np.sqrt((out * out).mean())
        return out

    def master(self, mix: np.ndarray) -> np.ndarray:
        """Room, desk and tape: reverb, equaliser, saturation, level, hiss; int16 samples."""
        f = self.f
        room = (0.2, 0.5, 1.2)[min(int(f["reverb"] * 3), 2)]
        spectrum = np.fft.rfft(mix) * (1.0 + 0.6 * f["reverb"] * echo(self.n, room))
        x = np.fft.irfft(spectrum * self.desk(), self.n)
        x *= 0.2 / np.sqrt((x * x).mean())
        x = soft(x * (1 + 4 * f["drive"]))
        x = x / np.sqrt((x * x).mean()) + self.hiss * 10 ** ((-62 + 22 * f["lofi"]) / 20)
        x = soft(x * 10 ** (f["level"] / 20))
        return np.rint(x * 32767.0).astype(np.int16)

    def desk(self) -> np.ndarray:
        """The gain at each frequency: brightness as a tilt, the equaliser, the narrow band of the lo-fi."""
        f, octaves = self.f, np.arange(-5, 4)  # from 31 Hz to 8 kHz, around 1 kHz
        gain = (7 * f["brightness"] - 4.5) * octaves
        gain = gain + np.interp(octaves, (-4, -2, 1, 3), [f[f"eq_{b}"] for b in ("low", "mid", "presence", "air")])
        gain[0] -= 12
        if f["lofi"]:
            gain = gain - f["lofi"] * np.array([24, 12, 4, 0, 0, 0, 0, 6, 24])
        return np.interp(np.arange(self.n // 2 + 1) * (RATE / self.n), 1000.0 * 2.0**octaves, 10 ** (gain / 20))


def amplifier(x: np.ndarray, drive: float) -> np.ndarray:
    """A driven valve amplifier and its cabinet."""
    x = x / np.sqrt((x * x).mean())
    x = soft((2 + 12 * drive) * (x - 0.7 * np.concatenate(([0.0], x[:-1]))))
    spectrum = np.fft.rfft(x)
    hertz = np.arange(len(spectrum)) * (RATE / len(x))
    spectrum *= (hertz / (hertz + 90)) ** 2 / np.sqrt(1.0 + (hertz / 4800) ** 8)
    return np.fft.irfft(spectrum, len(x))


@lru_cache(maxsize=8)
def echo(n: int, decay: float) -> np.ndarray:
    """Spectrum of a room without its bass. It is circular: what rings past the end sounds at the start,
    as if the clip had been cut from a longer recording."""
    response = noise(7, n) * np.exp(np.arange(n) / (-decay / 3 * RATE))
    spectrum = np.fft.rfft(response / np.sqrt((response**2).sum()))
    hertz = np.arange(len(spectrum)) * (RATE / n)
    return spectrum * (hertz / (hertz + 250)) / (1 + hertz / 5000)


def stems(score: scores.Score) -> dict[str, np.ndarray]:
    """The parts of a score as they go into the mix, before room, desk and tape."""
    player = Player(score)
    found = {part: player.part(part) for part in scores.PARTS}
    return {part: x for part, x in found.items() if x is not None}


def pcm(score: scores.Score) -> np.ndarray:
    """The finished track, (n,) int16."""
    player = Player(score)
    mix = np.zeros(player.n)
    for part in scores.PARTS:
        x = player.part(part)
        if x is not None:
            mix += x
    return player.master(mix)
