"""Results that stay in memory, and work that is done once however many wait for it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class SharedResults(Generic[Value]):
    """The latest `most` results by their keys.

    Only for use on one event loop.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._running: dict[Hashable, asyncio.Task[Value]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Value]]) -> Value:
        """The value of `key`, made if it is not there; requests at the same time share the work.

        Raises:
            Exception: as `make`; nothing is kept then.
        """
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._make(key, make))
            task.add_done_callback(lambda done: self._forget(key, done))
        # One of several who wait may leave; the work goes on for the others.
        return await asyncio.shield(task)

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[Value]]) -> Value:
        value = await make()
        self._values[key] = value
        while len(self._values) > self.most:
            self._values.popitem(last=False)
        return value

    def _forget(self, key: Hashable, done: "asyncio.Task[Value]") -> None:
        self._running.pop(key, None)
        if not done.cancelled():
            done.exception()  # read here too, for when nobody waits any more
