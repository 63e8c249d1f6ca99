"""Searches that are worked on together, when the engine behind them fails."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from timanh.api.search.batcher import MAX_FAILURES, Batcher
from timanh.errors import EngineGoneError
from timanh.search import Query, SearchResult, Understood

WORDS = Understood("a", None, "en", 0.6, 0)


def run(coroutine: Coroutine[None, None, list[object]]) -> list[object]:
    # In a thread: the browser tests of the same process leave a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


class Engine:
    """Answers, but holds the search “first” until `free` is set, and fails several together and
    those called “broken” once `fails` is set."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.sizes: list[int] = []
        self.free, self.joint, self.fails = (threading.Event() for _ in range(3))

    def answer(
        self, queries: Sequence[Query], understood: Sequence[Understood]
    ) -> list[SearchResult]:
        self.sizes.append(len(queries))
        if queries[0].text == "first":
            assert self.free.wait(10)
        elif len(queries) > 1 or "broken" in str(queries[0].text):
            self.joint.set()
            assert self.fails.wait(10)
            raise self.error
        return [SearchResult(query, (), {}) for query in understood]

    async def joint_failure(
        self, texts: list[str], leave: bool = False, then: tuple[str, ...] = ()
    ) -> list[object]:
        """Results and errors of searches that are taken together, and of those after them."""
        batcher = Batcher(self.answer)
        first = asyncio.create_task(batcher.submit(Query("first"), WORDS))
        while not self.sizes:
            await asyncio.sleep(0.005)
        tasks = [asyncio.create_task(batcher.submit(Query(text), WORDS)) for text in texts]
        while batcher.waiting < len(texts):
            await asyncio.sleep(0.005)
        self.free.set()
        await asyncio.to_thread(self.joint.wait, 10)
        if leave:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        tasks += [asyncio.create_task(batcher.submit(Query(text), WORDS)) for text in then]
        self.fails.set()
        found = await asyncio.gather(first, *tasks, return_exceptions=True)
        batcher.stop()
        return list(found[1:])


def test_one_query_that_breaks_the_encoder_spoils_no_other() -> None:
    def answer(queries, understood):  # type: ignore[no-untyped-def]
        if any(query.text == "poison" for query in queries):
            raise RuntimeError("the encoder fell over")
        return [SearchResult(understood[0], (), {}) for _ in queries]

    async def ask() -> list[object]:
        batcher = Batcher(answer)
        searches = [batcher.submit(Query(text), WORDS) for text in ("a", "poison", "b")]
        waiting = asyncio.gather(*searches, return_exceptions=True)
        await asyncio.sleep(0.05)
        batcher.start()
        found = await waiting
        batcher.stop()
        return found

    assert [type(each) for each in run(ask())] == [SearchResult, RuntimeError, SearchResult]


def test_after_a_joint_failure_each_is_tried_alone() -> None:
    engine = Engine(RuntimeError("the encoder fell over"))
    found = run(engine.joint_failure(["a", "broken", "b", "broken too", "c"]))
    assert [type(each) for each in found] == [
        SearchResult, RuntimeError, SearchResult, RuntimeError, SearchResult,
    ]  # fmt: skip


def test_abandoned_searches_hold_up_no_newcomer() -> None:
    engine = Engine(RuntimeError("the encoder fell over"))
    found = run(engine.joint_failure(["broken"] * 20, leave=True, then=("newcomer",)))
    assert isinstance(found[-1], SearchResult)
    assert engine.sizes == [1, 20, 1]


@pytest.mark.parametrize(
    ("error", "tries"), [(EngineGoneError("gone"), 0), (RuntimeError("dead"), MAX_FAILURES)]
)
def test_a_dead_engine_fails_all_at_once(error: Exception, tries: int) -> None:
    engine = Engine(error)
    found = run(engine.joint_failure(["broken"] * 20, then=("newcomer",)))
    assert found[:20] == [error] * 20 and isinstance(found[20], SearchResult)
    assert engine.sizes == [1, 20, *[1] * tries, 1]
