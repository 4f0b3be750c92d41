"""Words as Whisper hears them: in chunks of 30 s, many at a time, and never a track twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import soxr
from tqdm import tqdm

from lib import audio, runtime
from lib.errors import UserError
from lib.lyrics import hallucinations, records
from lib.lyrics.hallucinations import Transcript

RATE = 16000  # Hz, and the length of a chunk: what every Whisper was trained with
CHUNK_SECONDS = 30
_SHORTEST = 1.0  # seconds; of a clip of 30.02 s the rest is no chunk, and only makes it invent


class Whisper:
    """A speech recogniser, run by transformers with greedy decoding."""

    def __init__(self, model: str, device: str) -> None:
        """Load the model; the imports take seconds."""
        import transformers

        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()  # it doubts arguments it then heeds
        self.device = runtime.choose_device(device)
        here = Path(model).expanduser()
        local = here.is_dir()
        name = str(here) if local else model
        # the model first: without a network, the processor would try each of its files for long
        kinds = transformers.WhisperForConditionalGeneration, transformers.WhisperProcessor
        try:
            loaded = [kind.from_pretrained(name, local_files_only=local) for kind in kinds]
        except (OSError, ValueError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise UserError(
                f"the Whisper model {model!r} cannot be loaded: name the folder of one, or one on "
                f"the Hugging Face hub, which must be within reach ({reason})"
            ) from None
        self.model, self.processor = loaded
        self.model.to(self.device).eval()

    def hear(self, chunks: Sequence[np.ndarray]) -> list[Transcript]:
        """Transcribe chunks of 30 s at most, each in the language that is most probable for it."""
        import torch

        sounds = self.processor.feature_extractor(
            list(chunks), sampling_rate=RATE, return_tensors="pt"
        ).input_features.to(self.device, self.model.dtype)
        with torch.inference_mode():
            encoded = self.model.get_encoder()(sounds)
            languages, no_speech = self._first_step(encoded)
            multilingual = {"language": languages, "task": "transcribe"} if languages else {}
            out = self.model.generate(
                encoder_outputs=encoded,
                return_dict_in_generate=True,
                output_scores=True,
                do_sample=False,
                num_beams=1,
                **multilingual,
            )
        texts = self.processor.batch_decode(out.sequences, skip_special_tokens=True)
        names = [language.strip("<|>") for language in languages or ["en"] * len(chunks)]
        confidence = self._log_probability(out.sequences, out.scores)
        return [
            Transcript(*values)
            for values in zip(map(str.strip, texts), names, no_speech, confidence, strict=True)
        ]

    def _first_step(self, encoded) -> tuple[list[str], list[float]]:
        """Read the languages, if the model knows several, and P(no speech) off the first token."""
        import torch

        config = self.model.generation_config
        start = torch.full((len(encoded[0]), 1), config.decoder_start_token_id, device=self.device)
        logits = self.model(encoder_outputs=encoded, decoder_input_ids=start).logits[:, -1].float()
        # every Whisper has the token for no speech right before that for no timestamps
        no_speech = logits.softmax(-1)[:, config.no_timestamps_token_id - 1].tolist()
        known = getattr(config, "lang_to_id", None)
        if not known:
            return [], no_speech
        names = list(known)
        best = logits[:, [known[name] for name in names]].argmax(-1).tolist()
        return [names[i] for i in best], no_speech

    def _log_probability(self, sequences, scores) -> list[float]:
        """Return the mean log probability of each transcript's tokens, up to its end."""
        import torch

        end = self.model.generation_config.eos_token_id
        end = torch.as_tensor(end, device=sequences.device)
        tokens = sequences[:, -len(scores) :]
        open_ = torch.ones(len(tokens), dtype=torch.bool, device=sequences.device)
        total, count = torch.zeros(len(tokens)), torch.zeros(len(tokens))
        for step, score in enumerate(scores):
            chosen = score.float().log_softmax(-1).gather(1, tokens[:, step : step + 1])[:, 0]
            total += torch.where(open_, chosen, 0).cpu()
            count += open_.cpu()
            open_ &= ~torch.isin(tokens[:, step], end)
        return (total / count.clamp(min=1)).tolist()


