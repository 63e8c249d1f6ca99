"""What changes, told to every page that listens."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

QUIET_S = 15.0
MOST_WAITING = 500  # events that a slow page may be behind; then it is told to look again
MISSED = b"event: missed\ndata: {}\n\n"


class Events:
    """Server-sent events for any number of listeners."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[bytes]] = set()

    def send(self, name: str, content: dict[str, Any]) -> None:
        """To all who listen now."""
        event = f"event: {name}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n".encode()
        for queue in self._listeners:
            if queue.qsize() < MOST_WAITING:
                queue.put_nowait(event)
            else:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(MISSED)

    async def listen(self, first: bytes) -> AsyncIterator[bytes]:
        """`first`, then events as they come; a comment now and then keeps the connection open."""
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield first
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), QUIET_S)
                except TimeoutError:
                    yield b": quiet\n\n"
        finally:
            self._listeners.discard(queue)
