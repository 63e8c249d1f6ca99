"""Whether searches are answered: found out by trial searches."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from PIL import Image

from timanh.search import Query, Understood

log = logging.getLogger("timanh.api")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
# Words and a picture, so that both towers and the looking up are warm; no translation is needed.
TRIALS = (
    (Query("a photo", k=1), Understood("a photo", None, "en", 1.0, 0)),
    (
        Query(images=(Image.new("RGB", (224, 224), "gray"),), k=1),
        Understood(None, None, None, 0.0, 1),
    ),
)


class Readiness:
    """`ready` is False until a trial search succeeds.

    After a search that failed because of the engine, `check` repeats the trial; if that fails
    too, `ready` is False until one succeeds again.
    """

    def __init__(self, search: Callable[[], Awaitable[None]]) -> None:
        """`search` makes a trial search and raises what is wrong."""
        self._search = search
        self._checking: asyncio.Task[None] | None = None
        self.ready = False

    def check(self) -> None:
        """Make trial searches in the background until one succeeds."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check())

    def close(self) -> None:
        """Stop checking."""
        if self._checking is not None:
            self._checking.cancel()
        self._checking, self.ready = None, False

    async def _check(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                await self._search()
            except Exception:
                if pause_s == FIRST_PAUSE_S:
                    log.exception("A trial search failed; it is repeated until one works")
                self.ready = False
            else:
                self.ready = True
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
