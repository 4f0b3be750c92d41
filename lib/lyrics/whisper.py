"""Words as Whisper hears them: in chunks of 30 s, many at a time, and never a track twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import soxr
from tqdm import tqdm

from lib import runtime
from lib.audio import mfcc as audio
from lib.errors import UserError
from lib.lyrics import hallucinations as misheard
from lib.lyrics import journal
from lib.lyrics import sources as text

RATE = 16000  # Hz, and the length of a chunk: what every Whisper was trained with
CHUNK_SECONDS = 30
_SHORTEST = 1.0  # seconds; of a clip of 30.02 s the rest is no chunk, and only makes it invent


class Heard(NamedTuple):
    """What the model made of a chunk.

    Attributes
    ----------
    text : str
        Its transcript.
    language : str
        The most probable language, as Whisper abbreviates it (ISO 639-1 for most).
    no_speech : float
        Its probability that nobody speaks.
    log_probability : float
        The mean over the tokens of the transcript.
    """

    text: str
    language: str
    no_speech: float
    log_probability: float


class Whisper:
    """A speech recogniser [1]_, run by transformers with greedy decoding.

    Parameters
    ----------
    model : str
        Folder of a model, or its name on the Hugging Face hub, as ``openai/whisper-small``.
    device : str
        Where torch computes; ``auto`` takes what is there.

    Raises
    ------
    UserError
        When there is no such model or device.

    References
    ----------
    .. [1] A. Radford et al., Robust speech recognition via large-scale weak supervision, ICML 2023.
    """

    def __init__(self, model: str, device: str = "auto") -> None:
        """Load the model; the imports take seconds."""
        import transformers

        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()  # it doubts arguments it then heeds
        self.device = runtime.choose_device(device)
        here = Path(model).expanduser()
        name = str(here) if here.is_dir() else model
        options = {"local_files_only": here.is_dir()}
        try:
            # the model first: without a network, the processor would try each of its files for long
            self.model = transformers.WhisperForConditionalGeneration.from_pretrained(
                name, **options
            )
            self.processor = transformers.WhisperProcessor.from_pretrained(name, **options)
        except (OSError, ValueError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise UserError(
                f"the Whisper model {model!r} cannot be loaded: name the folder of one, or one on "
                f"the Hugging Face hub, which must be within reach ({reason})"
            ) from None
        self.model.to(self.device).eval()

    def hear(self, chunks: Sequence[np.ndarray]) -> list[Heard]:
        """Transcribe a batch of chunks, each in the language that is most probable for it.

        Parameters
        ----------
        chunks : sequence of ndarray, (samples,) each
            Mono at `RATE`, of `CHUNK_SECONDS` at most.

        Returns
        -------
        list of Heard
            One a chunk.
        """
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
            Heard(*values)
            for values in zip(map(str.strip, texts), names, no_speech, confidence, strict=True)
        ]

    def _first_step(self, encoded) -> tuple[list[str], list[float]]:
        """Return the languages, if the model knows several, and P(no speech) of each chunk.

        Both are read off the first token after the start, as in the paper.
        """
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
    """Transcribe what this model has not transcribed yet, into ``whisper.jsonl``.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track_id`` and ``path``.
    folder : str or Path
        Of the lyrics; `lib.lyrics.sources.load` reads the journal there. Each of its lines has ``text`` (what
        `lib.lyrics.hallucinations` lets pass), the ``language`` of most of these words, the ``model``, and all
        ``chunks`` as they were heard, each with the ``reason`` for which it was dropped.
    model : str
        As `Whisper` takes it.
    batch : int
        How many chunks go through the model at a time, of one track or of several.
    device : str
        As `Whisper` takes it.

    Returns
    -------
    DataFrame
        ``track_id`` and ``reason`` of the tracks that could not be read; they are tried again when
        this is called the next time.

    Raises
    ------
    UserError
        When the model cannot be loaded, or the journal not be written.
    """
    if batch < 1:
        raise UserError(f"batch must be 1 or more, not {batch}")
    path = Path(folder) / text.JOURNALS["transcript"]
    failed: list[tuple[str, str]] = []
    with journal.writing(path) as append:
        finished = {i for i, line in journal.read(path).items() if line.get("model") == model}
        todo = tracks[~tracks["track_id"].isin(finished)]
        if not len(todo):
            return pd.DataFrame(failed, columns=["track_id", "reason"])
        whisper = Whisper(model, device)
        with tqdm(
            total=len(tracks), initial=len(tracks) - len(todo), desc="transcripts", unit="track"
        ) as progress:
            for group in _groups(todo, batch, failed):
                chunks = [chunk for track in group.values() for chunk in track]
                heard = iter(
                    [
                        result
                        for start in range(0, len(chunks), batch)
                        for result in whisper.hear(chunks[start : start + batch])
                    ]
                )
                for track_id, own in group.items():
                    append(_entry(track_id, model, [next(heard) for _ in own]))
                progress.update(len(group))
    return pd.DataFrame(failed, columns=["track_id", "reason"])


def chunks(path: str | Path) -> list[np.ndarray]:
    """Decode a track and cut it into chunks.

    Parameters
    ----------
    path : str or Path
        Of the audio.

    Returns
    -------
    list of ndarray of float32, (samples,) each
        Mono at `RATE`; each of 30 s but the last, which is left out below a second.

    Raises
    ------
    AudioError
        As of `lib.audio.mfcc.read`.
    """
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
            group[track_id] = chunks(path)
        except audio.AudioError as error:
            failed.append((track_id, str(error)))
            continue
        if sum(map(len, group.values())) >= batch:
            yield group
            group = {}
    if group:
        yield group


def _entry(track_id: str, model: str, heard: list[Heard]) -> dict:
    judged = [misheard.judge(h.text, h.no_speech, h.log_probability) for h in heard]
    words = Counter()
    for h, kept in zip(heard, judged, strict=True):
        words[h.language] += len(kept.text.split())
    language = words.most_common(1)[0][0] if words.total() else ""
    return {
        "track_id": track_id,
        "text": "\n".join(kept.text for kept in judged if kept.text),
        "language": language,
        "model": model,
        "chunks": [
            {**h._asdict(), "reason": kept.reason} for h, kept in zip(heard, judged, strict=True)
        ],
    }
