"""How fast texts become vectors, against `SentenceTransformer.encode` as it comes.

    python benchmarks/text.py

Lyrics of the demo corpus, and where `$MUSIC_DATA` or `../shared/data` has them, real lyrics in
Bangla and transcripts in English. CPU time on one thread, medians over interleaved rounds.
"""

import os

os.environ["HF_HUB_OFFLINE"] = "1"

import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from lib import ROOT, corpora
from lib.lyrics import embeddings, sources

ROUNDS = 7
N_TEXTS = 48


def collections() -> dict[str, list[str]]:
    demo = sources.load(corpora.load("demo").tracks, sources.folder("demo"))
    found = {"demo": demo.loc[demo["source"] == "lyrics", "text"]}
    for folder in filter(None, (os.environ.get("MUSIC_DATA"), ROOT.parent / "shared" / "data")):
        lyrics = Path(folder) / "lyrics"
        if lyrics.is_dir():
            english = pd.read_csv(lyrics / "fma_whisper_transcripts.csv")["text"]
            found["transcripts, en"] = english
            # a transcript of 30 s is short; a whole song has about three times as many words
            found["songs, en"] = english.groupby(np.arange(len(english)) // 3).agg("\n".join)
            found["songs, bn"] = pd.read_csv(lyrics / "bangla_public_domain.csv")["text"]
            break
    return {
        name: texts.sample(min(N_TEXTS, len(texts)), random_state=0).map(sources.clean).tolist()
        for name, texts in found.items()
    }


def main() -> None:
    torch.set_num_threads(1)
    encoder = embeddings._Encoder()
    encoder.encode(["warm up"])
    model = encoder.model
    ways = {
        "encode()": lambda texts: model.encode(texts, show_progress_bar=False),
        "encode(batch_size=8)": lambda texts: model.encode(
            texts, batch_size=8, show_progress_bar=False
        ),
        "ours": encoder.encode,
    }
    print(f"{'texts':<16} {'tokens':>6}  {'way':<21} {'ratio':>5} {'max |d|':>8} {'min cos':>8}")
    for corpus_name, texts in collections().items():
        tokens = model.tokenizer(texts, truncation=True, max_length=model.max_seq_length)
        n_tokens = np.mean([len(ids) for ids in tokens["input_ids"]])
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        vectors = {}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                start = time.process_time()
                vectors[name] = way(texts)
                seconds[name].append(time.process_time() - start)
        plain = vectors["encode()"]
        for name in ways:
            ratio = np.median(seconds["encode()"]) / np.median(seconds[name])
            difference = np.abs(vectors[name] - plain).max()
            cosine = (vectors[name] * plain).sum(axis=1) / np.linalg.norm(vectors[name], axis=1)
            print(
                f"{corpus_name:<16} {n_tokens:6.0f}  {name:<21} {ratio:5.2f} {difference:8.1e} "
                f"{cosine.min():8.5f}"
            )


if __name__ == "__main__":
    main()
