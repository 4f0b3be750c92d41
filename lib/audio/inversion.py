"""Back from MFCC images to sound, to hear what features and models keep of a track.

It is rough. An image has no phase and, with 20 coefficients, no pitch: what is heard is a hiss
with the timbre, the loudness and the rhythm of the track. And it is fast: the 128 columns of an
image are the whole excerpt, whatever its length; here they become 128 frames, just under 3 s, so
an excerpt of 30 s runs ten times faster than it was played, at its own pitch.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from scipy import signal

from lib import runtime
from lib.audio import encoding
from lib.audio import mfcc as audio
from lib.audio.mfcc import HOP, N_FFT, N_MELS, SAMPLE_RATE
from lib.inspection.traversal import Traversal

LOUDNESS = -23.0  # LUFS, as EBU R 128 asks of broadcasts
PEAK = 10 ** (-1 / 20)  # 1 dB below full scale
ITERATIONS = 16  # twice as many take twice the time and come less than 0.1 dB closer
SILENT = 1e-9  # mean square below which nothing is made louder: less than 16 bits resolve
LOUDEST = 100.0  # dB in a mel band; tracks stay below 60, but a decoder may say anything


class Inverter:
    """Turns standardised MFCC images into sound.

    Parameters
    ----------
    images : ndarray, (n_tracks, n_mfcc, 128)
        The images before they were standardised, `lib.audio.extraction.Features.images`: from them comes
        the mean and the deviation of each coefficient.
    """

    def __init__(self, images: np.ndarray):
        self._mean = images.mean(axis=(0, 2))[:, None]
        self._deviation = np.maximum(images.std(axis=(0, 2))[:, None], 1e-9)

    def mfcc(self, image: np.ndarray) -> np.ndarray:
        """Undo the standardisation: MFCCs (n_mfcc, n_columns) of an image of that shape."""
        return image * self._deviation + self._mean

    def sound(self, image: np.ndarray) -> np.ndarray:
        """Return an image as sound.

        Parameters
        ----------
        image : ndarray, (n_mfcc, n_columns)
            Standardised: one of a track, or what a decoder made.

        Returns
        -------
        ndarray of float32, (n_samples,)
            See `sound`.
        """
        return sound(self.mfcc(image))


def mel_power(mfcc: np.ndarray) -> np.ndarray:
    """Invert the cosine transform and the decibels of MFCCs; what they left out is taken for 0.

    Parameters
    ----------
    mfcc : ndarray, (n_mfcc, n_frames)
        As from `audio.mfcc`.

    Returns
    -------
    ndarray, (128, n_frames)
        Power in the mel bands: smooth over them, where fewer than 128 coefficients are given.
    """
    missing = ((0, N_MELS - len(mfcc)), (0, 0))
    decibels = scipy.fft.idct(np.pad(mfcc, missing), axis=0, norm="ortho")
    return 10 ** (np.minimum(decibels, LOUDEST) / 10)


def power_spectrum(mel: np.ndarray) -> np.ndarray:
    """Spread the power of mel bands, (128, n_frames), over the bins: (1 + N_FFT / 2, n_frames).

    A bin gets the densities of the bands above it, weighted as they weigh it. On smooth bands this
    sounds like the least-squares solution without negative powers, and takes no time.
    """
    filters = audio.mel_filters()
    weights = filters / np.maximum(filters.sum(axis=0), 1e-9)
    return weights.T @ (mel / filters.sum(axis=1)[:, None])


def sound(mfcc: np.ndarray) -> np.ndarray:
    """Return MFCCs as sound, a frame every 23 ms, whatever time a column stood for.

    The phases are found by the fast Griffin-Lim algorithm [1]_ from a fixed start.

    Parameters
    ----------
    mfcc : ndarray, (n_mfcc, n_frames)
        As from `audio.mfcc`, or the columns of an image.

    Returns
    -------
    ndarray of float32, ((n_frames - 1) * 512,)
        Mono at 22,050 Hz, as loud as every other (see `normalise`) and faded at the ends.

    References
    ----------
    .. [1] N. Perraudin, P. Balazs and P. Søndergaard, A fast Griffin-Lim algorithm, WASPAA 2013.
    """
    magnitude = np.sqrt(power_spectrum(mel_power(mfcc))).astype(np.float32)
    samples = runtime.librosa().griffinlim(
        magnitude, n_iter=ITERATIONS, hop_length=HOP, n_fft=N_FFT, random_state=0
    )
    return normalise(samples)


def squeezed(samples: np.ndarray) -> np.ndarray:
    """Return a track as fast as the sound of an image, with all its mel bands.

    Beside the sound of the image it tells what 20 coefficients lose, for both lose the phases.

    Parameters
    ----------
    samples : ndarray, (n_samples,)
        Mono, at 22,050 Hz.
    """
    return sound(audio.mfcc_image(audio.mfcc(samples, N_MELS)))


def stages(
    inverter: Inverter, samples: np.ndarray, image: np.ndarray, rebuilt: np.ndarray
) -> dict[str, np.ndarray]:
    """Return what is left of a track at each step towards a model, as sounds by title.

    Parameters
    ----------
    inverter : Inverter
        Of the images of all tracks.
    samples : ndarray, (n_samples,)
        The track.
    image, rebuilt : ndarray, (n_mfcc, 128)
        Its standardised image, and what a model makes of it.

    Returns
    -------
    dict
        The beginning of the track as it is; all of it in fast motion with all mel bands; what the
        image keeps; what the model keeps.
    """
    sped = squeezed(samples)
    return {
        "the track, its beginning": normalise(samples[: len(sped)]),
        f"all of it, {len(samples) / len(sped):.0f} times as fast": sped,
        f"what {len(image)} MFCCs keep": inverter.sound(image),
        "what the model keeps": inverter.sound(rebuilt),
    }


def traversed(inverter: Inverter, traversal: Traversal, n_steps: int = 5) -> dict[str, np.ndarray]:
    """Return the images of a traversal as sounds by title, dimension by dimension.

    Parameters
    ----------
    inverter : Inverter
        Of the images of all tracks.
    traversal : Traversal
        Of a model on images: ``decoded`` is (n_dims, n_steps, 1, n_mfcc, 128).
    n_steps : int
        How many steps of each dimension, evenly spread from the first to the last.
    """
    last = len(traversal.steps) - 1
    places = np.unique(np.linspace(0, last, min(n_steps, last + 1)).round().astype(int))
    return {
        f"latent {dimension} at {traversal.steps[i]:+.1f}": inverter.sound(row[i, 0])
        for dimension, row in zip(traversal.dimensions, traversal.decoded, strict=True)
        for i in places
    }


def normalise(samples: np.ndarray) -> np.ndarray:
    """Make a clip as loud as every other, and fade its ends.

    Parameters
    ----------
    samples : ndarray, (n_samples,)
        Mono, at 22,050 Hz.

    Returns
    -------
    ndarray of float32, (n_samples,)
        At -23 LUFS, or less where its peaks would pass -1 dB of full scale. Silence stays silent.
    """
    samples = np.asarray(samples, float)
    if not len(samples) or np.mean(np.square(samples)) < SILENT:
        return np.zeros(len(samples), np.float32)
    samples = encoding.fade(samples * 10 ** ((LOUDNESS - loudness(samples)) / 20))
    return (samples * min(1.0, PEAK / np.abs(samples).max())).astype(np.float32)


def loudness(samples: np.ndarray) -> float:
    """Measure how loud a clip is to the ear, in LUFS.

    Mean square after the K-weighting of ITU-R BS.1770-4, without its gate, which short clips
    without gaps do not need.

    Parameters
    ----------
    samples : ndarray, (n_samples,)
        Mono, at 22,050 Hz.
    """
    weighted = signal.lfilter(*_shelf(1681.97, 3.99984, 0.70717), samples)
    weighted = signal.lfilter(*_highpass(38.1355, 0.50033), weighted)
    return float(-0.691 + 10 * np.log10(np.mean(np.square(weighted))))


def _shelf(frequency: float, gain: float, q: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients b, a of the standard's filter for the acoustics of the head."""
    k = np.tan(np.pi * frequency / SAMPLE_RATE)
    high = 10 ** (gain / 20)
    band = high**0.4996667741545416
    a = np.array([1 + k / q + k**2, 2 * (k**2 - 1), 1 - k / q + k**2])
    b = [high + band * k / q + k**2, 2 * (k**2 - high), high - band * k / q + k**2]
    return np.array(b) / a[0], a / a[0]


def _highpass(frequency: float, q: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients b, a of the standard's filter for low frequencies."""
    k = np.tan(np.pi * frequency / SAMPLE_RATE)
    a = np.array([1 + k / q + k**2, 2 * (k**2 - 1), 1 - k / q + k**2])
    return np.array([1.0, -2.0, 1.0]), a / a[0]
