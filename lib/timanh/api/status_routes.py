"""The endpoints about the API itself, and the vectors it can make."""

from fastapi import APIRouter

import timanh
from timanh.api import schemas
from timanh.api.ai import views
from timanh.api.ai.models import AiModels
from timanh.api.http.problems import RequestError
from timanh.api.http.uploads import Files
from timanh.api.search.forms import Text, search_form
from timanh.api.search.service import SearchService
from timanh.errors import EmptyQueryError
from timanh.search import SearchEngine


def status_router(service: SearchService, models: AiModels) -> APIRouter:
    """Health, examples and vectors."""
    router = APIRouter()
    engine, config = service.engine, service.config

    @router.get("/health")
    def health() -> schemas.Health:
        """Whether the API is there, and what it searches."""
        encoder = engine.encoder
        return schemas.Health(
            status="ok",
            ready=service.ready,
            model=encoder.name,
            dim=encoder.dim,
            images=len(engine.dictionary),
            device=encoder.device,
            languages=list(encoder.languages),
            read_only=config.read_only,
            version=timanh.__version__,
            ai=views.state(models),
        )

    @router.get("/health/ready")
    def ready() -> schemas.Health:
        """The same, but 503 until a search succeeds, and while searches fail; for probes."""
        if not service.ready:
            raise RequestError(
                503,
                "not-ready",
                "The model is still warming up, or searches fail, as the log says. Try again in "
                "a moment.",
                1,
            )
        return health()

    @router.get("/api/examples")
    def examples() -> schemas.Examples:
        """Queries that find something here."""
        pairs = config.examples or _from_captions(engine)
        return schemas.Examples(examples=[schemas.Example(vi=vi, en=en) for vi, en in pairs])

    @router.post("/api/embed")
    async def embed(query: Text = "", file: Files = []) -> schemas.Vectors:
        """Unit vectors of a text and of pictures, as this API's encoder makes them."""
        form = search_form(config, query, file, 0.6, 1)
        if not query.strip() and form.images is None:
            raise EmptyQueryError(
                "The request has nothing to embed. Send words as “query” or pictures as “file”."
            )

        def work() -> schemas.Vectors:
            encoder = engine.encoder
            text = engine.encode_texts([query])[0].tolist() if query.strip() else None
            images = encoder.encode_images(form.images()).tolist() if form.images else []
            return schemas.Vectors(
                model=encoder.name,
                fingerprint=encoder.fingerprint,
                dim=encoder.dim,
                text=text,
                images=images,
            )

        with service.turns.slot():
            return await service.workers.run(work)

    return router


def _from_captions(engine: SearchEngine, count: int = 6) -> list[tuple[str, str]]:
    """The shortest caption of some pictures spread over the gallery, in whatever language."""
    total = len(engine.dictionary)
    rows = range(0, total, max(1, total // count))[:count]
    captions = [engine.dictionary.item(row).captions for row in rows]
    short = [min(each, key=len).rstrip(" .") for each in captions if each]
    return [(text, text) for text in dict.fromkeys(short)]
