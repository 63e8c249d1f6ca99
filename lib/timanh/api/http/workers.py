"""Threads for work that would hold up the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class Workers:
    """At most `count` threads, which start with the first work; to be used again after `close`."""

    def __init__(self, count: int, name: str) -> None:
        self._make = partial(ThreadPoolExecutor, count, name)
        self._pool = self._make()

    async def run(self, call: Callable[[], T]) -> T:
        """What `call` returns or raises, from one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def close(self) -> None:
        """Drop what still waits; what has begun runs to its end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._make()
