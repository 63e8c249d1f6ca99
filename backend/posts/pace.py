"""How many pictures the AI service has at once: more while it answers quickly, fewer once not."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# While a full batch of 32 is computed, the next one waits at the service.
FIRST, MOST = 8, 64


class Pace:
    """A limit that finds itself, as TCP's does.

    A service with a GPU answers 64 pictures in seconds; one whose processor writes a caption in
    four seconds would let most of them wait until they are given up.

    Attributes:
        limit: pictures at once, 1..MOST; one more for each quick answer, half after a slow one.
    """

    def __init__(self, patience_s: float, away: type[Exception]) -> None:
        """
        Args:
            patience_s: after so long an answer is given up. An eighth of it is quick, a third slow.
            away: raised where the service did not answer, which counts as slow.
        """
        self.limit = FIRST
        self._away = away
        self._quick_s, self._slow_s = patience_s / 8, patience_s / 3
        self._room = asyncio.Semaphore(FIRST)
        self._free = 0  # places to hand back; below 0: so many are to be taken away
        self._halved = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until there is room, and hold it for one request, which is timed."""
        await self._room.acquire()
        while self._free < 0:
            self._free += 1
            await self._room.acquire()
        began = time.monotonic()
        try:
            yield
        except Exception as error:
            self._learn(began, away=isinstance(error, self._away))
            raise
        else:
            self._learn(began, away=False)
        finally:  # one that was cancelled teaches nothing
            self._free += 1
            while self._free > 0:
                self._room.release()
                self._free -= 1

    def _learn(self, began: float, *, away: bool) -> None:
        ended, before = time.monotonic(), self.limit
        if away or ended - began > self._slow_s:
            # Those that were sent before the limit was halved say nothing about the new one.
            if began >= self._halved:
                self.limit, self._halved = max(self.limit // 2, 1), ended
        elif ended - began < self._quick_s:
            self.limit = min(self.limit + 1, MOST)
        self._free += self.limit - before
