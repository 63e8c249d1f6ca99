"""A request's body as it arrives: counted, and watched for a browser that leaves."""

import asyncio
import contextlib
from collections.abc import Callable

from starlette.types import Message, Receive

DRAIN_S = 5.0
DRAIN_BYTES = 50_000_000


class BodyTooLarge(Exception):
    """Ends the reading of a body that has passed its limit."""


class Body:
    """`receive` that stops at the limit whatever Content-Length said.

    Once the body is there, `left` is called when the browser closes the connection before its
    answer, so that a search nobody waits for is given up here and at the API.
    """

    def __init__(self, receive: Receive, most: int, left: Callable[[], None]) -> None:
        self._receive = receive
        self._most = most
        self._left = left
        self._count = 0
        self._watcher: asyncio.Task[Message] | None = None
        self.complete = False
        self.exceeded = False

    async def __call__(self) -> Message:
        if self._watcher is not None:
            return await asyncio.shield(self._watcher)
        message = await self._receive()
        self._count += len(message.get("body", b""))
        if self._count > self._most:
            self.exceeded = True
            raise BodyTooLarge
        if message["type"] != "http.request" or not message.get("more_body", False):
            self.complete = True
        if message["type"] == "http.request" and self.complete:
            self._watcher = asyncio.create_task(self._wait_for_end())
        return message

    async def drain(self) -> None:
        """Read what nobody wanted, so that the sender reads the answer and not a reset."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                left = DRAIN_BYTES
                while not self.complete and left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    ended = message["type"] != "http.request"
                    self.complete = ended or not message.get("more_body", False)

    def close(self) -> None:
        """The answer is out: whether the browser stays no longer matters."""
        if self._watcher is not None:
            self._watcher.cancel()

    async def _wait_for_end(self) -> Message:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._left()
                return message
