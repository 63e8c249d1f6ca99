"""When the best hit is weak, measured on the gallery itself."""

from dataclasses import dataclass

import numpy as np

from timanh.search import Query, SearchEngine, SearchResult

SAMPLES = 128
LOWEST = 5  # percent


@dataclass(frozen=True)
class WeakThresholds:
    """Best scores (cosine) below these are weak; None where the gallery has too little to measure.

    Attributes:
        text: what 95 % of the gallery's captions reach as queries.
        image: what 95 % of its pictures reach with their nearest neighbour.
    """

    text: float | None = None
    image: float | None = None

    @classmethod
    def measure(cls, engine: SearchEngine) -> "WeakThresholds":
        """Search the gallery by some of its captions and pictures."""
        dictionary = engine.dictionary
        total = len(dictionary)
        if total < 2:
            return cls()
        rows = list(range(0, total, max(1, total // SAMPLES)))[:SAMPLES]
        captions = [caption for row in rows for caption in dictionary.item(row).captions[:1]]
        text = None
        if captions:
            best = dictionary.search(engine.encode_texts(captions), 1)[0][:, 0]
            text = float(np.percentile(best, LOWEST))
        # The nearest is the picture itself, or a copy of it.
        neighbours = dictionary.search(dictionary.vectors_of(np.array(rows)), 2)[0][:, 1]
        return cls(text, float(np.percentile(neighbours, LOWEST)))

    def is_weak(self, query: Query, result: SearchResult) -> bool | None:
        """Whether the best hit is weak; None where that is unknown."""
        if query.like or query.unlike or query.offset or not result.hits:
            return None
        if query.without or result.query.excluded:
            return None
        if query.text and query.shown:
            return None
        threshold = self.text if query.text else self.image
        return None if threshold is None else result.hits[0].score < threshold
