"""Endpoints that the page uses; requests go on to the API as they are, and so do its answers."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from routes.forms import explain_form, search_form
from services.answer import choose_language
from services.image_service import ImageService
from services.upstream import Answer, Body
from utils.problems import request_id_of

router = APIRouter()
# Whose addresses go on as they are: the API knows their fields.
passed_on = APIRouter()

SMALL_BYTES = 65_536  # a form of words; kept whole, so that it can be sent again

Language = Annotated[str, Query(description="Of the sentence: vi or en.")]


def service_of(request: Request) -> ImageService:
    """The service made in the lifespan."""
    service: ImageService = request.app.state.service
    return service


@router.post("/api/predict-image", openapi_extra=search_form())
async def predict_image(request: Request) -> dict[str, Any]:
    """Search by words, by picture or by both: a sentence in Markdown and the pictures."""
    content = await request.body()
    async with request.form() as form:
        language = form.get("language")
        pictures = sum(not isinstance(file, str) for file in form.getlist("file"))
    accepted = request.headers.get("accept-language", "")
    return await service_of(request).predict(
        content, _headers(request), choose_language(str(language or ""), accepted), pictures,
        request_id_of(request.scope),
    )  # fmt: skip


@router.post("/api/search", openapi_extra=search_form())
async def search(request: Request) -> Response:
    """The same without the sentence."""
    return _json(
        await service_of(request).search(
            await _body(request), _headers(request), request_id_of(request.scope)
        )
    )


@router.post("/api/search/stream", openapi_extra=search_form())
async def stream(request: Request, language: Language = "") -> Response:
    """The same in server-sent events: understood, a hit for each picture, answer, done."""
    chosen = choose_language(language, request.headers.get("accept-language", ""))
    events = await service_of(request).stream(
        await _body(request), _headers(request), chosen, request_id_of(request.scope)
    )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


@router.post("/api/generate")
async def generate(request: Request) -> Response:
    """Pictures made from words, in server-sent events; closing the connection stops it."""
    events = await service_of(request).generate(
        await request.body(), _headers(request), request_id_of(request.scope)
    )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


@passed_on.post("/api/images", status_code=201)
async def add(request: Request) -> Response:
    """Add pictures to the gallery."""
    return await _send(request, request.stream())


@passed_on.post("/api/images/{id}/restore")
async def restore(request: Request, id: str) -> Response:
    """Put a deleted picture back."""
    return await _send(request, None)


@passed_on.post("/api/gallery/classify")
async def classify(request: Request) -> Response:
    """Pictures of the gallery with the labels that fit them."""
    return await _send(request, request.stream())


@passed_on.post("/api/tags")
async def tag(request: Request) -> Response:
    """Give pictures tags."""
    return await _send(request, request.stream())


@passed_on.put("/api/images/{id}/captions")
async def correct(request: Request, id: str) -> Response:
    """Put a person's captions in the place of those that a picture has."""
    return await _send(request, request.stream())


@passed_on.delete("/api/images/{id}/captions")
async def take_back(request: Request, id: str) -> Response:
    """Forget a person's captions."""
    return await _send(request, None)


@passed_on.delete("/api/images/{id}")
async def delete(request: Request, id: str) -> Response:
    """Take a picture out of the gallery."""
    return await _send(request, None)


@passed_on.post("/api/images/{id}/explain", openapi_extra=explain_form())
async def explain(request: Request, id: str) -> Response:
    """Where in a picture the words are: a PNG to lay over it, or JSON where that is accepted."""
    accept = request.headers.get("accept", "")
    status, media_type, content = await service_of(request).explain(
        _address(request), await _body(request), {**_headers(request), "accept": accept},
        request_id_of(request.scope),
    )  # fmt: skip
    return Response(content, status, media_type=media_type)


@passed_on.post("/api/embed")
async def embed(request: Request) -> Response:
    """Vectors of a text and of pictures."""
    return await _send(request, request.stream())


@router.get("/health")
async def health(request: Request) -> dict[str, Any]:
    """Whether the API behind is there, what it searches, and whether there are posts."""
    found = await service_of(request).health(request_id_of(request.scope))
    state = request.app.state
    if "ai" in found and state.ai_health is not None:  # captions come from there
        found["ai"] = await state.ai_health.ask(request_id_of(request.scope))
    database = state.posts.database if state.posts is not None else None
    return {
        **found,
        "posts": database is not None and database.state == "ready",
        "posts_state": "absent" if database is None else database.state,
        "posts_reason": state.no_posts if database is None else database.reason,
    }


@passed_on.get("/api/gallery")
@passed_on.get("/api/examples")
@passed_on.get("/api/folders")
@passed_on.get("/api/tags")
@passed_on.get("/api/images/{id}/similar")
@passed_on.get("/api/images/{id}/info")
async def listing(request: Request) -> Response:
    """Pictures of the gallery, its folders, queries that find something, pictures like one."""
    return _json(await service_of(request).get(_address(request), request_id_of(request.scope)))


@passed_on.get("/api/images/{id}")
@passed_on.get("/api/images/{id}/original")
@passed_on.get("/api/images/{id}/thumbnail")
async def picture(request: Request, id: str) -> Response:
    """A picture of the gallery as browsers show it, the file itself, or a small one of it."""
    status, headers, content = await service_of(request).open_picture(
        _address(request), request.headers.get("if-none-match"), request_id_of(request.scope)
    )
    if isinstance(content, bytes):
        return Response(content, status, headers)
    return StreamingResponse(content, status, headers)


async def _send(request: Request, content: Body) -> Response:
    """The API's answer to the request with another body or none."""
    return _json(
        await service_of(request).send(
            request.method, _address(request), content, _headers(request),
            request_id_of(request.scope),
        )
    )  # fmt: skip


def _json(answer: Answer) -> Response:
    return Response(answer.content, answer.status, media_type="application/json")


def _address(request: Request) -> str:
    """Path and query, percent-encoded as they were sent."""
    scope = request.scope
    path = str(scope["raw_path"], "ascii")
    return f"{path}?{str(scope['query_string'], 'ascii')}" if scope["query_string"] else path


async def _body(request: Request) -> Body:
    """The body as it arrives, or whole where it is small."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) <= SMALL_BYTES:
        return await request.body()
    stream: AsyncIterator[bytes] = request.stream()
    return stream


def _headers(request: Request) -> dict[str, str]:
    """What the API needs to read the body."""
    names = ("content-type", "content-length")
    return {name: request.headers[name] for name in names if name in request.headers}
