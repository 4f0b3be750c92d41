"""What audio features cost and how exact they are: ``python benchmarks/features.py [part ...]``.

    speed   MFCC mean + std + image of 30 s tracks against `librosa.load` + `librosa.feature.mfcc`,
            with the floors beside: decoding alone, and the transforms alone
    wide    the 57 columns of the GTZAN table against librosa's functions one by one, and the
            median filters of the harmonic/percussive separation against those in two dimensions
    cores   what a second process adds to `audio.extract`
    exact   the largest differences from librosa on all excerpts of GTZAN and the open recordings
            (where `$MUSIC_DATA` or `../shared/data` has them); takes minutes

Without arguments all four. Variants take turns, each in a process of its own, as it would run; one
core is measured in CPU time, two on the clock; medians. The tracks are synthetic: their sound
decides nothing but the cost of MP3.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import contextlib
import multiprocessing
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from lib import ROOT, audio, runtime  # first: it says where numba's cache is
from lib.audio.descriptors import _median, wide_features
from lib.audio.mfcc import mfcc_features

sys.path.insert(0, str(ROOT / "tests"))

import librosa
import numpy as np
import pandas as pd
import scipy.fft
import soundfile
from reference_features import beyond_the_table, errors, gtzan_table
from reference_features import mfcc as reference_mfcc
from scipy.ndimage import median_filter
from threadpoolctl import threadpool_limits

SECONDS = 30


def music(rate: int, channels: int) -> np.ndarray:
    """Decaying notes over hiss."""
    rng = np.random.default_rng(0)
    t = np.arange(rate * SECONDS) / rate
    y = sum(
        np.sin(2 * np.pi * f * t + rng.uniform(0, 6)) * np.exp(-(t % 0.5) * k) / k
        for k, f in enumerate((110, 220, 331, 442, 880, 1760, 3520), start=1)
    )
    return (0.15 * y[:, None] + rng.normal(scale=0.01, size=(len(t), channels))).astype(np.float32)


def write_tracks(folder: Path) -> dict[str, Path]:
    stereo = music(44100, 2)
    tracks = {"WAV 22.05 kHz mono": folder / "a.wav"}
    soundfile.write(folder / "a.wav", music(22050, 1), 22050)
    for level in (0.4, 0.0):
        path = folder / f"{level}.mp3"
        soundfile.write(path, stereo, 44100, bitrate_mode="CONSTANT", compression_level=level)
        rate = path.stat().st_size * 8 / SECONDS / 1000
        tracks[f"MP3 44.1 kHz stereo, {rate:.0f} kbit/s"] = path
    return tracks


def cpu_time(work: Callable, path: Path) -> float:
    """Return the CPU time of one call, in ms."""
    start = time.process_time()
    work(path)
    return 1000 * (time.process_time() - start)


def interleaved(variants: dict[str, Callable], path: Path, repeats: int) -> dict[str, float]:
    """Return the median CPU time of each variant, in ms."""
    spawn, times = multiprocessing.get_context("spawn"), {name: [] for name in variants}
    with contextlib.ExitStack() as stack:
        pools = {}
        for name, work in variants.items():
            pools[name] = stack.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
            pools[name].submit(cpu_time, work, path).result()  # starts it, and warms up
        for _ in range(repeats):
            for name, work in variants.items():
                times[name].append(pools[name].submit(cpu_time, work, path).result())
    return {name: statistics.median(values) for name, values in times.items()}


def table(times: dict[str, float], reference: str) -> None:
    for name, value in times.items():
        print(f"  {name:42s} {value:9.2f} ms   {times[reference] / value:6.2f} x")


def usual(path: Path) -> tuple[np.ndarray, np.ndarray]:
    y, _ = librosa.load(path)
    mfcc = reference_mfcc(y)
    return mfcc.mean(axis=1), mfcc.std(axis=1)


def decoding(path: Path) -> None:
    soundfile.read(path, dtype="float32")


def transforms(path: Path) -> None:
    frames = np.zeros((128, audio.N_FFT), np.float32)
    for _ in range(0, 1 + SECONDS * audio.SAMPLE_RATE // audio.HOP, 128):
        scipy.fft.rfft(frames)


def one_by_one(path: Path) -> None:
    gtzan_table(librosa.load(path)[0])


def median_in_two_dimensions(magnitude: np.ndarray) -> np.ndarray:
    return median_filter(magnitude, (1, 31))


def median_in_one(magnitude: np.ndarray) -> np.ndarray:
    return _median(magnitude)


def speed(tracks: dict[str, Path]) -> None:
    for name, path in tracks.items():
        print(f"\n{name}, {SECONDS} s: CPU time a track")
        variants = {
            "librosa.load + librosa.feature.mfcc": usual,
            "ours: mean, std, image": mfcc_features,
            "floor: decoding alone": decoding,
            "floor: transforms alone": transforms,
        }
        times = interleaved(variants, path, 21)
        table(times, "librosa.load + librosa.feature.mfcc")
        ratio = times["ours: mean, std, image"] / times["floor: decoding alone"]
        print(f"  ours is {ratio:.2f} x the time of decoding")


def wide(tracks: dict[str, Path]) -> None:
    path = next(iter(tracks.values()))
    print(f"\nthe wide set, WAV, {SECONDS} s: CPU time a track")
    variants = {
        "librosa, one by one: the 57 columns": one_by_one,
        "ours: these and contrast, flatness, share": wide_features,
    }
    table(interleaved(variants, path, 5), "librosa, one by one: the 57 columns")
    magnitude = np.abs(librosa.stft(librosa.load(path)[0]))
    variants = {
        "median along time, scipy in 2-D": median_in_two_dimensions,
        "the same as one long row": median_in_one,
    }
    table(interleaved(variants, magnitude, 5), "median along time, scipy in 2-D")
    same = np.array_equal(median_in_two_dimensions(magnitude), median_in_one(magnitude))
    print(f"  the same numbers: {same}")


def cores(tracks: dict[str, Path]) -> None:
    """Show what a second worker adds; the machine must have two idle cores for it."""
    load = os.getloadavg()[0]
    print(
        f"\na second worker: tracks a second on the clock (load of the machine before: {load:.1f})"
    )
    for name, path in tracks.items():
        for wide, n in ((False, 240), (True, 24)):
            table = pd.DataFrame({"track_id": range(n), "path": [path] * n})
            times: dict[int, list[float]] = {1: [], 2: []}
            for repeat in range(6):
                for jobs, values in times.items():
                    start = time.perf_counter()
                    audio.extract(table, wide=wide, jobs=jobs)
                    if repeat:  # the first time processes are started
                        values.append(time.perf_counter() - start)
            one, two = (n / statistics.median(values) for values in times.values())
            kind = "wide" if wide else "narrow"
            print(
                f"  {name}, {kind} set: {one:.0f}/s alone, {two:.0f}/s with two: {two / one:.2f} x"
            )


def exact() -> None:
    data = Path(os.environ.get("MUSIC_DATA") or ROOT.parent / "shared" / "data")
    for corpus, pattern in (("gtzan", "gtzan/genres/*/*.*"), ("open_music", "open_music/*.ogg")):
        paths = sorted(data.glob(pattern))
        if not paths:
            print(f"\n{corpus} is not in {data}: name the folder with MUSIC_DATA")
            continue
        worst: dict[str, float] = {}
        frames = 0.0
        for path in paths:
            y, _ = librosa.load(path)
            frames = max(frames, np.abs(audio.mfcc(audio.read(path)) - reference_mfcc(y)).max())
            ours = dict(zip(audio.wide_columns(), wide_features(path), strict=True))
            reference = gtzan_table(y) | beyond_the_table(y)
            vector, _ = mfcc_features(path)
            reference |= {f"{name} (narrow)": value for name, value in reference.items()
                          if name.startswith("mfcc") and name.endswith("mean")}  # fmt: skip
            ours |= {f"{name} (narrow)": value
                     for name, value in zip(audio.mfcc_columns(), vector, strict=True)}  # fmt: skip
            for name, error in errors(ours, reference).items():
                worst[name] = max(worst.get(name, 0.0), error)
        print(f"\nlargest differences from librosa over {len(paths)} tracks of {corpus}")
        print(f"  MFCC of any frame {frames:.1e}")
        for kind, chosen in (
            ("mean MFCC, absolute", lambda name: name.startswith("mfcc") and "mean" in name),
            ("variance of an MFCC, relative", lambda name: name.startswith("mfcc")),
            ("all others, relative", lambda name: not name.startswith("mfcc")),
        ):
            names = [name for name in worst if chosen(name)]
            name = max(names, key=worst.get)
            print(f"  {kind}: {worst[name]:.1e} ({name})")
            for name in names:
                del worst[name]


def main(parts: list[str]) -> None:
    warnings.filterwarnings("ignore", module="audioread")
    runtime.warm()
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        tracks = write_tracks(Path(folder))
        for part in (speed, wide, cores):
            if part.__name__ in parts:
                part(tracks)
        if "exact" in parts:
            exact()


if __name__ == "__main__":
    main(sys.argv[1:] or ["speed", "wide", "cores", "exact"])
