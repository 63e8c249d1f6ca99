"""The endpoints about the API itself, and the vectors it can make."""

from pathlib import Path

from fastapi import APIRouter

import timanh
from timanh.api import schemas
from timanh.api.ai import views
from timanh.api.ai.models import AiModels
from timanh.api.ai.painting import Painting
from timanh.api.http.problems import RequestError
from timanh.api.http.uploads import Files
from timanh.api.search.examples import Examples
from timanh.api.search.explaining import Explainer
from timanh.api.search.forms import Text, search_form
from timanh.api.search.service import SearchService
from timanh.errors import EmptyQueryError

DEMO = "demo"  # the encoder that comes with the package
NEVER_A_PHOTO = schemas.Notice(
    code="demo-model",
    detail="The demo model has seen drawn pictures only and never a photo: what it finds among "
    "photos is mostly chance. Serve a model that has seen photos, such as "
    "openai/clip-vit-base-patch32 (English) or google/siglip2-base-patch16-224 (many languages, "
    "Vietnamese among them).",
)


def status_router(
    service: SearchService, models: AiModels, painting: Painting, explainer: Explainer
) -> APIRouter:
    """Health, examples and vectors."""
    router = APIRouter()
    engine, config = service.engine, service.config
    made = Examples(engine)

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
            max_tokens=encoder.max_tokens,
            demo=encoder.name == DEMO,
            drawn=is_drawn(engine.dictionary.gallery),
            generate=painting.offered,
            paints_drawings=painting.offered and config.paints_drawings,
            sorting=True,
            explains=explainer.available,
            notice=NEVER_A_PHOTO
            if encoder.name == DEMO and not is_drawn(engine.dictionary.gallery)
            else None,
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
    async def examples() -> schemas.Examples:
        """Queries that find something here."""
        pairs = config.examples or await service.workers.run(made.pairs)
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
                text_fingerprint=encoder.text_fingerprint,
                dim=encoder.dim,
                text=text,
                images=images,
            )

        with service.slots.slot():
            return await service.workers.run(work)

    return router


def is_drawn(gallery: Path) -> bool:
    """Whether the pictures were drawn by this program, as the demo's are."""
    return any((place / "truth.json").is_file() for place in (gallery, gallery.parent))
