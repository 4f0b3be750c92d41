import json
import shutil

import filelock
import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import UserError
from lib.lyrics import hallucinations, records, sources, whisper
from lib.lyrics.hallucinations import Transcript

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SPECIAL = [
    "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|bn|>", "<|translate|>",
    "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
]  # fmt: skip


def save_whisper(folder, multilingual: bool = True):
    """Save a Whisper of a few thousand random weights, with all the files of a real one."""
    import torch
    import transformers as tf

    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps({c: i for i, c in enumerate(LETTERS + "Ġ")}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    end = SPECIAL[0]
    tokenizer = tf.WhisperTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"),
        unk_token=end, bos_token=end, eos_token=end, pad_token=end,
    )  # fmt: skip
    tokenizer.add_special_tokens({"extra_special_tokens": SPECIAL[1:]})
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIAL}
    ends = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), ids[end])
    ends["decoder_start_token_id"] = ids["<|startoftranscript|>"]
    torch.manual_seed(0)
    model = tf.WhisperForConditionalGeneration(
        tf.WhisperConfig(
            vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1,
            encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16,
            decoder_ffn_dim=16, max_target_positions=24, init_std=0.5, **ends,
        )
    )  # fmt: skip
    languages = {
        "lang_to_id": {name: ids[name] for name in ("<|en|>", "<|bn|>")},
        "task_to_id": {name: ids[f"<|{name}|>"] for name in ("translate", "transcribe")},
    }
    model.generation_config = tf.GenerationConfig(
        **ends, max_length=24, is_multilingual=multilingual,
        no_timestamps_token_id=ids["<|notimestamps|>"],
        begin_suppress_tokens=[ids[end]],
        suppress_tokens=[ids[token] for token in SPECIAL[1:]],
        **(languages if multilingual else {}),
    )  # fmt: skip
    model.save_pretrained(folder)
    tf.WhisperProcessor(tf.WhisperFeatureExtractor(), tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return str(save_whisper(tmp_path_factory.mktemp("models") / "tiny"))


def sound(seconds: float, rate: int = whisper.RATE) -> np.ndarray:
    rng = np.random.default_rng(int(seconds * 1000))
    tone = np.sin(np.arange(int(seconds * rate)) * rng.uniform(0.02, 0.5))
    return (0.3 * tone + 0.1 * rng.standard_normal(len(tone))).astype(np.float32)


@pytest.fixture
def tracks(tmp_path) -> pd.DataFrame:
    rows = []
    for track_id, seconds in (("a", 3), ("b", 31.5), ("c", 30.2), ("d", 2)):
        path = tmp_path / f"{track_id}.wav"
        soundfile.write(path, sound(seconds, 22050), 22050)
        rows.append({"track_id": track_id, "path": str(path), "title": "", "artist": ""})
    return pd.DataFrame(rows)


@pytest.fixture
def let_all_pass(monkeypatch):
    """What a random model writes is no song; whether it is kept is another test."""
    monkeypatch.setattr(hallucinations, "keep_sung", lambda transcript: (transcript.text, ""))


def finished(folder) -> list[str]:
    return sorted(path.stem for path in folder.iterdir())


def test_tracks_are_cut_into_chunks_without_a_rest_of_silence(tracks):
    seconds = [[len(chunk) / whisper.RATE for chunk in whisper._chunks(path)]
               for path in tracks["path"]]  # fmt: skip
    expected = [[3], [30, 1.5], [30], [2]]
    for ours, theirs in zip(seconds, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_model_hears_what_transformers_generates_by_itself(model):
    """From the sound and one at a time, where we go from the shared encoding and in a batch."""
    import torch

    recogniser = whisper.Whisper(model, "cpu")
    chunks = [sound(s) for s in (3, 4, 30, 7)]
    heard = recogniser.hear(chunks)
    languages = set()
    for chunk, ours in zip(chunks, heard, strict=True):
        features = recogniser.processor.feature_extractor(
            chunk, sampling_rate=whisper.RATE, return_tensors="pt"
        ).input_features
        token = recogniser.model.detect_language(features)
        name = recogniser.processor.tokenizer.decode(token).strip("<|>")
        with torch.inference_mode():
            tokens = recogniser.model.generate(features, task="transcribe", language=name)
        plain = recogniser.processor.batch_decode(tokens, skip_special_tokens=True)[0]
        assert (ours.text, ours.language) == (plain.strip(), name)
        assert 0 < ours.no_speech < 1 and ours.log_probability < 0
        languages.add(ours.language)
    assert len({h.text for h in heard}) > 1  # else the comparison would show little


def test_log_probability_is_that_of_the_tokens_up_to_the_end(model):
    import torch

    recogniser = whisper.Whisper(model, "cpu")
    end = recogniser.model.generation_config.eos_token_id
    scores = tuple(torch.log(torch.full((2, end + 1), p)) for p in (0.1, 0.2, 0.4))
    sequences = torch.tensor([[9, 1, end, end], [9, 1, 2, 3]])
    assert recogniser._log_probability(sequences, scores) == pytest.approx([-np.log(end + 1)] * 2)
    sharp = torch.full((3, end + 1), -30.0)
    sharp[0, 1] = sharp[1, end] = 0  # certain of both; of what comes after the end it is not
    mean = recogniser._log_probability(sequences[:1], tuple(sharp[:, None]))
    assert mean == pytest.approx([0], abs=1e-6)


def test_model_of_one_language_is_asked_for_none(tmp_path):
    recogniser = whisper.Whisper(str(save_whisper(tmp_path / "english", multilingual=False)), "cpu")
    (heard,) = recogniser.hear([sound(3)])
    assert heard.language == "en"


def test_transcripts_reach_the_table_of_texts(model, tracks, tmp_path, let_all_pass):
    folder = tmp_path / "lyrics"
    failed = whisper.transcribe(tracks, folder, model, batch=2, device="cpu")
    assert failed.empty
    table = sources.load(tracks, folder)
    assert set(table["source"]) == {"transcript"} and set(table["language"]) <= {"en", "bn"}
    found = {i: records.read(folder / "transcript", i) for i in "abcd"}
    assert [len(found[i]["chunks"]) for i in "abcd"] == [1, 2, 1, 1]
    assert found["b"]["text"].split("\n") == [c["text"] for c in found["b"]["chunks"]]


def test_batches_do_not_change_what_is_heard(model, tracks, tmp_path, let_all_pass):
    for batch in (1, 4):
        whisper.transcribe(tracks, tmp_path / str(batch), model, batch=batch, device="cpu")
    one, four = (
        [records.read(tmp_path / str(batch) / "transcript", i)["text"] for i in "abcd"]
        for batch in (1, 4)
    )
    assert one == four


def test_killed_run_goes_on_and_repeats_no_track(model, tracks, tmp_path, monkeypatch):
    heard = []
    hear = whisper.Whisper.hear

    def count_and_die(self, chunks):
        if len(heard) == 2:
            raise KeyboardInterrupt
        heard.append(len(chunks))
        return hear(self, chunks)

    monkeypatch.setattr(whisper.Whisper, "hear", count_and_die)
    with pytest.raises(KeyboardInterrupt):
        whisper.transcribe(tracks, tmp_path, model, batch=1, device="cpu")
    folder = tmp_path / "transcript"
    assert finished(folder) == ["a"]  # b has two chunks, and the run died in the second
    before = (folder / "a.json").stat().st_mtime_ns
    monkeypatch.setattr(whisper.Whisper, "hear", hear)
    whisper.transcribe(tracks, tmp_path, model, batch=1, device="cpu")
    assert finished(folder) == ["a", "b", "c", "d"]
    assert (folder / "a.json").stat().st_mtime_ns == before


def test_nothing_left_to_do_loads_no_model(model, tracks, tmp_path, monkeypatch):
    whisper.transcribe(tracks[:1], tmp_path, model, device="cpu")
    monkeypatch.setattr(whisper, "Whisper", None)
    whisper.transcribe(tracks[:1], tmp_path, model, device="cpu")


def test_what_earlier_versions_heard_is_not_heard_again(tracks, tmp_path, monkeypatch):
    line = json.dumps({"track_id": "a", "model": "old", "text": "words"})
    (tmp_path / "whisper.jsonl").write_text(f"{line}\n")
    monkeypatch.setattr(whisper, "Whisper", None)
    assert whisper.transcribe(tracks[:1], tmp_path, "old", device="cpu").empty
    assert sources.load(tracks, tmp_path)["source"].tolist() == ["transcript"] + ["none"] * 3


def test_two_runs_do_not_transcribe_at_once(tracks, tmp_path):
    with (
        filelock.FileLock(tmp_path / ".transcript.lock"),
        pytest.raises(UserError, match=r"another run is writing to .*transcript: wait"),
    ):
        whisper.transcribe(tracks, tmp_path, "any")


def test_another_model_hears_anew(model, tracks, tmp_path):
    other = str(shutil.copytree(model, tmp_path / "other"))
    for name in (model, other):
        whisper.transcribe(tracks[:1], tmp_path, name, device="cpu")
    assert records.read(tmp_path / "transcript", "a")["model"] == other


def test_bad_track_costs_that_track(model, tracks, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"no sound")
    failed = whisper.transcribe(tracks[[True, False, False, True]], tmp_path, model)
    assert failed["track_id"].tolist() == ["a"] and failed["reason"][0]
    assert finished(tmp_path / "transcript") == ["d"]


def test_bad_input_is_named(tracks, tmp_path):
    with pytest.raises(UserError, match="cannot be loaded: name the folder of one") as error:
        whisper.transcribe(tracks, tmp_path, str(tmp_path))
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="batch must be 1 or more, not 0"):
        whisper.transcribe(tracks, tmp_path, "any", batch=0)


def filtered(text, no_speech=0.0, log_probability=0.0):
    transcript = Transcript(text, no_speech=no_speech, log_probability=log_probability)
    return hallucinations.keep_sung(transcript)


SONG = "We walked along the harbour in the rain, and every lamp had found its little moon."


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "no words"),
        ("♪ ♪ ♪", "no words"),
        ("[Music] (applause) ...", "no words"),
        ("Thanks for watching!", "credits"),
        ("Please subscribe to my channel. Thank you so much for watching this video.", "credits"),
        ("Subtitles by the Example Community", "credits"),
        ("Untertitelung im Auftrag von Beispiel, 2020", "credits"),
        ("oh " * 60, "loop"),
        ("I want to go home " * 20, "loop"),
        ("ঘরে ফিরে যাই " * 20, "loop"),
        (" ".join(f"{n} and we go round the old house in the long night" for n in "ab" * 9),
         "compression"),
        ("The ligh\ufffdt of day", "broken"),
        ("Hello wоrld again", "broken"),  # with a Cyrillic o
        ("One слово ένα", "broken"),
    ],
)  # fmt: skip
def test_what_nobody_sang_is_dropped(given, reason):
    assert filtered(given) == ("", reason)


