"""A request's body as it arrives: counted, timed, and watched for a client that leaves."""

import asyncio
import contextlib
from collections.abc import Callable

from starlette.types import Message, Receive

DRAIN_S = 5.0
DRAIN_BYTES = 50_000_000


class BodyError(Exception):
    """Ends the reading of a body that is too large, or that comes too slowly."""


class Body:
    """`receive` for the app behind the gate.

    Bytes are counted while they arrive, so that a client cannot fill the memory by leaving out or
    faking Content-Length. Once the body is there, the connection is watched: `on_disconnect` is
    called when the client closes it before its answer.
    """

    def __init__(
        self, receive: Receive, max_bytes: int, timeout_s: float, on_disconnect: Callable[[], None]
    ) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._on_disconnect = on_disconnect
        self._deadline = asyncio.get_running_loop().time() + timeout_s
        self._count = 0
        self._watcher: asyncio.Task[Message] | None = None
        self.complete = False
        self.too_large = False
        self.too_slow = False

    @property
    def refused(self) -> bool:
        """Whether reading was stopped at a limit."""
        return self.too_large or self.too_slow

    async def __call__(self) -> Message:
        if self._watcher is not None:
            return await asyncio.shield(self._watcher)
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            self.too_slow = True
            raise BodyError from None
        self._count += len(message.get("body", b""))
        if self._count > self._max_bytes:
            self.too_large = True
            raise BodyError
        if message["type"] != "http.request" or not message.get("more_body", False):
            self.complete = True
        if message["type"] == "http.request" and self.complete:
            self.watch()
        return message

    def watch(self) -> None:
        """From now on, notice when the client disconnects."""
        self._watcher = asyncio.create_task(self._wait_for_end())

    async def drain(self) -> None:
        """Read the rest and drop it, so that the sender reads the answer and not a reset."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                remaining = DRAIN_BYTES
                while not self.complete and remaining > 0:
                    message = await self._receive()
                    remaining -= len(message.get("body", b""))
                    ended = message["type"] != "http.request"
                    self.complete = ended or not message.get("more_body", False)

    def close(self) -> None:
        """The answer is out: whether the client stays no longer matters."""
        if self._watcher is not None:
            self._watcher.cancel()

    async def _wait_for_end(self) -> Message:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._on_disconnect()
                return message
