"""English captions word by word in Vietnamese, by a list that comes with the package.

No translation: an encoder of both languages learns from it which Vietnamese words mean what its
English captions say. Noun phrases get Vietnamese order (“a big black dog” → “một con chó đen to”),
a word that is not in the list stays English.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

ARTICLES = frozenset(("a", "an", "the"))
TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+")
LEFT_OUT = 0.3  # of “một” and “đang”: people leave them out of what they search for
IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "feet": "foot", "teeth": "tooth",
    "geese": "goose", "wolves": "wolf", "knives": "knife", "ran": "run", "held": "hold",
    "sat": "sit", "stood": "stand", "lying": "lie", "lain": "lie", "laid": "lay", "wore": "wear",
    "worn": "wear", "threw": "throw", "thrown": "throw", "caught": "catch", "took": "take",
    "taken": "take", "gave": "give", "given": "give", "went": "go", "gone": "go", "ate": "eat",
    "eaten": "eat", "drank": "drink", "rode": "ride", "ridden": "ride", "swam": "swim",
    "flew": "fly", "flown": "fly", "fell": "fall", "fallen": "fall", "made": "make",
    "built": "build", "hung": "hang", "saw": "see", "seen": "see", "has": "have", "had": "have",
    "does": "do", "did": "do", "done": "do", "came": "come", "got": "get", "bent": "bend",
    "led": "lead", "left": "leave", "shot": "shoot", "blew": "blow", "drawn": "draw",
    "driven": "drive", "drove": "drive", "broken": "break", "broke": "break", "bitten": "bite",
    "tied": "tie", "tying": "tie", "dug": "dig", "knelt": "kneel", "spun": "spin",
}  # fmt: skip
NOT_PAST = frozenset(
    ("men", "women", "children", "feet", "teeth", "geese", "wolves", "knives", "has", "does")
)


@dataclass(frozen=True)
class Entry:
    """A word or phrase of the list: its kind, its English words, ways to say it."""

    kind: str
    words: tuple[str, ...]
    said: tuple[str, ...]


@dataclass
class Unit:
    """A word or phrase of a caption: its kind here, what it is, and its first word's form."""

    kind: str
    said: tuple[str, ...]
    words: tuple[str, ...]
    form: str


def in_vietnamese(caption: str, draw: random.Random) -> str:
    """An English caption word by word in Vietnamese, with words drawn where several say it.

    Args:
        caption: a word of it that is not known stays as it is; where half or more are not, as in
            another language, all of it does.
        draw: which of several words is taken, and whether “một” and “đang” are left out.

    Example:
        >>> in_vietnamese("two dogs in a park", random.Random(0))
        'hai chú chó ở một công viên'
    """
    units = list(_units([token.lower() for token in TOKEN.findall(caption)]))
    if sum(unit.kind == "?" for unit in units) * 2 >= len(units):
        return caption
    said = [part for group in _groups(units) for part in _say(group, draw)]
    return " ".join(said)


@cache
def _entries() -> dict[str, tuple[Entry, ...]]:
    """First English word → entries that begin with it, the longest first."""
    text = files("timanh.data.vietnamese").joinpath("words.txt").read_text("utf8")
    found: dict[str, list[Entry]] = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            left, _, right = line.partition(":")
            kind, *words = left.split()
            entry = Entry(kind, tuple(words), tuple(each.strip() for each in right.split("|")))
            found.setdefault(words[0], []).append(entry)
    return {
        word: tuple(sorted(entries, key=lambda entry: -len(entry.words)))
        for word, entries in found.items()
    }


@cache
def _bases(token: str) -> tuple[tuple[str, str], ...]:
    """(base, form) that a word may be of; forms are "", "s", "ing" and "ed"."""
    token = token.removesuffix("'s").removesuffix("'")
    found = [(token, "")]
    if token in IRREGULAR:
        form = "ing" if token.endswith("ing") else "s" if token in NOT_PAST else "ed"
        found.append((IRREGULAR[token], form))
    for suffix, form in (("ing", "ing"), ("ed", "ed"), ("es", "s"), ("s", "s")):
        stem = token.removesuffix(suffix)
        if stem == token or len(stem) < 2:
            continue
        found += [(stem, form), (stem + "e", form)]
        if stem[-1] == "i":
            found.append((stem[:-1] + "y", form))
        if stem[-1] == stem[-2]:
            found.append((stem[:-1], form))
        if stem[-1] == "v":
            found += [(stem[:-1] + "f", form), (stem[:-1] + "fe", form)]
    return tuple(found)


