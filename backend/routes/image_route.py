"""Endpoints that the page uses; each hands over to the service."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from fastapi.responses import Response, StreamingResponse

from services.answer import choose_language
from services.image_service import FileField, ImageService
from services.upstream import Body
from utils.problems import request_id_of

router = APIRouter()

SMALL_BYTES = 65_536  # a form of words; kept whole, so that it can be sent again

Text = Annotated[str, Form(description="Words to search for.")]
Files = Annotated[list[UploadFile], File(description="Up to five pictures.")]
Alpha = Annotated[float, Form(ge=0, le=1, description="Weight of the words, 0..1.")]
Count = Annotated[int, Form(ge=1, le=100, description="How many pictures to find.")]
Ids = Annotated[list[str], Form(description="Ids of pictures to find more, or less, like.")]
Without = Annotated[str, Form(description="Words for what should not be there.")]
Offset = Annotated[int, Form(ge=0, description="How many to leave out first; for more pages.")]
Fold = Annotated[str, Form(description="Fold pictures at least so alike, such as 0.95.")]
Folder = Annotated[str, Form(description="Only in this folder of the gallery.")]
Words = Annotated[str, Form(description="That the picture's captions must have, all.")]
Day = Annotated[str, Form(description="Of the file's last change, included: 2026-01-31.")]
Side = Annotated[str, Form(description="Pixels of the shorter side.")]
Bytes = Annotated[str, Form(description="Of the file.")]
Language = Annotated[str, Query(description="Of the sentence: vi or en.")]


def service_of(request: Request) -> ImageService:
    """The service made in the lifespan."""
    service: ImageService = request.app.state.service
    return service


async def words_of_form(
    request: Request,
    query: Text = "",
    alpha: Alpha = 0.6,
    k: Count = 5,
    like: Ids = [],
    unlike: Ids = [],
    without: Without = "",
    offset: Offset = 0,
    fold: Fold = "",
    folder: Folder = "",
    words: Words = "",
    after: Day = "",
    before: Day = "",
    min_side: Side = "",
    min_bytes: Bytes = "",
    max_bytes: Bytes = "",
) -> list[tuple[str, str]]:
    """What came in words; it goes on as it is, and the parameters are for /docs."""
    form = await request.form()
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


@router.post("/api/predict-image")
async def predict_image(
    request: Request,
    fields: Annotated[list[tuple[str, str]], Depends(words_of_form)],
    file: Files = [],
    language: Annotated[str, Form(description="Of the answer: vi or en.")] = "",
) -> dict[str, Any]:
    """Search by words, by picture or by both: a sentence in Markdown and the pictures."""
    spoken = choose_language(language, request.headers.get("accept-language", ""))
    return await service_of(request).predict(
        fields, await _uploads(file), spoken, request_id_of(request.scope)
    )


@router.post("/api/search")
async def search(request: Request) -> Any:
    """The same without the sentence; the form goes on to the API as it is."""
    return await service_of(request).search(
        await _body(request), _headers(request), request_id_of(request.scope)
    )


@router.post("/api/search/stream")
async def stream(request: Request, language: Language = "") -> Response:
    """The same in server-sent events: understood, a hit for each picture, answer, done."""
    spoken = choose_language(language, request.headers.get("accept-language", ""))
    events = await service_of(request).stream(
        await _body(request), _headers(request), spoken, request_id_of(request.scope)
    )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


@router.post("/api/images", status_code=201)
async def add(request: Request) -> Any:
    """Add pictures to the gallery."""
    return await service_of(request).send(
        "POST", "/api/images", request.stream(), _headers(request), request_id_of(request.scope)
    )


@router.delete("/api/images/{id}")
async def delete(request: Request, id: str) -> Any:
    """Take a picture out of the gallery."""
    return await service_of(request).send(
        "DELETE", request.url.path, None, {}, request_id_of(request.scope)
    )


@router.post("/api/embed")
async def embed(request: Request) -> Any:
    """Vectors of a text and of pictures."""
    return await service_of(request).send(
        "POST", "/api/embed", request.stream(), _headers(request), request_id_of(request.scope)
    )


@router.get("/health")
async def health(request: Request) -> dict[str, Any]:
    """Whether the API behind is there, and what it searches."""
    return await service_of(request).health(request_id_of(request.scope))


@router.get("/api/gallery")
@router.get("/api/examples")
@router.get("/api/folders")
@router.get("/api/images/{id}/similar")
async def listing(request: Request) -> Any:
    """Pictures of the gallery, its folders, queries that find something, pictures like one."""
    return await service_of(request).get(
        request.url.path, request.query_params, request_id_of(request.scope)
    )


@router.get("/api/images/{id}")
@router.get("/api/images/{id}/thumbnail")
async def picture(request: Request, id: str) -> Response:
    """A picture of the gallery, or a small one of it."""
    status, headers, content = await service_of(request).open_picture(
        request.url.path, request.headers.get("if-none-match"), request_id_of(request.scope)
    )
    return StreamingResponse(content, status, headers)


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


async def _uploads(files: list[UploadFile]) -> list[FileField]:
    return [
        ("file", (file.filename or "picture", await file.read(), file.content_type or ""))
        for file in files
        if file.filename or file.size
    ]
