"""How long the demo corpus takes, how hard it is, and what of its factors can be heard.

    python benchmarks/demo_corpus.py [cost] [difficulty] [lyrics] [factors] [realism]

Without arguments all five. The last is set beside the feature table of GTZAN (30 s clips), where
`$MUSIC_DATA` or `../shared/data` has it.
"""

import os
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import normalized_mutual_info_score as nmi
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lib import ROOT, runtime
from lib.corpora import demo
from lib.corpora.demo import genres

librosa = runtime.librosa()  # it compiles: not in two processes at once, and into our own cache
MFCC = [f"{kind}{k}" for kind in ("mfcc", "dev") for k in range(1, 21)]
COST = """
import resource, tempfile, time
from lib.corpora import demo
with tempfile.TemporaryDirectory() as folder:
    start = time.perf_counter()
    demo.write_corpus(folder, jobs={jobs})
    wall = time.perf_counter() - start
from joblib.externals.loky import get_reusable_executor
if {jobs} > 1:
    get_reusable_executor().shutdown(wait=True)
own, workers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
cpu = own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime
memory = (own.ru_maxrss + ({jobs} * workers.ru_maxrss if {jobs} > 1 else 0)) / 1024
print(wall, cpu, memory)
"""


def features(score) -> dict:
    """MFCC mean and standard deviation, and what the table of GTZAN has of loudness and colour."""
    x = demo.render(score).astype(np.float32)
    magnitude = np.abs(librosa.stft(x))
    mel = librosa.feature.melspectrogram(S=magnitude**2, sr=demo.RATE)
    mfcc = librosa.feature.mfcc(S=librosa.power_to_db(mel))
    found = {
        "loudness": 20 * np.log10(librosa.feature.rms(y=x).mean()),
        "centroid": librosa.feature.spectral_centroid(S=magnitude, sr=demo.RATE).mean(),
        "crossings": librosa.feature.zero_crossing_rate(x).mean(),
    }
    return found | dict(zip(MFCC, [*mfcc.mean(1), *mfcc.std(1)], strict=True))


def corpus(seed: int) -> pd.DataFrame:
    """Features of the default genre split of a seed."""
    rows = Parallel(2)(
        delayed(lambda g, i: {"genre": g} | features(demo.compose(g, i, seed)))(g, i)
        for g in demo.GENRES
        for i in range(30)
    )
    return pd.DataFrame(rows)


