"""The endpoint that makes pictures from words."""

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from timanh.api import schemas
from timanh.api.ai.painting import Event, Painting
from timanh.api.config import ApiConfig
from timanh.api.http.problems import RequestError, as_document, request_id_of, to_request_error
from timanh.errors import EmptyQueryError, TimAnhError
from timanh.workspace import require_whole

STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
SSE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {}},
        "description": "queued, progress …, picture …, done",
    }
}


def paint_router(painting: Painting, config: ApiConfig) -> APIRouter:
    """Pictures from words."""
    router = APIRouter()

    @router.post("/api/generate", response_class=StreamingResponse, responses=SSE)
    async def generate(request: Request, body: schemas.ToPaint) -> StreamingResponse:
        """Pictures made from words, in server-sent events; closing the connection stops it."""
        if not require_whole(body.prompt).strip():
            raise EmptyQueryError("There is nothing to paint. Send words as “prompt”.")
        if len(body.prompt) > config.max_text:
            raise RequestError(
                422,
                "text-too-long",
                f"You sent a text of {len(body.prompt)} characters; the limit is "
                f"{config.max_text}.",
            )
        events = painting.events(body.prompt.strip(), body.count, body.seed)
        # What is wrong before the first event is an ordinary problem.
        first = await anext(events)
        return StreamingResponse(
            _stream(first, events, request_id_of(request.scope)),
            media_type="text/event-stream",
            headers=STREAM,
        )

    return router


async def _stream(
    first: Event, events: AsyncIterator[Event], request_id: str
) -> AsyncIterator[bytes]:
    yield _block(first)
    try:
        async for event in events:
            yield _block(event)
    except Exception as error:  # noqa: BLE001 - the answer has begun: its end says what happened
        refusal = to_request_error(error, request_id)
        if not isinstance(error, TimAnhError):  # its words are for the log
            refusal = RequestError(500, "paint-failed", "Painting failed on the server. Its log "
                                   "says more.")  # fmt: skip
        document = as_document(refusal, request_id)
        yield _block(("problem", document))
    finally:
        await events.aclose()  # type: ignore[attr-defined]


def _block(event: Event) -> bytes:
    name, content = event
    return f"event: {name}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n".encode()
