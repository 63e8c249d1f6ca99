"""Work that waits at the same time is computed together."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from timanh.api.http.workers import Workers

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_BATCH = 32


class MicroBatcher(Generic[Item, Result]):
    """Items of many requests in batches, one batch at a time.

    A lone item is computed at once; while it is, others gather for the next batch. Where a batch
    fails, each of its items is computed alone, so that a bad one spoils only itself.
    """

    def __init__(
        self, workers: Workers, compute: Callable[[Sequence[Item]], Sequence[Result]]
    ) -> None:
        """`compute` runs on one of the workers and returns as many results as it got items."""
        self._workers = workers
        self._compute = compute
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """The result. Cancelling takes the item out of the queue.

        Raises:
            Exception: whatever `compute` raises for this item.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            count = min(len(self._waiting), MAX_BATCH)
            batch = [self._waiting.popleft() for _ in range(count)]
            batch = [job for job in batch if not job[1].done()]
            if batch and not await self._finish(batch) and len(batch) > 1:
                for job in batch:
                    await self._finish([job])

    async def _finish(self, batch: list[tuple[Item, "asyncio.Future[Result]"]]) -> bool:
        """Whether it was computed; the error of a single item goes to whoever waits for it."""
        items = [item for item, _ in batch]
        try:
            results = await self._workers.run(lambda: self._compute(items))
        except Exception as error:  # noqa: BLE001 - it belongs to the request, not to the queue
            if len(batch) == 1:
                self._hand_over(batch[0][1], error)
            return False
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
        return True

    @staticmethod
    def _hand_over(future: "asyncio.Future[Result]", error: Exception) -> None:
        with contextlib.suppress(asyncio.InvalidStateError):
            future.set_exception(error)
