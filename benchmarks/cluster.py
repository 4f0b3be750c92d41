"""Many tracks on a Dask cluster whose worker dies: ``python benchmarks/cluster.py [n ...]``.

For each number of tracks (2000 and 20,000 where none is given): short clips of noise are written,
a cluster of two workers on this machine extracts their features into a store, and one worker is
killed half-way. Shown are the tracks lost and those stored twice, the memory of the driver, the
process that called `extract`, at its peak, and whether the bytes are those of a run without a
cluster (up to 5000 tracks). The driver's peak includes its imports, whose own peak differs from
run to run: what a track costs it shows between numbers that are far apart.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import wave
from pathlib import Path

import distributed
import numpy as np
import pandas as pd

from lib import ROOT
from lib.audio import workers

SECONDS, RATE = 0.4, 22050
DRIVER = """
import hashlib, resource, sys
import pandas as pd
from lib.audio import extract
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
tracks = pd.read_csv(sys.argv[1])
features = extract(tracks, cache=sys.argv[2], jobs=2)
during, digest = peak(), hashlib.sha256()
for column in features.vectors:
    digest.update(features.vectors[column].to_numpy().tobytes())
for image in features.images:
    digest.update(image.tobytes())
print(len(features.vectors), len(features.skipped), during, digest.hexdigest())
"""


def write_clips(folder: Path, n: int) -> Path:
    rng = np.random.default_rng(0)
    paths = []
    for i in range(n):
        directory = folder / f"{i // 1000:03d}"
        directory.mkdir(exist_ok=True)
        paths.append(str(directory / f"{i:06d}.wav"))
        with wave.open(paths[-1], "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            clip = rng.integers(-8000, 8000, size=int(SECONDS * RATE), dtype=np.int16)
            file.writeframes(clip.tobytes())
    table = folder / "tracks.csv"
    pd.DataFrame({"track_id": range(n), "path": paths}).to_csv(table, index=False)
    return table


def extract(table: Path, store: Path, scheduler: str) -> tuple[float, list[str]]:
    """Run the driver in a process of its own; return how long it took, and what it says."""
    environment = os.environ | {workers.SCHEDULER: scheduler}
    start = time.perf_counter()
    command = [sys.executable, "-c", DRIVER, str(table), str(store)]
    out = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - start, out.stdout.decode().split()


def stored(store: Path) -> list[str]:
    return [d for path in store.glob("mfcc*/[!.]*.npz") for d in np.load(path)["digest"].tolist()]


def run(n: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        table, store = write_clips(Path(folder), n), Path(folder) / "store"
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster:
            killed = []

            def kill_half_way() -> None:
                half = n / 2 / 64  # shards of 64
                while len(list(store.glob("mfcc*/[!.]*.npz"))) < half:
                    time.sleep(0.05)
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

            threading.Thread(target=kill_half_way, daemon=True).start()
            wall, said = extract(table, store, cluster.scheduler_address)
        rows = stored(store)
        n_done, n_skipped, driver, digest = said
        print(f"{n} tracks of {SECONDS} s: {n / wall:.0f} a second in all, "
              f"worker {'killed' if killed else 'NOT killed'} half-way")  # fmt: skip
        print(f"  lost {n - int(n_done)}, skipped {n_skipped}, "
              f"stored twice {len(rows) - len(set(rows))}")  # fmt: skip
        print(f"  driver: {float(driver):.0f} MB at its peak")
        if n <= 5000:
            _, alone = extract(table, Path(folder) / "alone", "")
            print(f"  the same bytes as without a cluster: {alone[-1] == digest}")


if __name__ == "__main__":
    for number in [int(argument) for argument in sys.argv[1:]] or [2000, 20_000]:
        run(number)
