"""Instruments of the demo corpus: wavetables, vowels, drums and an amplifier.

A wavetable is band-limited for its pitch; what is plucked or struck has three, one for each band of
harmonics, since the high ones die away first. A voice is a pulse through the formants of a vowel.
Drums are swept sines and coloured noise.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lib.corpora.demo import composition as keys

RATE = 22050
BITS = 12  # of the address of a sample in a wavetable


@dataclass(frozen=True)
class Patch:
    """An instrument."""

    slope: float  # harmonic h has amplitude h**-slope
    even: float = 1.0  # share of the even harmonics: 0 is a clarinet or a square wave
    cut: float = 4000.0  # Hz, where a low-pass begins
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

# First three formants (Hz) of the seven vowels, near the usual averages for men.
FORMANTS = {
    "a": (730, 1090, 2440), "A": (660, 1720, 2410), "e": (530, 1840, 2480), "i": (270, 2290, 3010),
    "o": (450, 800, 2400), "O": (590, 900, 2500), "u": (300, 870, 2240),
}  # fmt: skip


def soft(x: np.ndarray) -> np.ndarray:
    """Soft clipping to (-1, 1), of square roots alone, which round alike everywhere."""
    square = x * x
    return x / np.sqrt(np.sqrt(1.0 + square * square))


@lru_cache(maxsize=2048)
def cycle(patch: Patch, pitch: int) -> tuple[np.ndarray, ...]:
    """One period of a patch at a pitch: one table, or three bands of it where it decays."""
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
    """A table of one period from the amplitudes of its harmonics.

    Their phases are scattered, since harmonics that all rise at once make a spike.
    """
    spectrum = np.zeros(2 ** (BITS - 1) + 1, dtype=complex)
    h = np.arange(1, len(amplitude) + 1)
    spectrum[1 : len(amplitude) + 1] = amplitude * np.exp(1j * (h * h * 2.399963 + 1.0))
    return np.fft.irfft(spectrum) * 2 ** (BITS - 1)


@lru_cache(maxsize=512)
def vowel_cycle(vowel: str, pitch: int, high: bool) -> np.ndarray:
    """One period of a voice: a falling pulse through the three formants of a vowel."""
    hertz = 440.0 * 2.0 ** ((pitch - 69) / 12)
    f = hertz * np.arange(1, int(0.45 * RATE / hertz) + 1)
    tract = np.full(len(f), 0.004)
    formants = (*FORMANTS[vowel], 3400, 4500)
    gains, widths = (1.0, 0.6, 0.4, 0.2, 0.1), (80, 100, 150, 250, 400)
    for formant, gain, width in zip(formants, gains, widths, strict=True):
        tract += gain / (1.0 + ((f - formant * (1.17 if high else 1.0)) / width) ** 2)
    amplitude = tract * (f / hertz) ** -0.6
    return wave(amplitude / np.sqrt((amplitude**2).sum()))


def amplifier(x: np.ndarray, drive: float) -> np.ndarray:
    """A driven valve amplifier and its cabinet."""
    # treble first, so that the bass does not swamp it
    x = x - 0.7 * np.concatenate(([0.0], x[:-1]))
    x = soft((2 + 14 * drive) * x / np.sqrt((x * x).mean()))
    spectrum = np.fft.rfft(x)
    hertz = np.arange(len(spectrum)) * (RATE / len(x))
    spectrum *= (hertz / (hertz + 90)) ** 2 / np.sqrt(1.0 + (hertz / 4800) ** 8)
    return np.fft.irfft(spectrum, len(x))


def sweep(t: np.ndarray, low: float, high: float, pace: float, decay: float) -> np.ndarray:
    """A skin: a sine that falls from a high pitch to a low one as it dies away."""
    turns = low * t + (high - low) * pace * (1 - np.exp(-t / pace))
    return np.sin(2 * np.pi * turns) * np.exp(-t / decay)


def ring(t: np.ndarray, *hertz: float) -> np.ndarray:
    """A metal: sines that have no common fundamental."""
    return sum(np.sin(2 * np.pi * h * t) for h in hertz) / len(hertz)


def stroke(key: int, kit: float, air: np.ndarray) -> np.ndarray:
    """A stroke on a drum, by its General MIDI key; `kit` in 0-1 tunes it, `air` is white noise."""
    t = np.arange(len(air)) / RATE
    tune = 0.9 + 0.2 * kit
    crisp = np.diff(np.diff(air, prepend=0.0), prepend=0.0) / 2.5

    def burst(decay):
        return np.exp(-t / decay)

    if key == keys.KICK:
        low, decay = 42 + 18 * kit, 0.12 + 0.15 * kit
        return sweep(t, low, 200, 0.02, decay) + 0.3 * crisp * burst(0.004)
    if key == keys.SNARE:
        skin = 0.5 * sweep(t, 180 + 50 * kit, 320, 0.02, 0.08)
        return skin + (0.7 * air + 0.3 * crisp) * burst(0.06 + 0.12 * kit)
    if key == keys.CLAP:
        return air * np.where(t < 0.033, np.exp(-(t % 0.011) / 0.005), burst(0.08))
    if key == keys.RIM:
        return ring(t * tune, 1700, 480) * burst(0.02) + 0.3 * crisp * burst(0.005)
    if key == keys.TOM:
        return sweep(t, 90 + 40 * kit, 160, 0.05, 0.2)
    if key == keys.BASS_HEAD:
        return sweep(t, 85 + 30 * kit, 60, 0.08, 0.25) + 0.1 * air * burst(0.01)
    if key == keys.TREBLE:
        return ring(t * tune, 380, 760, 1140) * burst(0.12) + 0.3 * crisp * burst(0.006)
    if key == keys.CYMBALS:
        return ring(t * tune, 3300, 4710, 6230) * burst(0.25)
    decay = {keys.HAT: 0.035, keys.OPEN: 0.22, keys.RIDE: 0.3, keys.CRASH: 0.6}[key]
    metal = 0.25 * ring(t * tune, 3100, 4230, 5510, 7040) if key == keys.RIDE else 0.0
    return (0.6 * crisp + metal) * burst(decay * (0.6 + 0.8 * kit))