def _units(tokens: Sequence[str]) -> Iterator[Unit]:
    before, at = "", 0
    while at < len(tokens):
        found = list(_matches(tokens, at))
        longest = max((length for _, _, length in found), default=1)
        choices = [(entry, form) for entry, form, length in found if length == longest]
        nominal = _may_be(tokens, at + longest, "na")
        if not choices:
            unit = Unit("?", (tokens[at],), (tokens[at],), "")
        else:
            entry, form = min(choices, key=lambda one: _unlikely(one[0], one[1], before, nominal))
            kind = entry.kind
            if kind == "v" and form in ("ing", "ed") and before in ("d", "h", "a") and nominal:
                kind = "a"  # a running dog
            unit = Unit(kind, entry.said, entry.words, form)
        yield unit
        before = "n" if unit.kind == "?" else unit.kind
        if unit.words == ("to",):
            before = "to"
        at += longest


def _matches(tokens: Sequence[str], at: int) -> Iterator[tuple[Entry, str, int]]:
    """Entries that a caption has at a place, the form of their first word, and their length."""
    for base, form in _bases(tokens[at]):
        for entry in _entries().get(base, ()):
            here = at + 1
            for word in entry.words[1:]:
                while here < len(tokens) and tokens[here] in ARTICLES and word not in ARTICLES:
                    here += 1
                if here == len(tokens) or all(word != each for each, _ in _bases(tokens[here])):
                    break
                here += 1
            else:
                yield entry, form, here - at


def _may_be(tokens: Sequence[str], at: int, kinds: str) -> bool:
    return at < len(tokens) and any(entry.kind in kinds for entry, _, _ in _matches(tokens, at))


def _unlikely(entry: Entry, form: str, before: str, nominal: bool) -> tuple[int, int]:
    """How unlikely an entry is at its place; the least unlikely is taken."""
    kind = entry.kind
    if form in ("ing", "ed"):
        return (int(kind != "v"), 0)
    if kind == "a":
        return (0 if nominal or before in ("p", "v") else 2, -1)
    if kind == "n":
        verbal = before in ("n", "to") or (before == "" and form == "")
        return (3 if before == "to" else 1 if verbal else 0, 0 if form == "" else 1)
    if kind == "v":
        return (0 if before in ("n", "to") else 2, 0)
    return (1 if before in ("d", "h", "a") and kind == "p" else 0, 0)


def _groups(units: Sequence[Unit]) -> Iterator[list[Unit]]:
    """Noun phrases together, all else alone; “is” where Vietnamese has it, and none before what
    is being done."""
    group: list[Unit] = []
    for place, unit in enumerate(units):
        after = units[place + 1] if place + 1 < len(units) else None
        joins = unit.words == ("and",) and group and group[-1].kind == "a"
        if unit.kind in "dhan?" or (joins and after is not None and after.kind == "a"):
            if unit.kind in "dh" and any(each.kind in "n?" for each in group):
                yield group
                group = []
            group.append(unit)
            continue
        if group:
            yield group
            group = []
        copula = unit.words[0] in ("is", "are", "was")
        if copula and (after is None or after.kind not in "dhn?"):
            continue
        if unit.words == ("to",) and after is not None and after.kind == "v":
            unit = Unit("p", ("để",), unit.words, "")
        yield [unit]
    if group:
        yield group


def _say(group: Sequence[Unit], draw: random.Random) -> list[str]:
    """A noun phrase in Vietnamese order: number, noun, what it is like, whose it is."""
    words = {id(unit): draw.choice(unit.said) for unit in group}
    if len(group) == 1 and group[0].kind == "v":
        unit = group[0]
        going = unit.form == "ing" and draw.random() >= LEFT_OUT
        return (["đang"] if going else []) + [words[id(unit)]]
    heads = [unit for unit in group if unit.kind in "n?"]
    if not heads:
        return [said for said in words.values() if said]
    head = heads[-1]
    first = [words[id(unit)] for unit in group if unit.kind == "d"]
    whose = [words[id(unit)] for unit in group if unit.kind == "h"]
    like: list[str] = []
    joined = ""
    for unit in group:
        if unit.words == ("and",):
            joined = f"{like.pop()} {words[id(unit)]} " if like else ""
        elif unit.kind in "an?" and unit is not head:
            like.append(joined + words[id(unit)])
            joined = ""
    if draw.random() < LEFT_OUT:
        first = [said for said in first if said != "một"]
    if draw.random() < LEFT_OUT:
        whose = []
    this = [said for said in first if said in ("này", "đó", "khác", "kia")]
    before = [said for said in first if said and said not in this]
    return [*before, words[id(head)], *reversed(like), *this, *whose]
