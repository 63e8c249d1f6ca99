"""What the page asks for, fetched from the API."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import httpx

from services.answer import sentence
from services.failures import in_words
from services.streaming import with_sentence
from services.upstream import Body, Upstream
from utils.problems import BackendError

PASSED_ON = ("content-type", "content-length", "etag", "cache-control", "last-modified")
# A tunnel's free plan counts requests, and every failed search tells at once that it is gone.
FRESH_LOCAL_S, FRESH_REMOTE_S = 2.0, 60.0
FileField = tuple[str, tuple[str, bytes, str]]  # "file", (name, content, media type)
Fields = Sequence[tuple[str, str]]


class ImageService:
    """The page's requests over one upstream."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self._health: dict[str, Any] = {}
        self._health_of = ("", 0.0)  # whose, and when
        self._looking = asyncio.Lock()

    async def health(self, request_id: str) -> dict[str, Any]:
        """The API's health with `upstream`; "degraded" and the reason when it cannot be had."""
        async with self._looking:
            if not self._is_fresh():
                self._health_of = (self.upstream.target.url, time.monotonic())
                try:
                    self._health = await self._look(request_id)
                except BackendError:
                    self._health = {}
        upstream = self.upstream.describe()
        if upstream["status"] != "ok":
            return {"status": "degraded", "upstream": upstream}
        return {**self._health, "upstream": upstream}

    async def get(self, path: str, parameters: Any, request_id: str) -> Any:
        """JSON of a GET."""
        return await self.upstream.json("GET", path, request_id, params=parameters)

    async def send(
        self, method: str, path: str, content: Body, headers: dict[str, str], request_id: str
    ) -> Any:
        """JSON of a request that goes on as it came."""
        self._health = {}  # it may change the number of pictures
        return await self.upstream.json(method, path, request_id, content=content, headers=headers)

    async def search(self, content: Body, headers: dict[str, str], request_id: str) -> Any:
        """The answer of the API's `/api/search` to a form that goes on as it came."""
        target = self.upstream.target
        answer = await self.upstream.json(
            "POST", "/api/search", request_id, content=content, headers=headers,
            again=isinstance(content, bytes), target=target,
        )  # fmt: skip
        return self.upstream.require(answer, {"query", "results"}, target)

    async def predict(
        self, fields: Fields, files: Sequence[FileField], language: str, request_id: str
    ) -> dict[str, Any]:
        """The report's contract for the page: a sentence, addresses of pictures, and all else."""
        form = httpx.Request("POST", "http://form", data=_grouped(fields), files=list(files))
        headers = {"content-type": form.headers["content-type"]}
        answer = await self.search(form.read(), headers, request_id)
        return {
            "text": sentence(answer, language, len(files)),
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
        stack = AsyncExitStack()
        target = self.upstream.target
        response = await stack.enter_async_context(
            self.upstream.open(
                "POST", "/api/search/stream", request_id, content=content, headers=headers,
                again=isinstance(content, bytes), target=target,
            )
        )  # fmt: skip
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            await stack.aclose()
            raise self.upstream.foreign(target)

        def broke(error: Exception) -> BackendError:
            told = in_words(error, target.url)
            self.upstream.note(target, told)
            return told

        return _closing(with_sentence(response.aiter_raw(), language, request_id, broke), stack)

    async def open_picture(
        self, path: str, etag: str | None, request_id: str
    ) -> tuple[int, dict[str, str], AsyncIterator[bytes]]:
        """Status, headers and bytes as they arrive; the stream closes itself at its end."""
        stack = AsyncExitStack()
        headers = {"If-None-Match": etag} if etag else {}
        response = await stack.enter_async_context(
            self.upstream.open("GET", path, request_id, headers=headers)
        )
        kept = {name: response.headers[name] for name in PASSED_ON if name in response.headers}
        return response.status_code, kept, _closing(response.aiter_raw(), stack)

    async def _look(self, request_id: str) -> dict[str, Any]:
        """The API's health; unless all was well, whether it takes the key too."""
        upstream = self.upstream
        look = upstream.health if upstream.state.status == "ok" else upstream.check
        return await look(upstream.target, request_id)

    def _is_fresh(self) -> bool:
        target = self.upstream.target
        url, when = self._health_of
        fresh_s = FRESH_LOCAL_S if target.is_local else FRESH_REMOTE_S
        # A picture that came through just after a failure does not make all well.
        well = bool(self._health) and self.upstream.state.status == "ok"
        well = well and when > self.upstream.failed
        return well and url == target.url and time.monotonic() - when < fresh_s


async def _closing(chunks: AsyncIterator[bytes], stack: AsyncExitStack) -> AsyncIterator[bytes]:
    async with stack:
        async for chunk in chunks:
            yield chunk


def _grouped(fields: Fields) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(value)
    return found
