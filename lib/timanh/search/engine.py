"""The search engine: understands a query, encodes it, looks it up."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from timanh.errors import QueryError
from timanh.models.encoder import Encoder, TextLength, Vectors
from timanh.models.text.typed import needs_marks
from timanh.search.closeness.judging import judge
from timanh.search.closeness.keeping import CalibrationKeeper
from timanh.search.encoding import QueryVectors, encode_queries
from timanh.search.lookup import Lookup, RowHit
from timanh.search.query import Closeness, Hit, Query, SearchResult, Understood
from timanh.search.reading import Reading, read
from timanh.search.sample import GallerySample
from timanh.search.timeline import Timeline
from timanh.search.translation import Translation, Translator
from timanh.vectors import Searchable

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
        dictionary: Searchable,
        translator: Translator | None = None,
        *,
        exact: bool = False,
    ) -> None:
        """
        Args:
            exact: compare with every vector; use no index.

        Raises:
            EncoderMismatchError: the dictionary was built with another encoder.
        """
        dictionary.require(encoder)
        self.encoder = encoder
        self.dictionary = dictionary
        self.translator = translator
        self.exact = exact
        self._lookup: Lookup | None = None
        self._sample: tuple[Searchable, GallerySample] | None = None
        self.calibration = CalibrationKeeper(encoder, self.encode_texts, self.sample)
        # Fast tokenizers may not be used by two threads at once ("Already borrowed").
        self._encoding = threading.Lock()

    def search(self, query: Query) -> SearchResult:
        """The `query.k` pictures nearest to the query, best first.

        Raises:
            EmptyQueryError: neither text nor picture.
            OnlyExcludedError: words for what should not be there, and no others.
            UnknownPictureError: one of the query's ids is not in the dictionary.
            QueryError: alpha, k, offset or fold out of range, or vectors that cancel out.
        """
        began = time.perf_counter()
        query = query.checked()
        understood = self.understand(query)
        translated_ms = _ms_since(began)
        answer = self.answer([query], [understood])[0]
        if isinstance(answer, QueryError):
            raise answer
        took = {"translate": translated_ms, **answer.took_ms, "total": _ms_since(began)}
        return replace(answer, took_ms=took)

    def read(self, query: Query) -> Reading:
        """Language of a checked query, and which of its words say what should not be there."""
        return read(query, restore=needs_marks(self.encoder))

    def understand(self, query: Query, reading: Reading | None = None) -> Understood:
        """A checked query in words that the encoder knows.

        Waits for the translator at most `Translator.timeout_s` in all.

        Args:
            reading: the result of `read` for this query, if there is one already.
        """
        reading = reading or self.read(query)
        began = time.monotonic()
        translation = self._translate(reading.wanted, reading.language)
        if reading.typed and not translation.translated:
            translation = replace(translation, translated=reading.wanted, by=reading.typed)
        without = reading.without
        if without is not None:
            waited_s = time.monotonic() - began
            spoken = reading.without_language
            without = self._translate(without, spoken, waited_s).translated or without
        return Understood(
            text=query.text,
            translated=translation.translated,
            language=reading.language if query.text else None,
            alpha=query.alpha,
            images=query.shown,
            pictures=query.pictures,
            notice=translation.notice,
            notice_code=translation.notice_code,
            translator=translation.by,
            without=without,
            excluded=reading.excluded,
            wanted=reading.wanted if reading.excluded else None,
        )

    def measure_words(self, understood: Understood) -> Understood:
        """The same, saying how much of the words the encoder reads."""
        words, limit = understood.words, self.encoder.max_tokens
        if words is None or limit is None:
            return understood
        if self.encoder.surely_reads(words):
            return replace(understood, length=TextLength(limit))
        with self._encoding:
            return replace(understood, length=self.encoder.text_length(words))

    def knows(self, reading: Reading) -> bool:
        """Whether the encoder knows the languages, so that no translation is needed."""
        spoken = {reading.language, reading.without_language if reading.without else None}
        return spoken - {None} <= set(self.encoder.languages)

    def prepare_filter(self, query: Query) -> None:
        """Find the rows that pass the query's filter, so that `answer` need not.

        In a large gallery this takes seconds, which other queries then do not wait for.
        """
        self._lookup_in(self.dictionary).considered(query)

    def folders(self) -> dict[str, int]:
        """Pictures in each folder of the gallery, and in folders within it, by its path.

        Reads through the items once, and again when the gallery has changed.
        """
        return self._lookup_in(self.dictionary).folders()

    def timeline(self) -> Timeline:
        """The pictures as they are now, the newest first."""
        return self._lookup_in(self.dictionary).timeline

    def sample(self, dictionary: Searchable) -> GallerySample:
        """Some pictures of the gallery, read once for each state of it."""
        known = self._sample
        if known is None or known[0] is not dictionary:
            known = self._sample = (dictionary, GallerySample.of(dictionary))
        return known[1]

    def answer(
        self, queries: Sequence[Query], understood: Sequence[Understood]
    ) -> list[SearchResult | QueryError]:
        """Encode all of them together and look them up in one product.

        The error of a query that has no vector takes the place of its result. `took_ms`
        has encode and search, for all together.
        """
        clock = _Clock()
        dictionary = self.dictionary
        with clock.measure("encode"):
            vectors = encode_queries(
                queries,
                understood,
                dictionary,
                encode_texts=self.encode_texts,
                encode_images=self.encoder.encode_images,
                usual=lambda: self.sample(dictionary),
            )
        good = {row: v for row, v in enumerate(vectors) if not isinstance(v, QueryError)}
        answers: list[SearchResult | QueryError] = [
            v if isinstance(v, QueryError) else SearchResult(understood[row], (), clock.took)
            for row, v in enumerate(vectors)
        ]
        if not good:
            return answers
        with clock.measure("search"):
            lookup = self._lookup_in(dictionary)
            # Nobody looks for a picture that is part of the query.
            looked_up = [
                replace(queries[row], left_out=(*queries[row].left_out, *queries[row].pictures))
                for row in good
            ]
            found = lookup.find_all(list(good.values()), looked_up)
        for row, query, row_hits in zip(good, looked_up, found, strict=True):
            classes, nothing = self._judge(lookup, query, understood[row], good[row], row_hits)
            hits = tuple(
                _hit(dictionary, rank, hit, closeness)
                for rank, (hit, closeness) in enumerate(
                    zip(row_hits, classes, strict=True), query.offset + 1
                )
            )
            considered = lookup.considered(query)
            answers[row] = SearchResult(understood[row], hits, clock.took, considered, nothing)
        return answers

    def _judge(
        self,
        lookup: Lookup,
        query: Query,
        understood: Understood,
        vectors: QueryVectors,
        hits: list[RowHit],
    ) -> tuple[list[Closeness | None], bool | None]:
        """How close each hit is, and whether none is; None until the gallery is calibrated."""
        dictionary = lookup.dictionary
        calibration = self.calibration.get(dictionary)
        if calibration is None or not hits:
            return [None] * len(hits), None
        found = dictionary.vectors_of(np.array([hit.row for hit in hits], np.int64))
        best = found[0]
        if query.offset or query.like or query.unlike or understood.without:
            first = replace(query, offset=0, k=1, fold=None, like=(), unlike=())
            base = vectors.vector if vectors.base is None else vectors.base
            (hit,) = lookup.find(base, first) or hits[:1]
            best = dictionary.vectors_of(np.array([hit.row], np.int64))[0]
        return judge(calibration, query, understood, vectors, found, best, self.sample(dictionary))

    def search_many(self, queries: Iterable[Query]) -> Iterator[SearchResult]:
        """As `search` for each, in their order, encoding and looking up many at a time.

        Raises:
            QueryError: as `search`, once the results before it have been yielded.
        """
        batch: list[Query] = []
        for query in queries:
            batch.append(query.checked())
            if len(batch) == BATCH:
                yield from self._search_batch(batch)
                batch = []
        if batch:
            yield from self._search_batch(batch)

    def _search_batch(self, batch: list[Query]) -> Iterator[SearchResult]:
        for answer in self.answer(batch, [self.understand(query) for query in batch]):
            if isinstance(answer, QueryError):
                raise answer
            yield answer

    def _lookup_in(self, dictionary: Searchable) -> Lookup:
        lookup = self._lookup
        if lookup is None or lookup.dictionary is not dictionary:
            lookup = self._lookup = Lookup(dictionary, exact=self.exact)
        return lookup

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """(N, dim) float32; fast tokenizers may not be used by two threads at once."""
        with self._encoding:
            return self.encoder.encode_texts(texts)

    def _translate(
        self, text: str | None, language: str | None, waited_s: float = 0.0
    ) -> Translation:
        if text is None or language is None or language in self.encoder.languages:
            return Translation(None)
        if self.translator is None:
            notice = (
                f"{self.encoder.name} does not know {LANGUAGE_NAMES.get(language, language)}; "
                "the words were searched as written."
            )
            return Translation(None, None, notice, "no-translator")
        if language != "vi":
            return Translation(None)
        return self.translator.translate(text, self.translator.timeout_s - waited_s)


def _hit(dictionary: Searchable, rank: int, found: RowHit, closeness: Closeness | None) -> Hit:
    item = dictionary.item(found.row)
    return Hit(
        rank=rank,
        id=item.id,
        path=item.path,
        # Rounding may carry a cosine of 1 past it.
        score=max(-1.0, min(1.0, found.score)),
        captions=item.captions,
        width=item.width,
        height=item.height,
        doubles=tuple(dictionary.item(row).id for row in found.doubles),
        size=item.size,
        mtime=item.mtime,
        taken=item.taken,
        hash=item.hash,
        closeness=closeness,
        machine=item.machine,
    )


class _Clock:
    """Milliseconds of each step."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.took[step] = _ms_since(started)


def _ms_since(started: float) -> float:
    return round(1000 * (time.perf_counter() - started), 3)
