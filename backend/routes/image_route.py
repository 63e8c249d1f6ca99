"""Endpoints that the page uses; each hands over to the service."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response, StreamingResponse

from services.answer import choose_language
from services.image_service import ImageService, Upload
from utils.problems import request_id_of

router = APIRouter()

Text = Annotated[str, Form(description="Words to search for.")]
Files = Annotated[list[UploadFile], File(description="Up to five pictures.")]
Alpha = Annotated[float, Form(ge=0, le=1, description="Weight of the words, 0..1.")]
Count = Annotated[int, Form(ge=1, le=100, description="How many pictures to find.")]


def service_of(request: Request) -> ImageService:
    """The service made in the lifespan."""
    service: ImageService = request.app.state.service
    return service


@router.post("/api/predict-image")
async def predict_image(
    request: Request,
    query: Text = "",
    file: Files = [],
    alpha: Alpha = 0.6,
    k: Count = 5,
    language: Annotated[str, Form(description="Of the answer: vi or en.")] = "",
) -> dict[str, Any]:
    """Search by words, by picture or by both: a sentence in Markdown and the pictures."""
    spoken = choose_language(language, request.headers.get("accept-language", ""))
    return await service_of(request).predict(
        _fields(query, alpha, k), await _uploads(file), spoken, request_id_of(request.scope)
    )


@router.post("/api/search")
async def search(
    request: Request,
    query: Text = "",
    file: Files = [],
    alpha: Alpha = 0.6,
    k: Count = 5,
) -> dict[str, Any]:
    """The same without the sentence."""
    return await service_of(request).search(
        _fields(query, alpha, k), await _uploads(file), request_id_of(request.scope)
    )


@router.get("/health")
async def health(request: Request) -> dict[str, Any]:
    """Whether the API behind is there, and what it searches."""
    return await service_of(request).health(request_id_of(request.scope))


@router.get("/api/gallery")
@router.get("/api/examples")
async def listing(request: Request) -> Any:
    """Pictures of the gallery; queries that find something in it."""
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


def _fields(query: str, alpha: float, k: int) -> dict[str, str]:
    return {"query": query, "alpha": str(alpha), "k": str(k)}


async def _uploads(files: list[UploadFile]) -> list[Upload]:
    return [
        (file.filename or "picture", await file.read(), file.content_type or "")
        for file in files
        if file.filename or file.size
    ]
