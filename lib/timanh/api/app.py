"""The API over one search engine."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI

import timanh
from timanh.api import schemas
from timanh.api.ai.caption_routes import caption_router
from timanh.api.ai.models import AiModels, Captioner
from timanh.api.ai.paint_routes import paint_router
from timanh.api.ai.painting import Painter, Painting
from timanh.api.ai.routes import ai_router
from timanh.api.ai.service import AiService
from timanh.api.ai.status_routes import ai_status_router
from timanh.api.ai.translation_routes import translation_router
from timanh.api.config import ApiConfig
from timanh.api.gallery.additions import Additions
from timanh.api.gallery.caption_routes import captions_router
from timanh.api.gallery.corrections import Corrections
from timanh.api.gallery.editing import GalleryEditor
from timanh.api.gallery.editing_routes import editing_router
from timanh.api.gallery.pictures import GalleryPictures
from timanh.api.gallery.routes import gallery_router
from timanh.api.gallery.sorting_routes import sorting_router
from timanh.api.gallery.views import PictureViews
from timanh.api.http import problems
from timanh.api.http.about_routes import about_router
from timanh.api.http.gate import Gate
from timanh.api.http.known_fields import only_known_fields
from timanh.api.http.metrics import Metrics
from timanh.api.http.slots import RequestSlots
from timanh.api.search.explain_routes import explain_router
from timanh.api.search.explaining import Explainer
from timanh.api.search.routes import search_router
from timanh.api.search.service import SearchService
from timanh.api.status_routes import status_router
from timanh.search import SearchEngine, Translator
from timanh.vectors.store.tags import Tags

FAILURES: dict[int | str, dict[str, Any]] = {
    "4XX": {"content": {problems.MEDIA_TYPE: {"schema": schemas.Problem.model_json_schema()}},
            "description": "What is wrong with the request."},
    "5XX": {"content": {problems.MEDIA_TYPE: {"schema": schemas.Problem.model_json_schema()}},
            "description": "What went wrong here."},
}  # fmt: skip


def create_app(
    engine: SearchEngine,
    config: ApiConfig | None = None,
    captioner: Captioner | None = None,
    translator_to: Callable[[str], Translator | None] = lambda language: None,
    painter: Callable[[], Painter] | None = None,
) -> FastAPI:
    """A FastAPI application that answers with `engine`; loads no torch by itself.

    Args:
        captioner: writes captions; None for none.
        translator_to: what translates captions into a language; None for none.
        painter: loads what makes pictures from words, when they are first wanted; None for none.

    Example:
        >>> app = create_app(SearchEngine(encoder, dictionary), ApiConfig(api_key="…"))
    """
    chosen = config or ApiConfig()
    metrics, slots = Metrics(), RequestSlots(chosen.max_searches)
    service = SearchService(engine, chosen, metrics, slots)
    pictures = GalleryPictures(engine, chosen, metrics)
    models = AiModels(
        lambda: engine.encoder, None if captioner is None else lambda: captioner,
        encode_texts=engine.encode_texts, translator=lambda encoder: engine.translator,
        translator_to=translator_to,
    )  # fmt: skip
    models.encoder.get()
    if captioner is not None:
        models.captioner.get()
    ai = AiService(models, chosen, slots)
    painting = Painting(painter, chosen)
    additions = Additions(engine.dictionary.folder)
    tags = Tags(engine.dictionary.folder)
    views = PictureViews(additions, Corrections(engine.dictionary.folder), tags)
    editor = GalleryEditor(engine, chosen, additions)
    explainer = Explainer(service, pictures, chosen)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        async with service.running():
            ai.start(load=chosen.preload)
            looking = asyncio.create_task(explainer.look())
            try:
                yield
            finally:
                looking.cancel()
                explainer.close()
                ai.close()
                painting.close()

    routers = (
        status_router(service, models, painting, explainer),
        about_router(metrics),
        search_router(service, pictures, views),
        gallery_router(engine, chosen, pictures, views),
        explain_router(explainer, chosen),
        editing_router(editor, views, service.workers),
        captions_router(editor, views),
        sorting_router(engine, chosen, views, ai, tags),
        ai_router(ai, chosen),
        caption_router(ai, chosen),
        translation_router(ai, chosen),
        paint_router(painting, chosen),
    )
    description = "Search a collection of pictures by text, by picture, or by both."
    return _assemble(description, routers, running, chosen, metrics)


def create_ai_app(models: AiModels, name: str, config: ApiConfig | None = None) -> FastAPI:
    """The AI service alone, without a gallery. `name` of the encoder, while it is not loaded."""
    chosen = config or ApiConfig()
    metrics, slots = Metrics(), RequestSlots(chosen.max_searches)
    ai = AiService(models, chosen, slots)
    metrics.searching.set_function(lambda: slots.taken)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        ai.start(load=chosen.preload)
        try:
            yield
        finally:
            ai.close()

    routers = (
        ai_status_router(ai, name),
        about_router(metrics),
        ai_router(ai, chosen),
        caption_router(ai, chosen),
        translation_router(ai, chosen),
    )
    description = "Embeddings and captions of pictures, and labels without training."
    return _assemble(description, routers, running, chosen, metrics)


def _assemble(
    description: str,
    routers: Sequence[APIRouter],
    running: Callable[[], AbstractAsyncContextManager[None]],
    config: ApiConfig,
    metrics: Metrics,
) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running():
            yield

    app = FastAPI(
        title="Tìm Ảnh",
        version=timanh.__version__,
        description=description,
        # FastAPI's own pages load their scripts from a foreign host.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        responses=FAILURES,
    )
    for router in routers:
        app.include_router(router, dependencies=[Depends(only_known_fields)])
    problems.install(app)
    app.add_middleware(Gate, config=config, metrics=metrics)
    return app