def accuracy(x: np.ndarray, y: pd.Series) -> float:
    """Accuracy of logistic regression in 5-fold cross-validation."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cross_val_score(model, x, y.astype(str), cv=folds).mean()


def clustered(x: np.ndarray, y: pd.Series) -> float:
    """NMI with the labels of k-means, mean over 5 seeds."""
    x = StandardScaler().fit_transform(x)
    fits = [KMeans(10, n_init=10, random_state=seed).fit_predict(x) for seed in range(5)]
    return np.mean([nmi(y, labels) for labels in fits])


def gtzan() -> pd.DataFrame | None:
    """The feature table of GTZAN in the names used here."""
    for folder in filter(None, (os.environ.get("MUSIC_DATA"), ROOT.parent / "shared" / "data")):
        path = Path(folder) / "gtzan" / "features_30_sec.csv"
        if path.is_file():
            table = pd.read_csv(path)
            found = {f"mfcc{k}": table[f"mfcc{k}_mean"] for k in range(1, 21)}
            found |= {f"dev{k}": np.sqrt(table[f"mfcc{k}_var"]) for k in range(1, 21)}
            found["loudness"] = 20 * np.log10(table["rms_mean"])
            found["centroid"] = table["spectral_centroid_mean"]
            found["crossings"] = table["zero_crossing_rate_mean"]
            return pd.DataFrame(found | {"genre": table["label"]})
    return None


def cost() -> None:
    """Time and memory of the default genre split, with one and two workers in turn."""
    import subprocess

    rows = []
    for _ in range(3):
        for jobs in (1, 2):
            code = COST.format(jobs=jobs)
            out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
            rows.append([jobs, *map(float, out.stdout.split())])
    table = pd.DataFrame(rows, columns=["workers", "wall s", "CPU s", "memory MiB, at most"])
    print("\n300 tracks of 10 s, medians of 3 interleaved runs")
    print(table.groupby("workers").median().round(1).to_string())


def difficulty() -> None:
    """MFCC mean and standard deviation: k-means and a linear classifier, over 5 corpus seeds."""
    rows = []
    for seed in range(5):
        table = corpus(seed)
        x = table[MFCC].to_numpy()
        rows.append([seed, clustered(x, table["genre"]), accuracy(x, table["genre"])])
    table = pd.DataFrame(rows, columns=["seed", "NMI of k-means", "accuracy, linear"])
    table = table.set_index("seed")
    print("\ndifficulty of the genre split; the table was tuned on seed 0 alone")
    print(table.round(3).to_string())
    print(f"mean {table.mean().round(3).tolist()}, sd {table.std().round(3).tolist()}")
    if (real := gtzan()) is not None:
        some = real.groupby("genre").sample(30, random_state=0)
        for name, part in (("GTZAN, all", real), ("GTZAN, 300", some)):
            x = part[MFCC].to_numpy()
            print(f"{name}: {clustered(x, part.genre):.3f} {accuracy(x, part.genre):.3f}")


def lyrics() -> None:
    """How many tracks have text, and what it tells of the genre, over 5 corpus seeds."""
    rows = []
    for seed in range(5):
        scores = [demo.compose(genre, i, seed, 1.0) for genre in demo.GENRES for i in range(30)]
        written = [score for score in scores if score.filed]
        genre = pd.Series([score.factors["genre"] for score in written])
        model = make_pipeline(
            TfidfVectorizer(token_pattern=r"\S+"), LogisticRegression(max_iter=1000)
        )
        found = cross_val_score(model, [score.filed for score in written], genre, cv=5).mean()
        status = pd.Series([score.factors["lyrics_status"] for score in scores])
        rows.append(
            {"with text": len(written), "TF-IDF, linear": found} | status.value_counts().to_dict()
        )
    table = pd.DataFrame(rows)
    print("\nlyrics of 300 tracks, corpus seeds 0 to 4; accuracy of the genre")
    print(table.round(3).to_string())


def factors(n: int = 500) -> None:
    """From which features a linear classifier reads each factor of the factors split."""
    with tempfile.TemporaryDirectory() as folder:
        demo.write_factors(folder, n=n, jobs=2)
        table = pd.read_csv(Path(folder) / "tracks.csv", keep_default_na=False)
        sets = {"MFCC mean, sd": [], "chroma mean": [], "onset spectrum": []}
        for path in table["path"]:
            x, _ = librosa.load(Path(folder) / path, sr=None)
            magnitude = np.abs(librosa.stft(x))
            decibel = librosa.power_to_db(librosa.feature.melspectrogram(S=magnitude**2))
            mfcc = librosa.feature.mfcc(S=decibel)
            onsets = np.maximum(np.diff(decibel, axis=1), 0).mean(0)
            sets["MFCC mean, sd"].append([*mfcc.mean(1), *mfcc.std(1)])
            chroma = librosa.feature.chroma_stft(S=magnitude**2, sr=demo.RATE, tuning=0.0)
            sets["chroma mean"].append(chroma.mean(1))
            onsets = np.abs(np.fft.rfft(onsets * np.hanning(len(onsets)), 1024))[5:240]
            sets["onset spectrum"].append(np.log(onsets + 1e-3))
    sets = {name: np.array(rows) for name, rows in sets.items()}
    sets["all"] = np.hstack(list(sets.values()))
    steps = [genres.TONICS.index(tonic) for tonic in table["tonic"]]
    turned = zip(sets["chroma mean"], steps, strict=True)
    sets["chroma from the tonic"] = np.array([np.roll(c, -step) for c, step in turned])
    rows = {
        name: {"chance": table[name].value_counts(normalize=True).max()}
        | {features: accuracy(x, table[name]) for features, x in sets.items()}
        for name in demo.FACTORS
    }
    print(f"\naccuracy of a linear classifier, {n} clips of the factors split")
    print(pd.DataFrame(rows).T.round(2).to_string())
    print(f"greatest NMI of two factors: {shared(table):.3f}")
    drawn = [pd.DataFrame([genres.draw_factors(i, seed) for i in range(n)]) for seed in range(1, 5)]
    print("seeds 1 to 4:", [round(shared(other), 3) for other in drawn])


def shared(table: pd.DataFrame) -> float:
    """The greatest normalised mutual information of two factors."""
    names = demo.FACTORS
    return max(
        nmi(table[a].astype(str), table[b].astype(str))
        for k, a in enumerate(names)
        for b in names[:k]
    )


def realism() -> None:
    """Means and spreads per genre, beside those of GTZAN."""
    ours, real = corpus(0), gtzan()
    both = {"demo": ours} if real is None else {"demo": ours, "GTZAN": real}
    shown = ["loudness", "centroid", "crossings"]
    print("\nper genre (seed 0): mean and standard deviation over tracks")
    tables = []
    for name, table in both.items():
        groups = table.groupby("genre")
        found = groups[shown].agg(["mean", "std"]).round(3)
        found["MFCC 1-20", "sd"] = groups[MFCC[:20]].std().mean(axis=1).round(1)
        tables.append(found.assign(corpus=name).set_index("corpus", append=True))
    print(pd.concat(tables).sort_index().to_string())
    if real is None:
        return
    common = sorted(set(demo.GENRES) & set(real["genre"]))
    a, b = (t[t["genre"].isin(common)].groupby("genre") for t in (ours, real))
    print("\nspread within a genre, relative to GTZAN (mean over the 9 genres in common)")
    print((a[shown].std() / b[shown].std()).mean().round(2).to_dict())
    for name, columns in (("MFCC means", MFCC[:20]), ("MFCC deviations", MFCC[20:])):
        gap = ((a[columns].mean() - b[columns].mean()).abs() / real[columns].std()).to_numpy()
        spread = (a[columns].std().mean() / b[columns].std().mean()).mean()
        print(f"{name}: spread {spread:.2f}, distance of the genres' means {gap.mean():.2f} sd")
    ranks = {
        c: a[c].mean().corr(b[c].mean(), method="spearman") for c in [*shown, "mfcc1", "mfcc2"]
    }
    print(
        "rank correlation of the genres' means", {c: round(float(r), 2) for c, r in ranks.items()}
    )


if __name__ == "__main__":
    parts = {"cost": cost, "difficulty": difficulty, "lyrics": lyrics}
    parts |= {"factors": factors, "realism": realism}
    for name in sys.argv[1:] or parts:
        parts[name]()