@pytest.mark.parametrize(
    "given",
    [
        SONG,
        "আমার ঘরে আলো জ্বলে, তোমার ঘরে গান।",
        "Thank you for the days we had. We'll see you next year.",
        "তুমি my love আমার baby",  # both languages of one song
        "Na na na na, hey hey, goodbye",
        "夜の中へ行くよ",
    ],
)
def test_what_somebody_sang_is_kept(given):
    assert filtered(given) == (given, "")


def test_refrains_are_kept_four_times():
    text, _ = filtered("So tell me where the river goes tonight, " + "hold on, " * 7)
    assert text == "So tell me where the river goes tonight, " + "hold on, " * 3 + "hold on,"


def test_credits_are_taken_out_of_a_song():
    assert filtered(f"{SONG} Thanks for watching! Bye now.")[0] == f"{SONG} Bye now."
    text, _ = filtered(f"{SONG[:-1]} www.example.com and so on and on")
    assert text.startswith(SONG[:-1])


def test_doubt_drops_only_when_both_numbers_say_so():
    assert filtered(SONG, 0.9, -1.5) == ("", "silence")
    assert filtered(SONG, 0.9, -0.5) == filtered(SONG, 0.1, -1.5) == (SONG, "")


def test_compression_counts_letters_and_not_bytes():
    import zlib

    bangla = "আমি তোমার নদীর ধারে বসে আছি, তুমি আসবে বলে সারা রাত জেগে থাকি একা"
    raw = bangla.encode()
    assert len(raw) / len(zlib.compress(raw)) > 1.5 * hallucinations.compression(bangla)


