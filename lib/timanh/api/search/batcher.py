"""Searches that wait at the same time are encoded together and looked up in one product."""

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from timanh.errors import EngineGoneError, QueryError
from timanh.search import Query, SearchResult, Understood

log = logging.getLogger("timanh.api")

MAX_BATCH = 64
WINDOW_S = 0.004
# After so many searches that failed alone, one after the other, the engine is at fault.
MAX_FAILURES = 3

Answer = Callable[[Sequence[Query], Sequence[Understood]], "list[SearchResult | QueryError]"]


@dataclass
class Job:
    """One search that waits for the encoder."""

    query: Query
    understood: Understood
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[SearchResult]"
    began: float = field(default_factory=time.perf_counter)


class Batcher:
    """One thread that owns the encoder's time.

    A lone search is worked on at once. While one batch is encoded, others gather; and where the
    last batch held several, the next waits for as many again, at most `WINDOW_S`: clients that
    were answered together tend to search again together.
    """

    def __init__(self, answer: Answer, on_batch: Callable[[int], None] = lambda size: None) -> None:
        """`answer` as `SearchEngine.answer`; `on_batch` is called with the size of each batch."""
        self._answer = answer
        self._on_batch = on_batch
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    @property
    def waiting(self) -> int:
        """Searches that no batch has taken yet."""
        return len(self._jobs)

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the thread, unless it runs."""
        if not self.running:
            self._stopped = False
            self._thread = threading.Thread(target=self._run, name="timanh-encode", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let the thread end; what still waits is cancelled."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(10)
            self._thread = None

    async def submit(self, query: Query, understood: Understood) -> SearchResult:
        """The answer; `took_ms` has wait, encode and search. Cancelling takes it out of the queue.

        Raises:
            QueryError: as `SearchEngine.answer`.
        """
        loop = asyncio.get_running_loop()
        job = Job(query, understood, loop, loop.create_future())
        self.start()
        with self._changed:
            self._jobs.append(job)
            self._changed.notify_all()
        return await job.future

    def _run(self) -> None:
        together = 1
        while True:
            batch = self._gather(together)
            if self._stopped:
                break
            if not batch:
                continue
            together = len(batch)
            self._on_batch(together)
            self._work(batch)
        for job in self._jobs:
            _hand_over([(job, asyncio.CancelledError())])
        self._jobs.clear()

    def _gather(self, expected: int) -> list[Job]:
        with self._changed:
            while not self._jobs and not self._stopped:
                self._changed.wait()
            until = time.perf_counter() + (WINDOW_S if expected > 1 else 0.0)
            while len(self._jobs) < expected and not self._stopped:
                left = until - time.perf_counter()
                if left <= 0:
                    break
                self._changed.wait(left)
            count = min(len(self._jobs), MAX_BATCH)
            taken = [self._jobs.popleft() for _ in range(count)]
        return [job for job in taken if not job.future.done()]

    def _work(self, batch: list[Job]) -> BaseException | None:
        """Answer them; the error, where the engine failed and not only a query."""
        began = time.perf_counter()
        try:
            answers: Sequence[SearchResult | BaseException] = self._answer(
                [job.query for job in batch], [job.understood for job in batch]
            )
        except EngineGoneError as error:
            answers = [error] * len(batch)  # each alone would wait for the same dead server
        except Exception as error:  # noqa: BLE001 - each request fails with it; the thread goes on
            if len(batch) > 1:
                self._work_alone(batch)
                return None
            answers = [error]
        _hand_over(
            [
                (job, _with_wait(answer, 1000 * (began - job.began)))
                for job, answer in zip(batch, answers, strict=True)
            ]
        )
        last = answers[-1]
        return None if isinstance(last, SearchResult | QueryError) else last

    def _work_alone(self, batch: list[Job]) -> None:
        """One query must not spoil the others, whatever is wrong with it.

        Those whose client has left meanwhile are dropped. Where none works alone either, the rest
        fail at once, so that those who come later do not wait for all of them.
        """
        failed = 0
        for place, job in enumerate(batch):
            if job.future.done():
                continue
            error = self._work([job])
            failed = failed + 1 if error is not None else 0
            if error is not None and (failed == MAX_FAILURES or isinstance(error, EngineGoneError)):
                _hand_over([(other, error) for other in batch[place + 1 :]])
                return


def _with_wait(
    answer: SearchResult | BaseException, wait_ms: float
) -> SearchResult | BaseException:
    if isinstance(answer, BaseException):
        return answer
    return replace(answer, took_ms={"wait": round(wait_ms, 3), **answer.took_ms})


def _hand_over(answers: list[tuple[Job, SearchResult | BaseException]]) -> None:
    """Hand answers over on each loop's thread; one call wakes all of a batch."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Job, SearchResult | BaseException]]] = {}
    for job, answer in answers:
        by_loop.setdefault(job.loop, []).append((job, answer))
    for loop, group in by_loop.items():
        # On a closed loop nobody waits any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_deliver, group)


def _deliver(answers: list[tuple[Job, SearchResult | BaseException]]) -> None:
    for job, answer in answers:
        if job.future.done():
            continue
        if isinstance(answer, asyncio.CancelledError):
            job.future.cancel()
        elif isinstance(answer, BaseException):
            job.future.set_exception(answer)
        else:
            job.future.set_result(answer)
