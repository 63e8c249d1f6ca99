"""The page's requests, sent on to the API."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

from services.answer import sentence
from services.failures import to_backend_error, translate_errors
from services.streaming import as_they_are, with_sentence
from services.upstream import Answer, Body, Upstream
from utils.problems import BackendError

PASSED_ON = (
    "content-type", "content-length", "content-disposition", "etag", "cache-control",
    "last-modified",
)  # fmt: skip
EXPLANATIONS = ("image/png", "application/json")
SMALL_BYTES = 65_536  # a picture that is read whole, which is cheaper than handing on its pieces
# A tunnel's free plan counts requests, and every failed search shows at once that the API is gone.
FRESH_LOCAL_S, FRESH_REMOTE_S = 2.0, 60.0


class ImageService:
    """The page's requests over one upstream."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self._health: dict[str, Any] = {}
        self._health_of = ("", 0.0)  # which API's, and when
        self._health_lock = asyncio.Lock()

    async def health(self, request_id: str) -> dict[str, Any]:
        """The API's health with `upstream`; "degraded" and the reason when it cannot be reached."""
        async with self._health_lock:
            if not self._is_fresh():
                self._health_of = (self.upstream.target.url, time.monotonic())
                try:
                    self._health = await self._fetch_health(request_id)
                except BackendError:
                    self._health = {}
        upstream = self.upstream.describe()
        if upstream["status"] != "ok":
            return {"status": "degraded", "upstream": upstream}
        return {**self._health, "upstream": upstream}

    async def get(self, path: str, request_id: str) -> Answer:
        """JSON of a GET."""
        return await self.upstream.fetch("GET", path, request_id)

    async def send(
        self, method: str, path: str, content: Body, headers: dict[str, str], request_id: str
    ) -> Answer:
        """JSON of a request that goes on as it came."""
        self._health = {}  # it may change the number of pictures
        return await self.upstream.fetch(method, path, request_id, content=content, headers=headers)

    async def search(self, content: Body, headers: dict[str, str], request_id: str) -> Answer:
        """The answer of the API's `/api/search` to a form that goes on as it came."""
        target = self.upstream.target
        answer = await self.upstream.fetch(
            "POST", "/api/search", request_id, content=content, headers=headers,
            retry=isinstance(content, bytes), target=target,
        )  # fmt: skip
        self.upstream.require(answer.value, {"query", "results"}, target)
        return answer

    async def predict(
        self,
        content: bytes,
        headers: dict[str, str],
        language: str,
        pictures: int,
        request_id: str,
    ) -> dict[str, Any]:
        """The report's contract for the page: a sentence, addresses of pictures, and all else."""
        answer = (await self.search(content, headers, request_id)).value
        return {
            "text": sentence(answer, language, pictures),
            "images": [result["url"] for result in answer["results"]],
            **answer,
        }

    async def stream(
        self, content: Body, headers: dict[str, str], language: str, request_id: str
    ) -> AsyncIterator[bytes]:
        """The API's events with the sentence; ready once the API has begun to answer.

        Raises:
            BackendError: it failed before its first event.
        """
        chunks, on_break, stack = await self._events(
            "/api/search/stream", content, headers, request_id
        )
        return _closing(with_sentence(chunks, language, request_id, on_break), stack)

    async def generate(
        self, content: bytes, headers: dict[str, str], request_id: str
    ) -> AsyncIterator[bytes]:
        """The API's events about pictures that it makes; ready once it has begun to answer.

        Raises:
            BackendError: it failed before its first event.
        """
        chunks, on_break, stack = await self._events(
            "/api/generate", content, headers, request_id, retry=False
        )
        return _closing(as_they_are(chunks, request_id, on_break), stack)

    async def _events(
        self,
        path: str,
        content: Body,
        headers: dict[str, str],
        request_id: str,
        *,
        retry: bool = True,
    ) -> tuple[AsyncIterator[bytes], Callable[[Exception], BackendError], AsyncExitStack]:
        """The pieces of the API's events, the error for their breaking off, and what closes them.

        Raises:
            BackendError: it failed before its first event, or does not answer in events.
        """
        stack = AsyncExitStack()
        target = self.upstream.target
        response = await stack.enter_async_context(
            self.upstream.open(
                "POST", path, request_id, content=content, headers=headers,
                retry=retry and isinstance(content, bytes), target=target,
            )
        )  # fmt: skip
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            await stack.aclose()
            raise self.upstream.foreign(target)

        def on_break(error: Exception) -> BackendError:
            failure = self.upstream.explain(target, to_backend_error(error, target.url))
            self.upstream.note(target, failure)
            return failure

        return response.content.iter_any(), on_break, stack

    async def open_picture(
        self, path: str, etag: str | None, request_id: str
    ) -> tuple[int, dict[str, str], bytes | AsyncIterator[bytes]]:
        """Status, headers, and a small picture whole or bytes as they arrive; the stream closes
        itself at its end."""
        stack = AsyncExitStack()
        headers = {"If-None-Match": etag} if etag else {}
        target = self.upstream.target
        response = await stack.enter_async_context(
            self.upstream.open("GET", path, request_id, headers=headers, target=target)
        )
        kept = {name: response.headers[name] for name in PASSED_ON if name in response.headers}
        if response.content_length is None or response.content_length > SMALL_BYTES:
            return response.status, kept, _closing(response.content.iter_any(), stack)
        async with stack:
            with translate_errors(target.url):
                return response.status, kept, await response.read()

    async def explain(
        self, path: str, content: Body, headers: dict[str, str], request_id: str
    ) -> tuple[int, str, bytes]:
        """Status, media type and bytes of a heat map."""
        target = self.upstream.target
        async with self.upstream.open(
            "POST", path, request_id, content=content, headers=headers,
            retry=isinstance(content, bytes), target=target,
        ) as response:  # fmt: skip
            if response.content_type not in EXPLANATIONS:
                raise self.upstream.foreign(target)
            with translate_errors(target.url):
                return response.status, response.content_type, await response.read()

    async def _fetch_health(self, request_id: str) -> dict[str, Any]:
        """The API's health; unless all was well, whether it takes the key too."""
        upstream = self.upstream
        fetch = upstream.health if upstream.state.status == "ok" else upstream.check
        return await fetch(upstream.target, request_id)

    def _is_fresh(self) -> bool:
        target = self.upstream.target
        url, when = self._health_of
        fresh_s = FRESH_LOCAL_S if target.is_local else FRESH_REMOTE_S
        # A picture that arrives just after a failure does not mean that all is well.
        well = bool(self._health) and self.upstream.state.status == "ok"
        well = well and when > self.upstream.failed
        return well and url == target.url and time.monotonic() - when < fresh_s


async def _closing(chunks: AsyncIterator[bytes], stack: AsyncExitStack) -> AsyncIterator[bytes]:
    async with stack:
        async for chunk in chunks:
            yield chunk
