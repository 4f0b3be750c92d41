"""One track, then many: decoding, features, extraction; and from features back to sound."""

from lib.audio.decoding import SAMPLE_RATE, AudioError, read, stream
from lib.audio.descriptors import wide_columns
from lib.audio.encoding import fade, mp3
from lib.audio.extraction import Features, extract
from lib.audio.inversion import Inverter, normalise, squeezed
from lib.audio.mfcc import (
    IMAGE_FRAMES,
    N_MELS,
    N_MFCC,
    mel_spectrogram,
    mfcc,
    mfcc_columns,
    mfcc_image,
)
from lib.audio.scaling import feature_groups, half_whiten, rank_normal
from lib.audio.stft import HOP, N_FFT

__all__ = [
    "HOP", "IMAGE_FRAMES", "N_FFT", "N_MELS", "N_MFCC", "SAMPLE_RATE", "AudioError", "Features",
    "Inverter", "extract", "fade", "feature_groups", "half_whiten", "mel_spectrogram", "mfcc",
    "mfcc_columns", "mfcc_image", "mp3", "normalise", "rank_normal", "read", "squeezed", "stream",
    "wide_columns",
]  # fmt: skip
