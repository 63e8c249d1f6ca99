"""The endpoints that search."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from timanh.api import schemas
from timanh.api.gallery.pictures import GalleryPictures
from timanh.api.gallery.views import PictureViews
from timanh.api.http.problems import as_document, request_id_of, to_request_error
from timanh.api.http.uploads import Files
from timanh.api.search import views
from timanh.api.search.forms import Alpha, SearchForm, Text, search_form, search_reader
from timanh.api.search.service import SearchService
from timanh.errors import TimAnhError

STREAM = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
SSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "understood, hit …, done"}
}


def search_router(
    service: SearchService, pictures: GalleryPictures, picture_views: PictureViews
) -> APIRouter:
    """Searches over one service."""
    router = APIRouter()
    config = service.config
    Form = Annotated[SearchForm, Depends(search_reader(config))]

    @router.post("/api/search", response_model=schemas.SearchAnswer)
    async def search(form: Form) -> Response:
        """Search by text, by picture, or by both."""
        found = await service.search(form.query, form.images)
        gallery = len(service.engine.dictionary)
        return _json(views.search_answer(found, gallery, pictures, picture_views))

    @router.post("/api/search/stream", response_class=StreamingResponse, responses=SSE)
    async def stream(request: Request, form: Form) -> Response:
        """The same in server-sent events: understood, a hit for each picture, done."""
        request_id = request_id_of(request.scope)
        events = stream_events(service, form, request_id, pictures, picture_views)
        # What is wrong before the first event is an ordinary problem.
        first = await anext(events)
        return StreamingResponse(
            _after(first, events), media_type="text/event-stream", headers=STREAM
        )

    @router.post("/search", response_model=schemas.ReportAnswer)
    async def report_search(query: Text = "", file: Files = [], alpha: Alpha = 0.6) -> Response:
        """The original report's contract: five pictures inside the answer."""
        form = search_form(config, query, file, alpha, 5)
        found = await service.search(form.query, form.images)

        def answer() -> schemas.ReportAnswer:
            return schemas.ReportAnswer(
                top5=[
                    schemas.ReportHit(image=pictures.data_url(pictures.item(h.id)), score=h.score)
                    for h in found.hits
                ]
            )

        return _json(await service.workers.run(answer))

    return router


async def stream_events(
    service: SearchService,
    form: SearchForm,
    request_id: str,
    pictures: GalleryPictures,
    picture_views: PictureViews,
) -> AsyncIterator[bytes]:
    """Events of one search; the first is `understood`, until which errors are raised."""
    with service.slots.slot():
        query, understood, took = await service.understand(form.query, form.images)
        yield _event("understood", views.understood(understood, pictures, picture_views))
        try:
            found = await service.find(query, understood, took)
            for hit in found.hits:
                yield _event("hit", views.streamed_result(hit, picture_views))
            gallery = len(service.engine.dictionary)
            yield _event("done", views.finished(found, gallery))
        except TimAnhError as error:
            document = as_document(to_request_error(error, request_id), request_id)
            yield _block("problem", json.dumps(document, ensure_ascii=False))


async def _after(first: bytes, events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for event in events:
        yield event


def _event(name: str, content: BaseModel) -> bytes:
    return _block(name, content.model_dump_json())


def _block(name: str, document: str) -> bytes:
    return f"event: {name}\ndata: {document}\n\n".encode()


def _json(content: BaseModel) -> Response:
    return Response(content.model_dump_json(), media_type="application/json")
