"""Words of the demo corpus: lyrics in English and Bangla, titles and artists.

`words.toml` has the words of each theme by the slot that they fill in the templates of lines.
"""

import re
import tomllib
import unicodedata
from pathlib import Path

THEMES = ("love", "river", "night", "road", "city", "seeker", "dance", "storm")
# Which themes a genre sings of most; other themes come in too.
LEANINGS = {
    "baul": ("seeker", "river", "road"), "blues": ("night", "road", "love"),
    "classical": ("love", "seeker", "river"), "country": ("road", "love", "river"),
    "disco": ("dance", "love", "night"), "hiphop": ("city", "dance", "road"),
    "jazz": ("night", "love", "city"), "metal": ("storm", "night", "seeker"),
    "reggae": ("river", "seeker", "dance"), "rock": ("road", "storm", "love"),
}  # fmt: skip
THEME_STAYS, COMMON_WORDS, COLOURED = 0.8, 0.35, 0.3
TRUNCATED, MISSING = 0.2, 0.1


def _split(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(","))


# NFC, since a keyboard may write ড় as one code point or as two.
_TEXT = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
_WORDS = tomllib.loads(unicodedata.normalize("NFC", _TEXT))
TEMPLATES = {language: tuple(given["templates"]) for language, given in _WORDS.items()}
BANDS = {language: tuple(map(_split, given["bands"])) for language, given in _WORDS.items()}
LEXICON = {
    language: {
        theme: {slot: _split(words) for slot, words in slots.items()}
        for theme, slots in given["themes"].items()
    }
    for language, given in _WORDS.items()
}
COLOURS = {
    language: {genre: _split(words) for genre, words in given["colours"].items()}
    for language, given in _WORDS.items()
}


def line(rng, language: str, theme: str, genre: str) -> str:
    """One line of a song."""
    if not rng.chance(THEME_STAYS):
        theme = rng.choice(THEMES)
    last = ""

    def word(match: re.Match) -> str:
        nonlocal last
        slot = match.group(1)
        while True:
            if slot == "noun" and genre in COLOURS[language] and rng.chance(COLOURED):
                words = COLOURS[language][genre]
            else:
                words = LEXICON[language]["common" if rng.chance(COMMON_WORDS) else theme][slot]
            found = rng.choice(words)
            if found != last:
                last = found
                return found

    return re.sub(r"\{(\w+)\}", word, rng.choice(TEMPLATES[language]))


def song(rng, language: str, theme: str, genre: str) -> str:
    """A whole lyric: verse, hook, verse, hook."""

    def lines(n: int) -> list[str]:
        tongues = [language if language != "mixed" else rng.choice(("en", "bn")) for _ in range(n)]
        return [line(rng, tongue, theme, genre) for tongue in tongues]

    hook = lines(2)
    return "\n\n".join("\n".join(part) for part in (lines(4), hook, lines(4), hook)) + "\n"


def filed(rng, text: str) -> tuple[str, str]:
    """What of a lyric a collector got hold of, and its status: whole, truncated or missing."""
    draw = rng.random()
    if draw < MISSING:
        return "", "missing"
    if draw < MISSING + TRUNCATED:
        lines = text.splitlines()
        some = lines[: int(len(lines) * rng.between(0.2, 0.6))]
        return "\n".join(some).strip() + "\n", "truncated"
    return text, "whole"


def names(rng, language: str, theme: str) -> dict[str, str]:
    """A made-up title, from the words of the theme, and a made-up band."""
    tongue = "bn" if language == "bn" else "en"
    if theme not in THEMES:  # an instrumental
        theme = rng.choice(THEMES)
    found = LEXICON[tongue][theme]
    title = f"{rng.choice(found['adj'])} {rng.choice(found['noun'])}".title()
    return {"title": title, "artist": " ".join(rng.choice(part) for part in BANDS[tongue])}


_BANGLA_VOWELS = dict(zip("অআইঈউঊঋএঐওঔািীুূৃেৈোৌ", "Oaiiuuieoooaiiuuieooo", strict=True))
_CONSONANT = re.compile("[ক-হ]")
_ENGLISH = re.compile(r"ee|ea|oo|ou|ow|ai|ay|[aeiouy]")
_ENGLISH_VOWELS = dict(
    a="A", e="e", i="i", o="O", u="a", y="i", ee="i", ea="i", oo="u", ou="u", ow="o", ai="e", ay="e"
)


def vowels(text: str) -> list[str]:
    """The vowels that a voice sings for a text, one per syllable.

    a, e, i, o, u, A (as in cat) and O (as in lot).
    """
    found = []
    for word in text.lower().split():
        word = word.strip(",?").replace("\u09bc", "")  # the dot of ড় says nothing about vowels
        if word.isascii():
            stem = word[:-1] if len(word) > 3 and word.endswith("e") else word
            stem = stem.removeprefix("y")
            found += [_ENGLISH_VOWELS[v] for v in _ENGLISH.findall(stem)]
            continue
        for here, after in zip(word, word[1:] + " ", strict=True):
            if here in _BANGLA_VOWELS:
                found.append(_BANGLA_VOWELS[here])
            elif _CONSONANT.match(here) and (_CONSONANT.match(after) or after in "ংৎ"):
                found.append("O")  # the vowel that a bare consonant carries
    return found
