"""Server-sent events on their way through: the sentence is added, and a break ends in a problem."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp

from services.answer import sentence
from utils.problems import BackendError, as_document

MAX_BYTES = 2_000_000  # of one event


async def with_sentence(
    chunks: AsyncIterator[bytes],
    language: str,
    request_id: str,
    on_break: Callable[[Exception], BackendError],
) -> AsyncIterator[bytes]:
    """The API's events as they come, an `answer` before `done`; a `problem` when they break.

    Args:
        on_break: the error that the page is to see.
    """
    query: dict[str, Any] = {}
    results: list[dict[str, Any]] = []
    ended = False
    try:
        async for block in blocks(chunks):
            name, text = parse(block)
            if name == "understood":
                query = read(text)
            elif name == "hit":
                results.append({})  # the sentence needs only how many there are
            elif name == "done":
                data = read(text)
                answer = {**data, "query": {**query, "weak": data.get("weak")}, "results": results}
                yield event("answer", {"text": sentence(answer, language, streamed=True)})
            ended = name in ("done", "problem")
            yield block + b"\n\n"
        if not ended:
            raise aiohttp.ClientPayloadError("the stream ended early")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        yield event("problem", as_document(on_break(error), request_id))


async def as_they_are(
    chunks: AsyncIterator[bytes], request_id: str, on_break: Callable[[Exception], BackendError]
) -> AsyncIterator[bytes]:
    """The API's events as they come; a `problem` when they break.

    Args:
        on_break: the error that the page is to see.
    """
    ended = False
    try:
        async for block in blocks(chunks):
            ended = parse(block)[0] in ("done", "problem")
            yield block + b"\n\n"
        if not ended:
            raise aiohttp.ClientPayloadError("the stream ended early")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        yield event("problem", as_document(on_break(error), request_id))


async def blocks(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Whole events out of pieces, without the blank line between them.

    Raises:
        ValueError: one without an end.
    """
    rest = b""
    async for chunk in chunks:
        rest += chunk
        *whole, rest = rest.split(b"\n\n")
        for block in whole:
            yield block
        if len(rest) > MAX_BYTES:
            raise ValueError("an event without an end")


def parse(block: bytes) -> tuple[str, bytes]:
    """Name and data of an event; an empty name for a comment.

    Raises:
        ValueError: data that cannot be a JSON object.
    """
    name, data = "", b""
    for line in block.split(b"\n"):
        if line.startswith(b"event: "):
            name = line[7:].decode("ascii", "replace")
        elif line.startswith(b"data: "):
            data = line[6:]
    if name and not (data.startswith(b"{") and data.endswith(b"}")):
        raise ValueError("no object")
    return name, data


def read(data: bytes) -> dict[str, Any]:
    """The JSON object in an event's data.

    Raises:
        ValueError: it is no such object.
    """
    try:
        found = json.loads(data)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def event(name: str, content: dict[str, Any]) -> bytes:
    """One event."""
    return f"event: {name}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n".encode()
