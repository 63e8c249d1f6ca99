"""Texts like those that people ask, to measure a search index on."""

import numpy as np

from timanh.vectors.scan.searchable import Searchable

MOST = 1000
FEWEST = 100
PATTERNS = ("{}", "a photo of {}", "{} outdoors", "{} in the evening", "two of {}, close up")
# Where a gallery has no captions: common things, people, places and moods, a word or two each.
THINGS = (
    "a dog", "a cat", "a bird", "a horse", "a cow", "an elephant", "a car", "a red car", "a bus",
    "a train", "a boat", "a bicycle", "a motorbike", "an aeroplane", "a child", "an old man",
    "a woman smiling", "a crowd", "friends", "a wedding", "a birthday cake", "a bowl of noodles",
    "coffee", "fruit", "vegetables", "a market", "a street at night", "a city", "a village",
    "a house", "a kitchen", "a bedroom", "an office", "a computer", "a book", "a telephone",
    "a table", "a chair", "flowers", "a tree", "a forest", "a mountain", "a river", "the sea",
    "a beach", "snow", "rain", "sunset", "fog", "a football match", "someone running", "a swimmer",
    "a bridge", "a temple", "a church", "a statue", "a painting", "a guitar", "a toy", "a ball",
    "a hat", "shoes", "a blue dress", "a document", "a screenshot", "a map", "fire", "a kite",
)  # fmt: skip


def sample_texts(dictionary: Searchable) -> list[str]:
    """Up to 1,000 different captions spread over the gallery, or common words where it has few."""
    count = len(dictionary)
    rows = np.unique(np.linspace(0, count - 1, MOST, dtype=int)) if count else ()
    captions: dict[str, None] = {}
    for place, row in enumerate(rows):
        here = dictionary.item(int(row)).captions
        if here:
            captions[here[place % len(here)].strip(" .")] = None
    if len(captions) >= FEWEST:
        return list(captions)
    common = (pattern.format(thing) for pattern in PATTERNS for thing in THINGS)
    return [*captions, *common]
