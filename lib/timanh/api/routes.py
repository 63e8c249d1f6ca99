"""The endpoints; inference runs in plain functions, which FastAPI puts on threads."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from fastapi.responses import FileResponse

import timanh
from timanh.api import schemas
from timanh.api.config import ApiConfig
from timanh.api.pictures import GalleryPictures, etag, media_type, read_uploads
from timanh.api.problems import RequestError
from timanh.search import Query as SearchQuery
from timanh.search import SearchEngine, SearchResult
from timanh.vectors import Item

Text = Annotated[str, Form(description="Words to search for, in any language the model knows.")]
Files = Annotated[list[UploadFile], File(description="Up to five pictures to search with.")]
Alpha = Annotated[float, Form(ge=0, le=1, description="Weight of the text against the pictures.")]

DAY = "private, max-age=86400"


def make_router(engine: SearchEngine, config: ApiConfig) -> APIRouter:
    """All endpoints over one engine."""
    router = APIRouter()
    pictures = GalleryPictures(engine.dictionary, config.thumbnail_side)

    def search(text: str, files: list[UploadFile], alpha: float, k: int) -> SearchResult:
        if len(text) > config.max_text:
            raise RequestError(
                422,
                "text-too-long",
                f"The query has {len(text)} characters; at most {config.max_text} are taken.",
            )
        images = read_uploads(files, config)
        return engine.search(SearchQuery(text=text or None, images=images, alpha=alpha, k=k))

    @router.get("/health")
    def health() -> schemas.Health:
        """Whether the API is there, and what it searches."""
        encoder = engine.encoder
        return schemas.Health(
            status="ok",
            model=encoder.name,
            dim=encoder.dim,
            images=len(engine.dictionary),
            device=encoder.device,
            languages=list(encoder.languages),
            version=timanh.__version__,
        )

    @router.post("/search")
    def report_search(
        query: Text = "",
        file: Files = [],
        alpha: Alpha = 0.6,
    ) -> schemas.ReportAnswer:
        """The original report's contract: five pictures inside the answer."""
        result = search(query, file, alpha, 5)
        return schemas.ReportAnswer(
            top5=[
                schemas.ReportHit(image=pictures.data_url(pictures.item(hit.id)), score=hit.score)
                for hit in result.hits
            ]
        )

    @router.post("/api/search")
    def api_search(
        query: Text = "",
        file: Files = [],
        alpha: Alpha = 0.6,
        k: Annotated[int, Form(ge=1, le=config.max_k, description="How many to find.")] = 5,
    ) -> schemas.SearchAnswer:
        """Search by text, by picture, or by both."""
        result = search(query, file, alpha, k)
        return schemas.SearchAnswer(
            query=schemas.Understood.model_validate(result.query),
            results=[
                schemas.Result(
                    **_picture(pictures.item(hit.id)).model_dump(), score=round(hit.score, 6)
                )
                for hit in result.hits
            ],
            took_ms=result.took_ms,
        )

    @router.get("/api/images/{id}")
    def image(id: str, request: Request) -> Response:
        """The picture itself."""
        item = pictures.item(id)
        path = pictures.file(item)
        headers = {"ETag": etag(item, "original"), "Cache-Control": DAY}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return FileResponse(path, media_type=media_type(path), headers=headers)

    @router.get("/api/images/{id}/thumbnail")
    def thumbnail(id: str, request: Request) -> Response:
        """A small JPEG of it."""
        item = pictures.item(id)
        headers = {"ETag": etag(item, f"t{config.thumbnail_side}"), "Cache-Control": DAY}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(pictures.thumbnail(item), headers=headers, media_type="image/jpeg")

    @router.get("/api/gallery")
    def gallery(
        limit: Annotated[int, Query(ge=1, le=200)] = 24,
        offset: Annotated[int, Query(ge=0)] = 0,
        sample: Annotated[bool, Query(description="Spread over the whole gallery.")] = False,
    ) -> schemas.GalleryPage:
        """Pictures of the gallery, in its order."""
        total = len(engine.dictionary)
        step = max(1, total // limit) if sample else 1
        rows = range(offset, total, step)[:limit]
        return schemas.GalleryPage(
            total=total, images=[_picture(engine.dictionary.item(row)) for row in rows]
        )

    @router.get("/api/examples")
    def examples() -> schemas.Examples:
        """Queries that find something here."""
        pairs = config.examples or _from_captions(engine)
        return schemas.Examples(examples=[schemas.Example(vi=vi, en=en) for vi, en in pairs])

    return router


def _picture(item: Item) -> schemas.Picture:
    return schemas.Picture(
        id=item.id,
        path=item.path,
        captions=list(item.captions),
        width=item.width,
        height=item.height,
        url=f"/api/images/{item.id}",
        thumbnail=f"/api/images/{item.id}/thumbnail",
    )


def _from_captions(engine: SearchEngine, count: int = 6) -> list[tuple[str, str]]:
    """The shortest caption of some pictures spread over the gallery, in whatever language."""
    total = len(engine.dictionary)
    rows = range(0, total, max(1, total // count))[:count]
    captions = [engine.dictionary.item(row).captions for row in rows]
    short = [min(own, key=len).rstrip(" .") for own in captions if own]
    return [(text, text) for text in dict.fromkeys(short)]
