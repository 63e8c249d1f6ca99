"""Queries whose right pictures are known, out of the captions of a gallery.

What people wrote of a picture is true of it. So a piece of a caption is a query for which all
pictures are right whose captions have its words; without those pictures, it is a query for
something that is not there.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORD = re.compile(r"\w+")
# Words of a query, at least and at most: each such length is measured by itself.
LENGTHS = ((1, 2), (3, 4), (5, 7), (8, 30))
EACH = 60  # queries of each length
# Shares of the captioned pictures: words of more say nothing by themselves, a query needs a word
# of at most so many, and one that fits more has no wrong answer worth the name.
COMMON, RARE, FITS = 0.25, 0.12, 0.2


@dataclass(frozen=True)
class WrittenQuery:
    """`right`: rows of the sample, rising; `words`: how many."""

    text: str
    words: int
    right: NDArray[np.int64]


def length_of(words: int) -> int:
    """The place in `LENGTHS` of queries of so many words."""
    return sum(words > most for _, most in LENGTHS[:-1])


def count_words(text: str) -> int:
    """As `WrittenQuery.words`, at least 1."""
    return max(1, len(WORD.findall(text)))


def singular(word: str) -> str:
    """An English word without the s of its plural, so that “red cars” is right for “red car”."""
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] not in "siu" else word


def written_queries(
    captions: Sequence[Sequence[str]], random: np.random.Generator, each: int = EACH
) -> list[WrittenQuery]:
    """Up to `each` queries of each length, of a caption at most one.

    Args:
        captions: in one language, of each row of the sample; empty where a picture has none.
    """
    texts = [[WORD.findall(caption.lower()) for caption in here] for here in captions]
    captioned = sum(map(bool, texts))
    count = Counter(word for here in texts for word in {w for words in here for w in words})
    having: dict[str, set[tuple[int, int]]] = {}
    for row, here in enumerate(texts):
        for place, words in enumerate(here):
            for word in words:
                having.setdefault(singular(word), set()).add((row, place))
    places = [(row, place) for row, here in enumerate(texts) for place in range(len(here))]
    found: list[WrittenQuery] = []
    made = [0] * len(LENGTHS)
    seen = set()
    order = random.permutation(len(places)).tolist()
    # Of each caption a query of the length that is rarest yet; then of those that cannot give it,
    # being too short or saying what others say, one of any length.
    for tries in (1, len(LENGTHS)):
        left = []
        for at in order:
            row, place = places[at]
            for wanted in np.argsort(made, kind="stable").tolist()[:tries]:
                if made[wanted] >= each:
                    continue
                piece = _piece(texts[row][place], LENGTHS[wanted], count, captioned, random)
                if not piece or piece in seen:
                    continue
                seen.add(piece)
                having_all = set.intersection(*(having[singular(word)] for word in piece))
                right = np.array(sorted({row for row, _ in having_all}), np.int64)
                if len(right) <= FITS * captioned:
                    found.append(WrittenQuery(" ".join(piece), len(piece), right))
                    made[wanted] += 1
                    break
            else:
                left.append(at)
        order = left
    return found


def _piece(
    words: Sequence[str],
    length: tuple[int, int],
    count: Counter[str],
    captioned: int,
    random: np.random.Generator,
) -> tuple[str, ...]:
    """Some words of a caption that a person might search by; empty where it has none."""
    options = [
        (start, size)
        for size in range(length[0], min(length[1], len(words)) + 1)
        for start in range(len(words) - size + 1)
        if count[words[start + size - 1]] <= COMMON * captioned
        and (start == 0 or size > 2 or count[words[start]] <= COMMON * captioned)
        and any(count[word] <= RARE * captioned for word in words[start : start + size])
    ]
    if not options:
        return ()
    start, size = options[int(random.integers(len(options)))]
    return tuple(words[start : start + size])