@given(st.text())
def test_filtering_twice_changes_nothing(given):
    text, reason = filtered(given)
    assert bool(text) != bool(reason)
    if text:
        assert filtered(text)[0] in (text, "")


@given(st.lists(st.sampled_from(["la", "oh", "river", "night"]), max_size=40))
def test_shortening_adds_nothing_and_keeps_order(words):
    kept = hallucinations._shorten(words)
    rest = iter(words)
    assert all(word in rest for word in kept)
    assert set(kept) == set(words)


def test_real_transcripts_pass_and_real_loops_do_not(music_data):
    """All were kept by the audit of their collector, which let some nonsense through."""
    path = music_data / "lyrics" / "fma_whisper_transcripts.csv"
    if not path.exists():
        pytest.skip("no real transcripts")
    heard = pd.read_csv(path)
    heard = heard[heard["audit_status"] == "kept"]["text"]
    reasons = heard.map(lambda words: filtered(words)[1])
    assert (reasons == "").mean() > 0.95
    assert not reasons.isin(["loop", "compression"]).any()
    stuck = heard.map(lambda words: " ".join(words.split()[:6] * 12))
    assert (stuck.map(lambda words: filtered(words)[1]) != "").mean() > 0.99


def test_real_lyrics_in_bangla_pass(music_data):
    path = music_data / "lyrics" / "bangla_public_domain.csv"
    if not path.exists():
        pytest.skip("no real lyrics")
    reasons = pd.read_csv(path)["text"].map(lambda words: filtered(words)[1])
    assert (reasons == "").mean() > 0.99
