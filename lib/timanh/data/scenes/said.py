"""What a caption of a drawn picture says is there, read back from its words.

It knows the words that `english.py` and `vietnamese.py` write with, and their order; it is how the
sentences of a captioner are compared with the truth of what it was shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from timanh.data.scenes import english, vietnamese
from timanh.data.scenes.queries import CHILD_WORDS, CHILDREN, CLASSIFIERS, LANGUAGES, NamedThing
from timanh.data.scenes.scene import Scene

Words = tuple[str, ...]
CLOTHES = {
    "en": ("shirt", "shirts", "dress", "dresses", "leaves"),
    "vi": ("mặc áo", "mặc váy", "có lá"),
}
BARE_ITEMS = ("ô", "dù", "bóng", "diều", "xe đạp")  # as in "che ô", with no classifier


@dataclass(frozen=True)
class Comparison:
    """How what a caption names compares with what is there.

    Attributes:
        main: whether the thing that the picture is about is named.
        named: how many things are named; right: how many of them are there.
        colours, colours_right; counts, counts_right: of those that are there, how many have their
            colour or number named, and how many of these are right.
        there: how many things the picture shows, without what people hold; found: how many of
            them are named.
    """

    main: bool
    named: int
    right: int
    colours: int
    colours_right: int
    counts: int
    counts_right: int
    there: int
    found: int


def things_said(text: str, language: str) -> list[NamedThing]:
    """The things that a caption names, in their order, with colour and number where it says them.

    Example:
        >>> things_said("two brown dogs next to a ball on the beach", "en")
        [NamedThing(kinds=('dog',), colour='brown', count=2), NamedThing(kinds=('ball',), count=1)]
    """
    words = tuple(text.lower().replace(",", " ").replace(".", " ").split())
    words = tuple(_without(words, _settings(language)))
    read = _read_english if language == "en" else _read_vietnamese
    return list(read(words))


def compare(scene: Scene, text: str, language: str) -> Comparison:
    """Hold a caption against the picture's truth; a thing that is named twice is there once."""
    left: list[tuple[str, str | None, int]] = [(t.kind, t.colour, t.count) for t in scene.things]
    left += [
        (thing.item, thing.item_colour, thing.count)
        for thing in scene.things
        if thing.item is not None
    ]
    shown = [thing.kind for thing in scene.things]
    said = things_said(text, language)
    found: list[str] = []
    colours = counts = colours_right = counts_right = right = 0
    for named in said:
        fitting = [each for each in left if each[0] in named.kinds]
        if not fitting:
            continue
        # Of two that fit, such as an umbrella held and one that stands, the one it is more like.
        best = max(fitting, key=lambda each: (each[1] == named.colour, each[2] == named.count))
        left.remove(best)
        right += 1
        found.append(best[0])
        if named.colour is not None:
            colours += 1
            colours_right += named.colour == best[1]
        if named.count is not None:
            counts += 1
            counts_right += named.count == best[2]
    return Comparison(
        main=scene.main.kind in found,
        named=len(said),
        right=right,
        colours=colours,
        colours_right=colours_right,
        counts=counts,
        counts_right=counts_right,
        there=len(shown),
        found=sum(kind in found for kind in shown),
    )


def _read_english(words: Words) -> Iterator[NamedThing]:
    nouns, longest = _nouns("en")
    counts = {word: number for number, word in english.NUMBERS.items()} | {"a": 1, "an": 1}
    sizes = {size for each in english.SIZES.values() for size in each}
    for start, end, kinds in _matches(words, nouns, longest):
        before = start - 1
        colour = count = None
        if before >= 0 and words[before] in vietnamese.COLOURS:
            colour, before = words[before], before - 1
        if before >= 0 and words[before] in sizes:
            before -= 1
        if before >= 0:
            count = counts.get(words[before])
        # "in a red dress", "in red shirts", "with orange leaves"
        behind = [word for word in words[end : end + 4] if word not in ("a", "an")]
        if len(behind) > 2 and behind[0] in ("in", "with") and behind[2] in CLOTHES["en"]:
            colour = behind[1] if behind[1] in vietnamese.COLOURS else colour
        elif kinds == ("tree",) and colour is None:
            colour = "green" if words[end : end + 1] == ("green",) else None
        yield NamedThing(kinds, colour, count)


def _read_vietnamese(words: Words) -> Iterator[NamedThing]:
    nouns, longest = _nouns("vi")
    counts = {word: number for number, word in vietnamese.NUMBERS.items()}
    sizes = {size for each in vietnamese.SIZES.values() for size in each}
    clothes = [tuple(each.split()) for each in CLOTHES["vi"]]
    for start, end, kinds in _matches(words, nouns, longest):
        count = counts.get(words[start - 1]) if start else None
        if end < len(words) and words[end] in sizes:
            end += 1
        if words[end : end + 2] in clothes:
            end += 2
        yield NamedThing(kinds, _colour_at(words, end), count)


def _colour_at(words: Words, start: int) -> str | None:
    for size in (3, 2, 1):
        colour = _colours().get(words[start : start + size])
        if colour:
            return colour
    return None


def _matches(
    words: Words, nouns: Mapping[Words, tuple[str, ...]], longest: int
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, kinds) of each noun, the longest first where several begin at one word."""
    start = 0
    while start < len(words):
        for size in range(longest, 0, -1):
            kinds = nouns.get(words[start : start + size])
            if kinds and len(words[start : start + size]) == size:
                yield start, start + size, kinds
                start += size - 1
                break
        else:
            colour = next((n for n in (3, 2, 1) if words[start : start + n] in _colours()), 0)
            start += max(0, colour - 1)  # "xanh lá cây" names no tree
        start += 1


@cache
def _colours() -> dict[Words, str]:
    return {
        tuple(words.split()): colour
        for colour, options in vietnamese.COLOURS.items()
        for words in options
    }


@cache
def _nouns(language: str) -> tuple[dict[Words, tuple[str, ...]], int]:
    """Nouns as words → the kinds that they are true of; and how many words the longest has."""
    found: dict[Words, tuple[str, ...]] = {}
    for kind in vietnamese.NAMES:
        for noun in _names(kind, language):
            child = any(word in noun for word in (*CHILD_WORDS, "children"))
            found[tuple(noun.split())] = CHILDREN if child else (kind,)
    return found, max(map(len, found))


def _names(kind: str, language: str) -> Iterable[str]:
    if language == "en":
        return (each for pair in english.NAMES.get(kind, ((kind, f"{kind}s"),)) for each in pair)
    names = vietnamese.NAMES[kind]
    bare = [name.removeprefix(start) for name in names for start in CLASSIFIERS]
    return (*names, *(name for name in bare if name in names or name in BARE_ITEMS))


@cache
def _settings(language: str) -> tuple[Words, ...]:
    """Words for places and times, of which some name things (“among the trees”)."""
    words: Any = LANGUAGES[language]
    tables: Sequence[Mapping[str, Sequence[str]]] = (
        words.PLACES, words.OVER, words.NIGHT, words.SUNSET, words.DAY,
    )  # fmt: skip
    phrases = {phrase for table in tables for each in table.values() for phrase in each}
    phrases |= set(words.WATER.values())
    return tuple(sorted((tuple(phrase.split()) for phrase in phrases), key=len, reverse=True))


def _without(words: Words, phrases: Sequence[Words]) -> Iterator[str]:
    start = 0
    while start < len(words):
        found = next((p for p in phrases if words[start : start + len(p)] == p), None)
        if found is None:
            yield words[start]
        start += len(found) if found else 1
