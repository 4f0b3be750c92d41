"""Words of the demo corpus: lyrics in English and Bangla, titles and artists.

All words are written for this project. A theme holds nouns, adjectives, places, what the singer
does (first person) and what happens around (whole clauses), so that any slot of a template takes
any word of its kind and the line stays grammatical: Bangla verbs agree with the person, and its
nouns change their form in the locative, so the places are given as whole phrases.
"""

import re
import unicodedata

THEMES = ("love", "river", "night", "road", "city", "seeker", "dance", "storm")
SLOTS = ("noun", "adj", "place", "do", "clause")

# theme: nouns | adjectives | places | first-person verb phrases | clauses
EN = {
    "love": "heart, smile, letter, kiss, promise, name | sweet, tender, foolish, true"
    " | by your side, at your window, in your arms"
    " | miss you, call your name, write you a letter, hold on to you"
    " | your eyes are shining, my heart is beating, the roses open",
    "river": "river, boat, wave, harbour, sail, bridge | quiet, muddy, wide, silver"
    " | by the river, on the water, down at the landing"
    " | row the boat, count the waves, float away, cast my net"
    " | the tide is turning, the water rises, the rain comes down",
    "night": "moon, star, shadow, dream, candle, midnight | silent, lonely, pale, sleepless"
    " | in the dark, under the moon, on the rooftop"
    " | lie awake, count the stars, dream of you, wait for morning"
    " | the night is falling, the moon is rising, the lamp burns low",
    "road": "road, train, highway, suitcase, hometown, mile | dusty, long, winding, open"
    " | down the road, past the hills, at the station"
    " | drive all day, walk back home, follow the line, pack my bags"
    " | the wheels are turning, the whistle blows, the dust is flying",
    "city": "city, street, corner, sidewalk, market, subway | crowded, neon, restless, concrete"
    " | on the corner, in the crowd, on my block"
    " | tell the truth, keep on moving, work all week, hold my head up"
    " | the traffic roars, the lights come on, the rent is due",
    "seeker": "soul, pilgrim, prayer, bird, temple, teacher | holy, humble, unknown, simple"
    " | within my heart, under the banyan, at your feet"
    " | search for you, sing your praise, bow my head, leave it all"
    " | the bird is calling, the bell is ringing, the days go by",
    "dance": "party, rhythm, beat, music, groove, dancer | golden, wild, electric, shiny"
    " | on the dance floor, under the lights, all together"
    " | spin around, raise my hands, lose control, move my feet"
    " | the bass is pumping, the mirror turns, everybody dances",
    "storm": "storm, fire, thunder, war, throne, sword | black, burning, broken, blind"
    " | in the fire, beneath the ruins, against the wind"
    " | fight alone, break my chains, scream your name, face the flames"
    " | the sky is bleeding, the thunder strikes, the empire falls",
    "common": "day, song, sky, world, time, life, friend | new, beautiful, old, little"
    " | in this world, under the sky, here tonight"
    " | sing my song, look around, wait for you, try again"
    " | the time goes by, the wind is blowing, the world is changing",
}
BN = {
    "love": "মন, চোখ, হাসি, হাত, চিঠি, নাম | মিষ্টি, চেনা, নরম, প্রিয়"
    " | তোমার পাশে, বুকের ভেতর, জানালার ধারে"
    " | তোমায় ভালোবাসি, তোমার কথা ভাবি, চিঠি লিখি, চুপ করে থাকি"
    " | হৃদয় কাঁপে, চোখ কথা বলে, ফুল ফোটে",
    "river": "নদী, নৌকা, ঢেউ, জল, স্রোত, ঘাট | শান্ত, পুরোনো, সুন্দর, দূরের"
    " | নদীর ধারে, মাঝনদীতে, ঘাটের সিঁড়িতে"
    " | নৌকা বাই, জলে ভাসি, একা বসে থাকি, ঢেউ গুনি"
    " | জোয়ার আসে, জল বয়ে যায়, পাল ওড়ে",
    "night": "রাত, চাঁদ, তারা, ছায়া, স্বপ্ন, আঁধার | নীরব, একলা, ক্লান্ত, মায়াবী"
    " | চাঁদের আলোয়, অন্ধকার ঘরে, খোলা ছাদে"
    " | জেগে থাকি, তারা গুনি, স্বপ্ন দেখি, একা কাঁদি"
    " | রাত নামে, চাঁদ ওঠে, জোনাকি জ্বলে",
    "road": "পথ, গাড়ি, মাঠ, গ্রাম, বাড়ি, স্টেশন | দূরের, চেনা, পুরোনো, ফাঁকা"
    " | মেঠো পথে, পাহাড়ের ওপারে, মাঠের শেষে"
    " | হেঁটে যাই, বাড়ি ফিরি, পথ খুঁজি, ধুলো মাখি"
    " | গাড়ি চলে, ধুলো ওড়ে, ট্রেন থামে",
    "city": "শহর, রাস্তা, দেয়াল, আলো, বাজার, গলি | নতুন, পুরোনো, রঙিন, ঝলমলে"
    " | চায়ের দোকানে, রাস্তার মোড়ে, ভিড়ের মাঝে"
    " | সত্যি কথা বলি, কথা সাজাই, রোজ খাটি, মাথা তুলে দাঁড়াই"
    " | বাস ছাড়ে, আলো জ্বলে, ভিড় বাড়ে",
    "seeker": "মানুষ, গুরু, প্রাণ, সাধু, বাউল, পাখি | অচিন, সহজ, আপন, পাগল"
    " | মনের ভেতর, বটের ছায়ায়, গুরুর চরণে"
    " | একতারা বাজাই, মানুষ খুঁজি, পথ চেয়ে থাকি, মাথা নত করি"
    " | একতারা বাজে, পাখি উড়ে যায়, দিন ফুরায়",
    "dance": "তাল, গান, সুর, নাচ, উৎসব, ছন্দ | নতুন, রঙিন, দারুণ, চঞ্চল"
    " | আলোর নিচে, গানের তালে, সবার সাথে"
    " | নেচে উঠি, হাত তুলি, তাল দিই, ঘুরে ঘুরে নাচি"
    " | ঢোল বাজে, সবাই নাচে, আলো ঘোরে",
    "storm": "ঝড়, আগুন, মেঘ, বজ্র, যুদ্ধ, রাত্রি | ভয়ংকর, কালো, লাল, অন্ধ"
    " | আগুনের মাঝে, ভাঙা দেশে, কালো আকাশের নিচে"
    " | একা লড়ি, শেকল ভাঙি, চিৎকার করি, রুখে দাঁড়াই"
    " | ঝড় ওঠে, বাজ পড়ে, আকাশ কাঁপে",
    "common": "গান, দিন, আকাশ, বাতাস, জীবন, পৃথিবী, বন্ধু | নতুন, সুন্দর, চেনা, পুরোনো"
    " | এই পৃথিবীতে, আকাশের নিচে, ভোরবেলায়"
    " | গান গাই, চেয়ে থাকি, অপেক্ষা করি, আবার চেষ্টা করি"
    " | দিন যায়, বাতাস বয়, সময় চলে যায়",
}
TEMPLATES = {
    "en": (
        "{adj} {noun}, {adj} {noun}",
        "I {do} {place}",
        "{clause} {place}",
        "oh {noun}, my {adj} {noun}",
        "your {noun} and my {noun}",
        "{clause} and I {do}",
        "I remember that {adj} {noun}",
        "tell me, where is the {noun}?",
    ),
    "bn": (
        "{adj} {noun}, {adj} {noun}",
        "{place} আমি {do}",
        "{place} {clause}",
        "ও {noun}, আমার {adj} {noun}",
        "তোমার {noun} আর আমার {noun}",
        "{clause}, আমি {do}",
        "কোথায় গেল সেই {adj} {noun}",
        "এ কেমন {noun}, বলো, এ কেমন {noun}?",
    ),
}
# Nouns that a genre likes, whatever its theme.
COLOURS = {
    "baul": ("drum, saint, clay, beggar, flute", "দোতারা, খঞ্জনি, আখড়া, ফকির, মাটি"),
    "blues": ("whiskey, trouble, guitar, sorrow, delta", "দুঃখ, গিটার, বৃষ্টি, কান্না, বোঝা"),
    "classical": ("garden, violin, spring, rose, evening", "রাগ, বীণা, সন্ধ্যা, ফুল, প্রদীপ"),
    "country": ("truck, horse, farm, porch, fiddle", "খামার, ঘোড়া, ধান, উঠোন, লাঙল"),
    "disco": ("fever, mirror, saturday, glitter, boogie", "আয়না, নেশা, মঞ্চ, জুতো, ঝাড়বাতি"),
    "hiphop": ("microphone, money, hustle, crew, rhyme", "মাইক, পাড়া, টাকা, লড়াই, ছড়া"),
    "jazz": ("coffee, saxophone, smoke, piano, autumn", "কফি, ধোঁয়া, পিয়ানো, কুয়াশা, জানালা"),
    "metal": ("steel, grave, demon, ash, chain", "ইস্পাত, কবর, দানব, ছাই, শেকল"),
    "reggae": ("island, sunshine, freedom, lion, ocean", "সাগর, রোদ, বালি, শান্তি, মুক্তি"),
    "rock": ("rebel, engine, stone, radio, wheel", "বিদ্রোহ, চাকা, পাথর, বেতার, গর্জন"),
}
# Which themes a genre sings of most; other themes come in too.
LEANINGS = {
    "baul": ("seeker", "river", "road"),
    "blues": ("night", "road", "love"),
    "classical": ("love", "seeker", "river"),
    "country": ("road", "love", "river"),
    "disco": ("dance", "love", "night"),
    "hiphop": ("city", "dance", "road"),
    "jazz": ("night", "love", "city"),
    "metal": ("storm", "night", "seeker"),
    "reggae": ("river", "seeker", "dance"),
    "rock": ("road", "storm", "love"),
}
BANDS = {
    "en": (
        "Copper, Paper, Velvet, Hollow, Seven, Northern, Crooked, Marble, Tin, Amber",
        "Kites, Lanterns, Orchard, Sparrows, Ferry, Almanac, Meridian, Thistle, Engines, Parade",
    ),
    "bn": (
        "মাটির, কাগজের, মেঘের, কাঠের, সাতরঙা, দখিনা, রুপোলি, জলের, শালবনের, ভোরের",
        "ঘুড়ি, বাঁশি, লণ্ঠন, পাঠশালা, শালিক, ডাকঘর, কাঁথা, সাম্পান, জোনাকি, মেলা",
    ),
}
THEME_STAYS, COMMON_WORDS, COLOURED = 0.8, 0.35, 0.3
TRUNCATED, MISSING = 0.2, 0.1


def _split(text: str) -> tuple[str, ...]:
    # NFC, since a keyboard may write ড় as one code point or as two.
    return tuple(unicodedata.normalize("NFC", word.strip()) for word in text.split(","))


LEXICON = {
    language: {
        theme: dict(zip(SLOTS, (_split(part) for part in text.split("|")), strict=True))
        for theme, text in table.items()
    }
    for language, table in (("en", EN), ("bn", BN))
}
COLOURS = {
    g: dict(zip(("en", "bn"), map(_split, pair), strict=True)) for g, pair in COLOURS.items()
}
BANDS = {language: tuple(map(_split, pair)) for language, pair in BANDS.items()}
TEMPLATES = {
    language: tuple(unicodedata.normalize("NFC", line) for line in lines)
    for language, lines in TEMPLATES.items()
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
            if slot == "noun" and genre in COLOURS and rng.chance(COLOURED):
                words = COLOURS[genre][language]
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
    """The vowels that a voice sings for a text, one a syllable.

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
