"""The work behind the endpoints: limited in number and time, encoded in batches."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from PIL import Image

from timanh.api.config import ApiConfig
from timanh.api.http.metrics import Metrics
from timanh.api.http.slots import RequestSlots
from timanh.api.http.workers import Workers
from timanh.api.search.batcher import Batcher
from timanh.api.search.readiness import TRIALS, Readiness
from timanh.errors import QueryError
from timanh.search import Query, Reading, SearchEngine, SearchResult, Understood

log = logging.getLogger("timanh.api")


class SearchService:
    """Answers many searches at once with one engine."""

    def __init__(
        self, engine: SearchEngine, config: ApiConfig, metrics: Metrics, slots: RequestSlots
    ) -> None:
        self.engine = engine
        self.config = config
        self.slots = slots
        self.metrics = metrics
        self._readiness = Readiness(self._trial_search)
        self._calibrating: asyncio.Task[None] | None = None
        # Looked up at each call, so that the engine can be changed while it runs.
        self._batcher = Batcher(lambda *batch: engine.answer(*batch), metrics.batches.observe)
        # Pictures are decoded on few threads, because each may take hundreds of megabytes.
        self.workers = Workers(4, "timanh-work")
        # Each search may wait for a translator at the same time.
        self._translators = Workers(config.max_searches, "timanh-understand")
        metrics.waiting.set_function(lambda: self._batcher.waiting)
        metrics.searching.set_function(lambda: self.slots.taken)
        metrics.pictures.set_function(lambda: len(engine.dictionary))

    @property
    def ready(self) -> bool:
        """Whether a trial search succeeded, and none failed since because of the engine."""
        return self._readiness.ready

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While the app serves: the encoder's thread, and its warming up."""
        self._batcher.start()
        self._readiness.check()
        try:
            yield
        finally:
            self._readiness.close()
            self._batcher.stop()
            self.workers.close()
            self._translators.close()

    async def search(
        self, query: Query, images: Callable[[], Sequence[Image.Image]] | None = None
    ) -> SearchResult:
        """Hits, best first.

        Args:
            images: opens the query's pictures, on a thread.

        Raises:
            RequestError: 429 busy, 503 deadline-passed.
            PictureError, QueryError: what is wrong with the query.
        """
        with self.slots.slot():
            checked, understood, took = await self.understand(query, images)
            return await self.find(checked, understood, took)

    async def understand(
        self, query: Query, images: Callable[[], Sequence[Image.Image]] | None
    ) -> tuple[Query, Understood, dict[str, float]]:
        """The checked query with its pictures, its translation, and milliseconds so far.

        Raises:
            UnknownPictureError: one of the query's ids is not in the gallery.
        """
        began = time.perf_counter()
        async with self.slots.deadline(self.config.deadline_s):
            if images is not None:
                query = replace(query, images=tuple(await self.workers.run(images)))
            query = query.checked()
            reading = self.engine.read(query)
            for id in (*query.pictures, *query.like, *query.unlike):
                self.engine.dictionary.row_of(id)  # raises now, and not in mid-stream
            if query.where:
                await self.workers.run(lambda: self.engine.prepare_filter(query))
            prepared = time.perf_counter()
            understood = await self._understand(query, reading)
        self._count(understood)
        ended = time.perf_counter()
        prepare_ms, translate_ms = 1000 * (prepared - began), 1000 * (ended - prepared)
        return query, understood, {
            "prepare": round(prepare_ms, 3), "translate": round(translate_ms, 3)
        }  # fmt: skip

    async def find(
        self, query: Query, understood: Understood, took: dict[str, float]
    ) -> SearchResult:
        """Hits, best first."""
        try:
            async with self.slots.deadline(self.config.deadline_s):
                result = await self._batcher.submit(query, understood)
        except QueryError:
            raise
        except Exception:
            self._readiness.check()
            raise
        stages = {**took, **result.took_ms}
        self.metrics.stage(stages)
        total = {**stages, "total": round(sum(stages.values()), 3)}
        self._calibrate()
        return replace(result, took_ms=total)

    async def _understand(self, query: Query, reading: Reading) -> Understood:
        if self.engine.knows(reading):
            understood = self.engine.understand(query, reading)
        else:
            understood = await self._translators.run(lambda: self.engine.understand(query, reading))
        if understood.words is None or self.engine.encoder.max_tokens is None:
            return understood
        if self.engine.encoder.surely_reads(understood.words):
            return self.engine.measure_words(understood)
        return await self.workers.run(lambda: self.engine.measure_words(understood))

    def _count(self, understood: Understood) -> None:
        by = understood.translator or understood.notice_code
        if by is not None:
            self.metrics.translations.labels(by).inc()

    async def _trial_search(self) -> None:
        """Search for words and for a picture; the first of each is slow, so no user makes it.

        Raises:
            Exception: whatever is wrong with the engine.
        """
        async with self.slots.deadline(self.config.deadline_s):
            for query, understood in TRIALS:
                with contextlib.suppress(QueryError):
                    await self._batcher.submit(query, understood)
        self._calibrate()

    def _calibrate(self) -> None:
        """Measure in the background how close is close, where that is not known."""
        dictionary = self.engine.dictionary
        running = self._calibrating is not None and not self._calibrating.done()
        if running or not self.engine.calibration.is_wanted(dictionary):
            return

        async def measure() -> None:
            try:
                await self.workers.run(lambda: self.engine.calibration.measure(dictionary))
            except Exception:
                log.exception("The gallery could not be measured; hits have no class")

        self._calibrating = asyncio.create_task(measure())
