"""The engine: understands a query, encodes it, looks it up."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from timanh.models.encoder import Encoder, Vectors
from timanh.search.folding import Found
from timanh.search.lookup import Lookup
from timanh.search.query import Hit, Query, SearchResult, Understood, combine_query
from timanh.search.translation import Translator, detect_language
from timanh.vectors import VectorDictionary

BATCH = 64
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
        self.lookup = Lookup(dictionary)
        self.translator = translator
        # Fast tokenizers may not be used by two threads at once ("Already borrowed").
        self._encoding = threading.Lock()

    def search(self, query: Query) -> SearchResult:
        """The `query.k` pictures nearest to the query, best first.

        Raises:
            EmptyQueryError: neither text nor picture.
            QueryError: alpha, k, offset or fold out of range, or text and picture that cancel out.
            UnknownPictureError: no picture has an id of `query.like`.
        """
        query = query.checked()
        clock = _Clock()
        with clock.measure("translate"):
            understood = self._understand(query.text, query.alpha, len(query.images))
        with clock.measure("encode"):
            vector = self._encode([understood], [query])[0]
        with clock.measure("search"):
            hits = self._hits(self.lookup.find(vector, query), query.offset)
        return SearchResult(understood, hits, clock.result(), self.lookup.considered(query))

    def search_many(self, queries: Iterable[Query]) -> Iterator[SearchResult]:
        """As `search` for each, in their order, looking up many at a time.

        `took_ms` is of the batch that a query was answered in.
        """
        batch: list[Query] = []
        for query in queries:
            batch.append(query.checked())
            if len(batch) == BATCH:
                yield from self._search_batch(batch)
                batch = []
        yield from self._search_batch(batch)

    def _search_batch(self, batch: list[Query]) -> Iterator[SearchResult]:
        if not batch:
            return
        clock = _Clock()
        with clock.measure("translate"):
            understood = [
                self._understand(query.text, query.alpha, len(query.images)) for query in batch
            ]
        with clock.measure("encode"):
            vectors = self._encode(understood, batch)
        with clock.measure("search"):
            found = self.lookup.find_all(vectors, batch)
        for one, query, own in zip(understood, batch, found, strict=True):
            hits = self._hits(own, query.offset)
            yield SearchResult(one, hits, clock.result(), self.lookup.considered(query))

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

    def _encode(self, understood: Sequence[Understood], queries: Sequence[Query]) -> Vectors:
        """(Q, dim) float32; all texts in one go."""
        words = [one.translated or one.text for one in understood]
        with self._encoding:
            spoken = [text for text in words if text]
            texts = iter(self.encoder.encode_texts(spoken) if spoken else ())
            pictures = [self._pictures(query) for query in queries]
        return np.stack(
            [
                combine_query(next(texts) if text else None, own, query.alpha)
                for text, own, query in zip(words, pictures, queries, strict=True)
            ]
        )

    def _pictures(self, query: Query) -> Vectors | None:
        own = [self.encoder.encode_images(list(query.images))] if query.images else []
        if query.like:
            rows = np.array([self.dictionary.row_of(id) for id in query.like], np.int64)
            own.append(self.dictionary.parts.take(rows))
        return np.concatenate(own) if own else None

    def _hits(self, found: Sequence[Found], offset: int) -> tuple[Hit, ...]:
        return tuple(self._hit(one, rank) for rank, one in enumerate(found, offset + 1))

    def _hit(self, found: Found, rank: int) -> Hit:
        item = self.dictionary.item(found.row)
        return Hit(
            rank=rank,
            id=item.id,
            path=item.path,
            # Rounding may carry a cosine of 1 past it.
            score=max(-1.0, min(1.0, found.score)),
            captions=item.captions,
            width=item.width,
            height=item.height,
            doubles=tuple(self.dictionary.item(row).id for row in found.doubles),
        )


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