def transcribe(
    tracks: pd.DataFrame,
    folder: str | Path,
    model: str,
    *,
    batch: int = 8,
    device: str = "auto",
) -> pd.DataFrame:
    """Transcribe the tracks that this model has not transcribed yet, by ``track_id`` and ``path``.

    Each track gets a file ``transcript/<track_id>.json`` in the folder of the lyrics, which
    `lib.lyrics.load` reads, with ``text`` (what `lib.lyrics.hallucinations` lets pass), the
    ``language`` of most of its words, the ``model``, and all ``chunks`` as they were heard, each
    with the ``reason`` for which it was dropped. The model is a folder, or a name on the Hugging
    Face hub, as ``openai/whisper-small``; ``batch`` chunks go through it at a time, of one track or
    of several. Returns ``track_id`` and ``reason`` of the tracks that could not be read; they are
    tried again the next time.

    Raises a `UserError` when there is no such model or device, another run is at it, or a file
    cannot be written.
    """
    if batch < 1:
        raise UserError(f"batch must be 1 or more, not {batch}")
    folder = Path(folder) / "transcript"
    with records.alone(folder):
        known = [records.read(folder, track_id) for track_id in tracks["track_id"]]
        todo = tracks[[record is None or record.get("model") != model for record in known]]
        failed: list[tuple[str, str]] = []
        whisper = Whisper(model, device) if len(todo) else None
        done = len(tracks) - len(todo)
        with tqdm(desc="transcripts", unit="track", initial=done, total=len(tracks)) as progress:
            for group in _groups(todo, batch, failed):
                chunks = [chunk for track in group.values() for chunk in track]
                starts = range(0, len(chunks), batch)
                batches = (whisper.hear(chunks[start : start + batch]) for start in starts)
                heard = iter([transcript for found in batches for transcript in found])
                for track_id, own in group.items():
                    records.write(folder, track_id, _record(model, [next(heard) for _ in own]))
                progress.update(len(group))
    return pd.DataFrame(failed, columns=["track_id", "reason"])


def _chunks(path: str) -> list[np.ndarray]:
    """Decode a track and cut it into chunks of `RATE`; a rest below a second is left out."""
    sound = soxr.resample(audio.read(path), audio.SAMPLE_RATE, RATE, quality="HQ")
    size = CHUNK_SECONDS * RATE
    pieces = [sound[start : start + size] for start in range(0, len(sound), size)]
    return pieces[:1] + [piece for piece in pieces[1:] if len(piece) >= _SHORTEST * RATE]


def _groups(
    tracks: pd.DataFrame, batch: int, failed: list[tuple[str, str]]
) -> Iterator[dict[str, list[np.ndarray]]]:
    """Yield tracks together until they fill a batch; note those that cannot be read."""
    group: dict[str, list[np.ndarray]] = {}
    for track_id, path in zip(tracks["track_id"], tracks["path"], strict=True):
        try:
            group[track_id] = _chunks(path)
        except audio.AudioError as error:
            failed.append((track_id, str(error)))
            continue
        if sum(map(len, group.values())) >= batch:
            yield group
            group = {}
    if group:
        yield group


def _record(model: str, heard: list[Transcript]) -> dict:
    texts, reasons = zip(*map(hallucinations.keep_sung, heard), strict=True)
    words = Counter()
    for transcript, text in zip(heard, texts, strict=True):
        words[transcript.language] += len(text.split())
    pairs = zip(heard, reasons, strict=True)
    return {
        "text": "\n".join(filter(None, texts)),
        "language": words.most_common(1)[0][0] if words.total() else "",
        "model": model,
        "chunks": [{**transcript._asdict(), "reason": reason} for transcript, reason in pairs],
    }
