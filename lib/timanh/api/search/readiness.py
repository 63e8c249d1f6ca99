"""Whether searches are answered: found out by making some, and not by supposing it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from PIL import Image

from timanh.search import Query, Understood

log = logging.getLogger("timanh.api")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
# Words and a picture, so that both towers and the looking up are warm; nobody has to translate.
TRIALS = (
    (Query("a photo", k=1), Understood("a photo", None, "en", 1.0, 0)),
    (
        Query(images=(Image.new("RGB", (224, 224), "gray"),), k=1),
        Understood(None, None, None, 0.0, 1),
    ),
)


class Readiness:
    """False until a first search went all the way, and while none does.

    A search that failed for the engine's sake is a reason to look; where a trial search
    fails too, nothing is ready until one works again.
    """

    def __init__(self, search: Callable[[], Awaitable[None]]) -> None:
        """`search` raises what is wrong."""
        self._search = search
        self._looking: asyncio.Task[None] | None = None
        self.ready = False

    def look(self) -> None:
        """Find out, unless that is being done."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    def close(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
        self._looking, self.ready = None, False

    async def _look(self) -> None:
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
