"""Back from MFCC images to sound, to hear what features and models keep of a track.

It is rough. An image has no phase and, with 20 coefficients, no pitch: what is heard is a hiss
with the timbre, the loudness and the rhythm of the track. And it is fast: the 128 columns of an
image are the whole excerpt, whatever its length; here they become 128 frames, just under 3 s, so
an excerpt of 30 s runs ten times faster than it was played, at its own pitch.
"""

from __future__ import annotations

import numpy as np
import scipy.fft

from lib import runtime
from lib.audio.encoding import fade
from lib.audio.mfcc import N_MELS, mel_filters, mfcc, mfcc_image
from lib.audio.stft import HOP, N_FFT

LEVEL = 10 ** (-22 / 20)  # root mean square; about -23 LUFS, as EBU R 128 asks of broadcasts
PEAK = 10 ** (-1 / 20)  # 1 dB below full scale
_ITERATIONS = 16  # twice as many take twice the time and come less than 0.1 dB closer
_SILENT = 3e-5  # root mean square below which nothing is made louder: 16 bits resolve no less
_LOUDEST = 100.0  # dB in a mel band; tracks stay below 60, but a decoder may say anything


class Inverter:
    """Turns standardised MFCC images into sound.

    Parameters
    ----------
    images : ndarray, (n_tracks, n_mfcc, 128)
        The images before they were standardised, as in `Features`: from them comes the mean and
        the standard deviation of each coefficient.
    """

    def __init__(self, images: np.ndarray):
        self._mean = images.mean(axis=(0, 2))[:, None]
        self._deviation = np.maximum(images.std(axis=(0, 2))[:, None], 1e-9)

    def mfcc(self, image: np.ndarray) -> np.ndarray:
        """Undo the standardisation.

        Parameters
        ----------
        image : ndarray, (n_mfcc, n_columns)
            Standardised: one of a track, or what a decoder made.

        Returns
        -------
        ndarray, (n_mfcc, n_columns)
            MFCCs.
        """
        return image * self._deviation + self._mean

    def sound(self, image: np.ndarray) -> np.ndarray:
        """Return an image as sound.

        Parameters
        ----------
        image : ndarray, (n_mfcc, n_columns)
            Standardised: one of a track, or what a decoder made.

        Returns
        -------
        ndarray of float32, ((n_columns - 1) * 512,)
            Mono at 22,050 Hz, as loud as every other (see `normalise`).
        """
        return sound(self.mfcc(image))


def squeezed(samples: np.ndarray) -> np.ndarray:
    """Return a track as fast as the sound of an image, with all its mel bands.

    Beside the sound of the image it tells what 20 coefficients lose, for both lose the phases.

    Parameters
    ----------
    samples : ndarray, (n_samples,)
        Mono, at 22,050 Hz.

    Returns
    -------
    ndarray of float32, (127 * 512,)
        As from `Inverter.sound`.
    """
    return sound(mfcc_image(mfcc(samples, N_MELS)))


def normalise(samples: np.ndarray) -> np.ndarray:
    """Make a clip as loud as every other, and fade its ends.

    Parameters
    ----------
    samples : ndarray, (n_samples,)
        Mono, at 22,050 Hz.

    Returns
    -------
    ndarray of float32, (n_samples,)
        With a root mean square of -22 dB, or less where its peaks would pass -1 dB of full scale.
        Silence stays silent.
    """
    samples = np.asarray(samples, float)
    level = np.sqrt(np.mean(np.square(samples))) if len(samples) else 0.0
    if level < _SILENT:
        return np.zeros(len(samples), np.float32)
    samples = fade(samples * LEVEL / level)
    return (samples * min(1.0, PEAK / np.abs(samples).max())).astype(np.float32)


def sound(mfcc: np.ndarray) -> np.ndarray:
    """MFCCs, one frame every 23 ms, as sound, by fast Griffin-Lim (Perraudin et al. 2013)."""
    magnitude = np.sqrt(power_spectrum(mel_power(mfcc))).astype(np.float32)
    samples = runtime.librosa().griffinlim(
        magnitude, n_iter=_ITERATIONS, hop_length=HOP, n_fft=N_FFT, random_state=0
    )
    return normalise(samples)


def mel_power(mfcc: np.ndarray) -> np.ndarray:
    """Power in the mel bands, (128, frames), of MFCCs; coefficients that are missing count as 0."""
    missing = ((0, N_MELS - len(mfcc)), (0, 0))
    decibels = scipy.fft.idct(np.pad(mfcc, missing), axis=0, norm="ortho")
    return 10 ** (np.minimum(decibels, _LOUDEST) / 10)


def power_spectrum(mel: np.ndarray) -> np.ndarray:
    """Spread mel bands, (128, frames), over the bins, each band's density as it weighs a bin.

    On smooth bands this sounds like the least-squares solution without negative powers, and takes
    no time.
    """
    filters = mel_filters()
    weights = filters / np.maximum(filters.sum(axis=0), 1e-9)
    return weights.T @ (mel / filters.sum(axis=1)[:, None])
