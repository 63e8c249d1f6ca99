"""The engine: understands a query, encodes it, looks it up."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from timanh.models.encoder import Encoder, Vectors
from timanh.search.query import Hit, Query, SearchResult, Understood, combine_query
from timanh.search.translation import Translator, detect_language
from timanh.vectors import VectorDictionary

LANGUAGE_NAMES = {"en": "English", "vi": "Vietnamese"}


class SearchEngine:
    """Answers queries over one dictionary with the encoder that built it.

    May be called from many threads at once; the encoder works for one of them at a time.

    Example:
        >>> engine = SearchEngine(load_encoder("demo"), VectorDictionary.open(folder))
        >>> engine.search(Query("chiếc ô tô màu đỏ")).hits[0].score
        0.71
    """

    def __init__(
        self,
        encoder: Encoder,
        dictionary: VectorDictionary,
        translator: Translator | None = None,
    ) -> None:
        """Raises:
        EncoderMismatchError: the dictionary was built with another encoder.
        """
        dictionary.require(encoder)
        self.encoder = encoder
        self.dictionary = dictionary
        self.translator = translator
        # Fast tokenizers may not be used by two threads at once ("Already borrowed").
        self._encoding = threading.Lock()

    def search(self, query: Query) -> SearchResult:
        """The `query.k` pictures nearest to the query, best first.

        Raises:
            EmptyQueryError: neither text nor picture.
            QueryError: alpha or k out of range, or text and picture that cancel out.
        """
        query = query.checked()
        clock = _Clock()
        with clock.measure("translate"):
            understood = self._understand(query.text, query.alpha, len(query.images))
        with clock.measure("encode"):
            vector = self._encode(understood, query.images)
        with clock.measure("search"):
            scores, rows = self.dictionary.search(vector[None], query.k)
            hits = self._hits(scores[0], rows[0])
        return SearchResult(understood, hits, clock.result())

    def _understand(self, text: str | None, alpha: float, images: int) -> Understood:
        if text is None:
            return Understood(None, None, None, alpha, images, None)
        language = detect_language(text)
        if language in self.encoder.languages:
            return Understood(text, None, language, alpha, images, None)
        if self.translator is None:
            notice = (
                f"{self.encoder.name} does not know {LANGUAGE_NAMES.get(language, language)}; "
                "the words were searched as written."
            )
            return Understood(text, None, language, alpha, images, notice)
        answer = self.translator.translate(text)
        return Understood(text, answer.translated, language, alpha, images, answer.notice)

    def _encode(self, understood: Understood, images: Sequence[Image.Image]) -> Vectors:
        words = understood.translated or understood.text
        with self._encoding:
            text = self.encoder.encode_texts([words])[0] if words else None
            pictures = self.encoder.encode_images(list(images)) if images else None
        return combine_query(text, pictures, understood.alpha)

    def _hits(self, scores: NDArray[np.float32], rows: NDArray[np.int64]) -> tuple[Hit, ...]:
        hits = []
        for rank, (score, row) in enumerate(zip(scores, rows, strict=True), 1):
            item = self.dictionary.item(int(row))
            hits.append(
                Hit(
                    rank=rank,
                    id=item.id,
                    path=item.path,
                    # Rounding may carry a cosine of 1 past it.
                    score=max(-1.0, min(1.0, float(score))),
                    captions=item.captions,
                    width=item.width,
                    height=item.height,
                )
            )
        return tuple(hits)


class _Clock:
    """Milliseconds of each step, and of all together."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._took: dict[str, float] = {}

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self._took[step] = _ms_since(started)

    def result(self) -> dict[str, float]:
        return {**self._took, "total": _ms_since(self._started)}


def _ms_since(started: float) -> float:
    return round(1000 * (time.perf_counter() - started), 3)
