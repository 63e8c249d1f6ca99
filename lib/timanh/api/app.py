"""The API over one search engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

import timanh
from timanh.api import schemas
from timanh.api.config import ApiConfig
from timanh.api.gallery.pictures import GalleryPictures
from timanh.api.gallery.routes import gallery_router
from timanh.api.http import problems
from timanh.api.http.gate import Gate
from timanh.api.http.metrics import Metrics
from timanh.api.search.routes import search_router
from timanh.api.search.service import SearchService
from timanh.api.status_routes import status_router
from timanh.search import SearchEngine

FAILURES: dict[int | str, dict[str, Any]] = {
    "4XX": {"content": {problems.MEDIA_TYPE: {"schema": schemas.Problem.model_json_schema()}},
            "description": "What is wrong with the request."},
    "5XX": {"content": {problems.MEDIA_TYPE: {"schema": schemas.Problem.model_json_schema()}},
            "description": "What went wrong here."},
}  # fmt: skip


def create_app(engine: SearchEngine, config: ApiConfig | None = None) -> FastAPI:
    """A FastAPI application that answers with `engine`; loads no torch by itself.

    Example:
        >>> app = create_app(SearchEngine(encoder, dictionary), ApiConfig(api_key="…"))
    """
    chosen = config or ApiConfig()
    metrics = Metrics()
    service = SearchService(engine, chosen, metrics)
    pictures = GalleryPictures(engine, chosen, metrics)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPI(
        title="Tìm Ảnh",
        version=timanh.__version__,
        description="Search a collection of pictures by text, by picture, or by both.",
        # FastAPI's own pages load their scripts from a foreign host.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses=FAILURES,
    )
    for router in (
        status_router(service, metrics),
        search_router(service, pictures),
        gallery_router(engine, chosen, pictures, service.workers),
    ):
        app.include_router(router)
    problems.install(app)
    app.add_middleware(Gate, config=chosen, metrics=metrics)
    return app
