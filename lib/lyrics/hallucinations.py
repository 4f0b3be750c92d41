"""What Whisper writes where nobody sings: loops, subtitle credits, broken letters.

The rules look at the transcript of one chunk of 30 s:

    no words       no letter is left once signs for music and notes in brackets are gone
    silence        the model's own doubt: P(no speech) > 0.6 and mean log probability < -1 [1]_
    credits        thanks to viewers and names of subtitlers, learned from films: such sentences are
                   taken out (of a long one the phrase alone), and with them the chunk if fewer
                   than three words are left
    loop           a phrase repeated on the spot is kept four times, as refrains are; if more than
                   half of the words went with that, the decoder was stuck and the chunk goes
    compression    what is left can be compressed by more than 3
    broken         a sign that stands for no letter, a word of two scripts, or three scripts

Whisper's own limit of compression is 2.4, measured on UTF-8 [1]_. There each letter of Bangla takes
three bytes of which two hardly vary, and most real lyrics in Bangla lie beyond it. Here each
distinct letter is one byte, and the limit leaves room for refrains: speech has none.

References
----------
.. [1] A. Radford et al., Robust speech recognition via large-scale weak supervision, ICML 2023.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from typing import NamedTuple

NO_SPEECH = 0.6
LOG_PROBABILITY = -1.0
COMPRESSION = 3.0
REPEATS = 4
_LONGEST_PHRASE = 12  # words
_LONG_SENTENCE = 12  # words

_NOTES = re.compile(r"[\[(][^\])\n]{0,40}[\])]|[♪♫♬♩]+")
_SENTENCE = re.compile(r"[^.!?।\n]*(?:[.!?।](?=\S)[^.!?।\n]*)*[.!?।\n]*")
_CREDITS = re.compile(
    r"""\bthank(s|\ you)\b.{0,20}\b(for\ )?(watching|listening\ to\ th|viewing|your\ attention)
    | \bthank\ you\ for\ listening\W*$
    | \b(please|don'?t\ forget\ to|like\ and|remember\ to)\ (like|subscribe|share)
    | \bsubscribe\ to\ (my|our|the|this)\b
    | \bsee\ you\ (all\ |guys\ )?(in\ the\ )?next\ (video|time|one|episode)
    | \b(sub)?(titles?|titled|captions?|captioned|transcri\w+|translat\w+)\ by\b
    | \bamara\.org | \bwww\s*\. | \bhttps? | \b\w{3,}\.(com|org|net|tv)\b
    | \b(sous-titr|untertitel|subtítulos|legendas|sottotitoli|napisy|textning|ondertitel)\w*
    | \bсубтитр | редактор\ субтитров | 字幕 | ご視聴 | 谢谢观看 | 시청해
    """,
    re.IGNORECASE | re.VERBOSE,
)
_WIDE = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "HANGUL": "CJK", "FULLWIDTH": "LATIN"}


class Transcript(NamedTuple):
    """What the model made of a chunk, and how sure it was."""

    text: str
    language: str = ""  # the most probable, as Whisper abbreviates it (ISO 639-1 for most)
    no_speech: float = 0.0  # probability that nobody speaks
    log_probability: float = 0.0  # mean over the tokens


def keep_sung(transcript: Transcript) -> tuple[str, str]:
    """Return the words to keep, or else the rule by which there are none."""
    text = transcript.text
    if "\ufffd" in text:
        return "", "broken"
    text = _NOTES.sub(" ", text)
    if not any(map(str.isalpha, text)):
        return "", "no words"
    if transcript.no_speech > NO_SPEECH and transcript.log_probability < LOG_PROBABILITY:
        return "", "silence"
    sung = "".join(map(_without_credits, _SENTENCE.findall(text)))
    if sung != text and sum(any(map(str.isalpha, word)) for word in sung.split()) < 3:
        return "", "credits"
    words = sung.split()
    kept = _shorten(words)
    if len(kept) < len(words) / 2:
        return "", "loop"
    text = sung.strip() if kept == words else " ".join(kept)
    if compression(text) > COMPRESSION:
        return "", "compression"
    if _is_broken(text):
        return "", "broken"
    return text, ""


def compression(text: str) -> float:
    """Return how many times smaller zlib makes a text in which each letter is one byte."""
    letters = {letter: i % 256 for i, letter in enumerate(sorted(set(text)))}
    return len(text) / len(zlib.compress(bytes(letters[letter] for letter in text)))


def _without_credits(sentence: str) -> str:
    if len(sentence.split()) > _LONG_SENTENCE:  # the model left out the full stops
        return _CREDITS.sub(" ", sentence)
    return "" if _CREDITS.search(sentence) else sentence


def _shorten(words: list[str]) -> list[str]:
    """Keep a phrase that is repeated on the spot `REPEATS` times; the shortest phrases first."""
    for n in range(1, _LONGEST_PHRASE + 1):
        plain = ["".join(c for c in word if c.isalnum()).lower() for word in words]
        kept, run = [], 0
        for i, word in enumerate(words):
            # so many words in a row are those of n places before: a repeat each n of them
            run = run + 1 if i >= n and plain[i] == plain[i - n] else 0
            if run <= n * (REPEATS - 1):
                kept.append(word)
        words = kept
    return words


def _is_broken(text: str) -> bool:
    scripts = [{_script(letter) for letter in word if letter.isalpha()} for word in text.split()]
    return len(set().union(*scripts)) > 2 or any(len(own) > 1 for own in scripts)


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "UNKNOWN").split()[0]
    return _WIDE.get(name, name)
