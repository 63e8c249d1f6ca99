"""How many requests are worked on at once, and for how long."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from timanh.api.http.problems import RequestError


class RequestSlots:
    """At most `most` requests in progress or waiting; more are refused."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    @contextmanager
    def slot(self) -> Iterator[None]:
        """One of them.

        Raises:
            RequestError: 429, when all are taken.
        """
        if self.taken >= self.most:
            raise RequestError(
                429,
                "busy",
                f"{self.taken} searches are in progress, the limit. Try again in a moment.",
                retry_after=1,
            )
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1

    @asynccontextmanager
    async def deadline(self, seconds: float) -> AsyncIterator[None]:
        """Raises RequestError 503 once so much time has passed."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            raise RequestError(
                503,
                "deadline-passed",
                f"The search took longer than {seconds:g} s, the limit. Try again.",
                retry_after=2,
            ) from error
