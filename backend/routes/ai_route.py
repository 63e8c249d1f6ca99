"""The AI service: its requests go on as they are, and so do its answers."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.upstream import Upstream
from utils.problems import BackendError, request_id_of

router = APIRouter()


@router.get("/api/ai/health")
@router.post("/api/ai/image-features")
@router.post("/api/ai/classify")
@router.post("/api/ai/text-embedding")
@router.post("/api/ai/translate")
@router.post("/api/caption")
async def pass_on(request: Request) -> Response:
    """Embeddings and captions of pictures, labels without training, embeddings of words."""
    service: Upstream | None = request.app.state.ai
    if service is None:
        raise BackendError(
            503, "ai-off", "No AI service is set. Name one in AI_SERVICE_URL and start again."
        )
    names = ("content-type", "content-length")
    answer = await service.fetch(
        request.method,
        str(request.scope["raw_path"], "ascii"),
        request_id_of(request.scope),
        content=None if request.method == "GET" else request.stream(),
        headers={name: request.headers[name] for name in names if name in request.headers},
        timeout_s=service.settings.ai_timeout_s,
    )
    return Response(answer.content, answer.status, media_type="application/json")
