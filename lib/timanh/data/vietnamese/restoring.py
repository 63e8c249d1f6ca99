"""Vietnamese typed without its marks: “con meo den” for “con mèo đen”.

Which syllable was meant follows from those beside it: the likeliest row of syllables by how often
one, two and three of them stand together in the phrases of `phrases.txt`, which were
written for this package and say what is on photos. Interpolated n-grams: Jelinek and Mercer 1980.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache
from importlib.resources import files
from itertools import pairwise

from timanh.data.vietnamese.language import detect_language, is_bare_syllable
from timanh.data.vietnamese.marks import without_marks

WORD = re.compile(r"[^\W\d_]+")
START, END = "^", "$"
# The weights of one, two and three syllables, and how many rows are kept at each step.
ALONE, PAIR, TRIPLE, UNSEEN = 0.1, 0.45, 0.45, 1e-9
BEAMS = 40


def restore_marks(text: str) -> str | None:
    """The text with the marks that were most likely meant; None where it is no Vietnamese without
    marks, or where no other reading than the text itself is known.

    Words that are no Vietnamese syllables stay as they are.

    Example:
        >>> restore_marks("con meo den"), restore_marks("a black cat"), restore_marks("con mèo")
        ('con mèo đen', None, None)
    """
    if not text.isascii() or detect_language(text) != "vi":
        return None
    words = WORD.findall(text)
    restored = iter(_model().likeliest([word.lower() for word in words]))
    marked = WORD.sub(lambda found: _as_typed(found.group(), next(restored)), text)
    return None if marked == text else marked


def _as_typed(word: str, restored: str) -> str:
    """With the capitals of the word as it was typed."""
    if word.isupper() and len(word) > 1:
        return restored.upper()
    return restored[0].upper() + restored[1:] if word[0].isupper() else restored


class SyllableModel:
    """How often syllables stand alone, by twos and by threes in some phrases."""

    def __init__(self, phrases: list[str]) -> None:
        self.single: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()
        self.triples: Counter[tuple[str, str, str]] = Counter()
        for phrase in phrases:
            row = [START, *WORD.findall(unicodedata.normalize("NFC", phrase).lower()), END]
            self.single.update(row)
            self.pairs.update(pairwise(row))
            self.triples.update(zip(row, row[1:], row[2:], strict=False))
        self.total = self.single.total()
        self.readings: dict[str, list[str]] = defaultdict(list)
        for syllable in self.single:
            self.readings[without_marks(syllable)].append(syllable)

    def likeliest(self, words: list[str]) -> list[str]:
        """The likeliest syllables for lower-case words without marks, one each."""
        rows: dict[tuple[str, str], tuple[float, list[str]]] = {("", START): (0.0, [])}
        for word in [*words, END]:
            readings = (
                self.readings.get(word, [word]) if word == END or is_bare_syllable(word) else [word]
            )
            grown: dict[tuple[str, str], tuple[float, list[str]]] = {}
            for (first, second), (score, row) in rows.items():
                for reading in readings:
                    total = score + math.log(self._probability(first, second, reading))
                    kept = grown.get((second, reading))
                    if kept is None or total > kept[0]:
                        grown[second, reading] = (total, [*row, reading])
            best = sorted(grown.items(), key=lambda item: item[1][0], reverse=True)
            rows = dict(best[:BEAMS])
        return next(iter(rows.values()))[1][:-1]

    def _probability(self, first: str, second: str, third: str) -> float:
        alone = self.single[third] / self.total
        pair = self.pairs[second, third] / max(1, self.single[second])
        triple = self.triples[first, second, third] / max(1, self.pairs[first, second])
        return ALONE * alone + PAIR * pair + TRIPLE * triple + UNSEEN


@cache
def _model() -> SyllableModel:
    phrases = files("timanh.data.vietnamese").joinpath("phrases.txt").read_text(encoding="utf8")
    return SyllableModel(phrases.splitlines())
