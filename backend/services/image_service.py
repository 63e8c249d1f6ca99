"""What the page asks for, fetched from the API."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from services.answer import sentence
from services.upstream import failures_in_words, read_json, refuse_foreign_answers
from utils.problems import BackendError

PASSED_ON = ("content-type", "content-length", "etag", "cache-control", "last-modified")
Upload = tuple[str, bytes, str]  # name, content, media type


@dataclass(frozen=True)
class ImageService:
    """Talks to one API through one client."""

    client: httpx.AsyncClient
    address: str

    async def health(self, request_id: str) -> dict[str, Any]:
        """The API's health with `upstream`; "degraded" and the reason when it cannot be had."""
        try:
            found = dict(await self.get("/health", {}, request_id))
        except BackendError as error:
            upstream = {"status": "down", "code": error.code, "detail": str(error)}
            return {"status": "degraded", "upstream": {"url": self.address, **upstream}}
        return {**found, "upstream": {"url": self.address, "status": "ok"}}

    async def get(self, path: str, parameters: Mapping[str, str], request_id: str) -> Any:
        """JSON of a GET."""
        async with failures_in_words(self.address):
            response = await self.client.get(
                path, params=dict(parameters), headers={"X-Request-ID": request_id}
            )
        return read_json(response, self.address)

    async def search(
        self, fields: Mapping[str, str], files: Sequence[Upload], request_id: str
    ) -> dict[str, Any]:
        """The answer of the API's `/api/search`."""
        async with failures_in_words(self.address):
            response = await self.client.post(
                "/api/search",
                data=dict(fields),
                files=[("file", upload) for upload in files] or None,
                headers={"X-Request-ID": request_id},
            )
        answer = read_json(response, self.address)
        if not isinstance(answer, dict) or not {"query", "results"} <= set(answer):
            raise BackendError(
                502,
                "upstream-broken",
                f"{self.address} is not a Tìm Ảnh API: its answer has another form.",
            )
        return answer

    async def predict(
        self, fields: Mapping[str, str], files: Sequence[Upload], language: str, request_id: str
    ) -> dict[str, Any]:
        """The report's contract for the page: a sentence, addresses of pictures, and all else."""
        answer = await self.search(fields, files, request_id)
        return {
            "text": sentence(answer, language, len(files)),
            "images": [result["url"] for result in answer["results"]],
            **answer,
        }

    async def open_picture(
        self, path: str, etag: str | None, request_id: str
    ) -> tuple[int, dict[str, str], AsyncIterator[bytes]]:
        """Status, headers and bytes as they arrive; the stream closes itself at its end."""
        headers = {"X-Request-ID": request_id, **({"If-None-Match": etag} if etag else {})}
        request = self.client.build_request("GET", path, headers=headers)
        async with failures_in_words(self.address):
            response = await self.client.send(request, stream=True)
            try:
                if response.status_code not in (200, 304):
                    await response.aread()
                    read_json(response, self.address)
                refuse_foreign_answers(response, self.address)
            except BaseException:
                await response.aclose()
                raise
        kept = {name: response.headers[name] for name in PASSED_ON if name in response.headers}
        return response.status_code, kept, _bytes_of(response)


async def _bytes_of(response: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_bytes():
            yield chunk
    finally:
        await response.aclose()
