import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.audio.stft import BLOCK, HOP, N_FFT, frames_in_blocks


@settings(max_examples=50)
@given(length=st.integers(1, 300_000), cuts=st.lists(st.integers(0, 300_000), max_size=8))
def test_blocks_hold_every_frame_once_however_the_signal_comes(length, cuts):
    y = np.arange(1, length + 1, dtype=np.float32)
    chunks = np.split(y, sorted(min(cut, length) for cut in cuts))
    padded = np.pad(y, N_FFT // 2)
    start = 0
    blocks = list(frames_in_blocks(chunks))
    for block in blocks:
        assert np.array_equal(block, padded[start : start + len(block)])
        n = 1 + (len(block) - N_FFT) // HOP
        assert n == BLOCK or (1 <= n <= BLOCK and block is blocks[-1])
        start += n * HOP
    assert start == (1 + length // HOP) * HOP
    assert start + len(blocks[-1]) - n * HOP == len(padded)
