"""Health of an app that serves no gallery."""

from fastapi import APIRouter

import timanh
from timanh.api import schemas
from timanh.api.ai import views
from timanh.api.ai.service import AiService
from timanh.api.http.problems import RequestError


def ai_status_router(service: AiService, name: str) -> APIRouter:
    """`name` of the encoder, while it is not loaded."""
    router = APIRouter()
    part = service.models.encoder

    @router.get("/health")
    def health() -> schemas.Health:
        """Whether the service is there, and how its parts are doing."""
        encoder = part.loaded
        return schemas.Health(
            status="ok",
            ready=part.state in ("ready", "waiting"),
            model=name if encoder is None else encoder.name,
            dim=0 if encoder is None else encoder.dim,
            images=0,
            device="" if encoder is None else encoder.device,
            languages=[] if encoder is None else list(encoder.languages),
            read_only=True,
            version=timanh.__version__,
            ai=views.state(service.models),
        )

    @router.get("/health/ready")
    def ready() -> schemas.Health:
        """The same, but 503 while a model loads, and after it failed; for probes."""
        if part.state not in ("ready", "waiting"):
            raise RequestError(
                503, "not-ready", part.detail or "The model is loading. Try again in a moment.", 1
            )
        return health()

    return router
