"""Queries to offer: what people wrote of the pictures, else everyday words that fit them."""

import threading
from collections import Counter

import numpy as np

from timanh.search import SearchEngine, detect_language
from timanh.search.everyday import LABELS
from timanh.vectors import Searchable

COUNT = 6
SAMPLE = 400  # pictures that are looked at
Pair = tuple[str, str]  # Vietnamese and English


class Examples:
    """Made once for each state of the gallery."""

    def __init__(self, engine: SearchEngine) -> None:
        self._engine = engine
        self._made: tuple[Searchable | None, tuple[Pair, ...]] = (None, ())
        self._lock = threading.Lock()

    def pairs(self) -> tuple[Pair, ...]:
        """The same query in Vietnamese and in English, where both are known."""
        with self._lock:
            dictionary = self._engine.dictionary
            if self._made[0] is not dictionary:
                found = from_captions(dictionary) or from_labels(self._engine, dictionary)
                self._made = (dictionary, tuple(found))
            return self._made[1]


def from_captions(dictionary: Searchable, count: int = COUNT) -> list[Pair]:
    """The shortest caption in each language of some pictures spread over the gallery; in the
    other one where a picture has captions in one language only."""
    total = len(dictionary)
    pairs = []
    for row in range(0, total, max(1, total // (4 * count))):
        texts = [caption.strip(" .") for caption in dictionary.item(row).captions]
        by_language: dict[str, list[str]] = {"vi": [], "en": []}
        for text in filter(None, texts):
            by_language[detect_language(text)].append(text)
        vi, en = (min(each, key=len, default="") for each in by_language.values())
        if vi or en:
            pairs.append((vi or en, en or vi))
    step = max(1, len(pairs) // count)
    return list(dict.fromkeys(pairs[::step]))[:count]


def from_labels(engine: SearchEngine, dictionary: Searchable, count: int = COUNT) -> list[Pair]:
    """The everyday words that are the best description of the most pictures."""
    total = len(dictionary)
    if not total:
        return []
    rows = np.unique(np.linspace(0, total - 1, min(total, SAMPLE)).astype(np.int64))
    place = 1 if "en" in engine.encoder.languages else 0
    words = engine.encode_texts([pair[place] for pair in LABELS])
    best = (dictionary.vectors_of(rows) @ words.T).argmax(1)
    return [LABELS[label] for label, _ in Counter(best.tolist()).most_common(count)]
