"""The engine: understands a query, encodes it, looks it up."""

import threading
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from timanh.errors import EmptyQueryError
from timanh.models.encoder import Encoder, Vectors
from timanh.search.query import (
    Hit,
    Query,
    SearchResult,
    Understood,
    check_alpha,
    check_k,
    combine_query,
)
from timanh.vectors import VectorDictionary

if TYPE_CHECKING:
    from timanh.search.translation import Translator

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
        translator: "Translator | None" = None,
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
        k, alpha = check_k(query.k), check_alpha(query.alpha)
        text = clean_text(query.text)
        if text is None and not query.images:
            raise EmptyQueryError(
                "The query is empty. Write a few words, or add a picture, or both."
            )
        clock = _Clock()
        with clock.measure("translate"):
            understood = self._understand(text, alpha, len(query.images))
        with clock.measure("encode"):
            vector = self._encode(understood, query.images)
        with clock.measure("search"):
            scores, rows = self.dictionary.search(vector[None], k)
            hits = self._hits(scores[0], rows[0])
        return SearchResult(understood, hits, clock.result())

    def _understand(self, text: str | None, alpha: float, images: int) -> Understood:
        if text is None:
            return Understood(None, None, None, alpha, images, None)
        from timanh.search.translation import detect_language

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


def clean_text(text: str | None) -> str | None:
    """NFC, so that `ô` in one or two code points is one word; no blanks around; None if empty."""
    if text is None:
        return None
    return unicodedata.normalize("NFC", text).strip() or None


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
