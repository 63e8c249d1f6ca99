"""The endpoints about pictures of the gallery."""

import time
from pathlib import PurePosixPath
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from timanh.api import schemas
from timanh.api.config import ApiConfig
from timanh.api.gallery import views
from timanh.api.gallery.editing import GalleryEditor
from timanh.api.gallery.pictures import GalleryPictures, disposition, etag
from timanh.api.gallery.renditions import kind_of, large_jpeg
from timanh.api.http.problems import RequestError
from timanh.api.http.uploads import Files, read_bytes, sent_files
from timanh.api.http.workers import Workers
from timanh.search import Hit, SearchEngine
from timanh.workspace import readable

DAY = "private, max-age=86400"
JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/*": {}}, "description": "The picture."},
    304: {"description": "The one that you have, by If-None-Match, is still right."},
}
MAX_FOLDERS = 500  # in one answer
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=2**53)]


def gallery_router(
    engine: SearchEngine, config: ApiConfig, pictures: GalleryPictures, workers: Workers
) -> APIRouter:
    """Pictures of the engine's gallery."""
    router = APIRouter()
    editor = GalleryEditor(engine, config)

    @router.get("/api/images/{id}", response_class=Response, responses=JPEG)
    def image(id: str, request: Request) -> Response:
        """The picture as every browser shows it: the file itself, or a JPEG of another kind."""
        item = pictures.item(id)
        path = pictures.file(item.path)
        headers = {"ETag": etag(item, "shown"), "Cache-Control": DAY}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        headers["X-Content-Type-Options"] = "nosniff"
        kind, name = kind_of(path), PurePosixPath(readable(item.path))
        headers["Content-Disposition"] = disposition("inline", name.name)
        if kind.for_browsers:
            return FileResponse(path, media_type=kind.media_type, headers=headers)
        headers["Content-Disposition"] = disposition("inline", f"{name.stem}.jpg")
        return Response(large_jpeg(path, kind), headers=headers, media_type="image/jpeg")

    @router.get("/api/images/{id}/original", response_class=Response, responses=JPEG)
    def original(id: str) -> Response:
        """The file as it lies in the gallery, to be kept under its name."""
        item = pictures.item(id)
        path = pictures.file(item.path)
        headers = {
            "ETag": etag(item, "original"),
            "Cache-Control": DAY,
            "Content-Disposition": disposition(
                "attachment", PurePosixPath(readable(item.path)).name
            ),
            "X-Content-Type-Options": "nosniff",
        }
        return FileResponse(path, media_type=kind_of(path).media_type, headers=headers)

    @router.get("/api/images/{id}/thumbnail", response_class=Response, responses=JPEG)
    def thumbnail(id: str, request: Request) -> Response:
        """A small JPEG of it."""
        item = pictures.item(id)
        headers = {"ETag": etag(item, f"t{config.thumbnail_side}"), "Cache-Control": DAY}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(pictures.thumbnail(item), headers=headers, media_type="image/jpeg")

    @router.get("/api/images/{id}/similar")
    def similar(
        id: str, k: Annotated[int, Query(ge=1, le=100, description="How many.")] = 5
    ) -> schemas.SimilarAnswer:
        """Pictures like this one, by its stored vector."""
        began = time.perf_counter()
        hits = similar_to(engine, id, k)
        took = {"total": round(1000 * (time.perf_counter() - began), 3)}
        return schemas.SimilarAnswer(
            picture=views.picture(pictures.item(id)), results=hits, took_ms=took
        )

    @router.post("/api/images", status_code=201)
    async def add(file: Files) -> schemas.Added:
        """Add pictures to the gallery; they are searchable at once."""
        sent = sent_files(file, config)
        if not sent:
            raise RequestError(
                422, "invalid-request", "The request has no picture. Send it as “file”."
            )
        contents = await workers.run(lambda: [read_bytes(one, config) for one in sent])
        items, added = await workers.run(lambda: editor.add(contents))
        return schemas.Added(
            images=[views.picture(item) for item in items],
            added=added,
            known=len(items) - added,
            total=len(engine.dictionary),
        )

    @router.delete("/api/images/{id}")
    def delete(id: str) -> schemas.Deleted:
        """Take a picture out of the gallery."""
        return schemas.Deleted(id=id, total=editor.delete(id))

    @router.get("/api/gallery")
    def gallery(
        limit: Limit = 24,
        offset: Offset = 0,
        sample: Annotated[bool, Query(description="Spread over the whole gallery.")] = False,
    ) -> schemas.GalleryPage:
        """Pictures of the gallery, in its order."""
        dictionary = engine.dictionary
        total = len(dictionary)
        step = max(1, total // limit) if sample else 1
        rows = range(offset, total, step)[:limit]
        return schemas.GalleryPage(
            total=total, images=[views.picture(dictionary.item(row)) for row in rows]
        )

    @router.get("/api/folders")
    def folders() -> schemas.Folders:
        """Folders of the gallery that a search can be narrowed to."""
        counts = engine.folders()
        largest = sorted(counts, key=lambda path: -counts[path])[:MAX_FOLDERS]
        return schemas.Folders(
            folders=[schemas.Folder(path=path, count=counts[path]) for path in sorted(largest)]
        )

    return router


def similar_to(engine: SearchEngine, id: str, k: int) -> list[schemas.Result]:
    """The k pictures nearest to the one with this id, without itself.

    Raises:
        UnknownPictureError: no picture has this id.
    """
    dictionary = engine.dictionary
    row = dictionary.row_of(id)
    scores, rows = dictionary.search(dictionary.vectors_of(np.array([row])), k + 1)
    found = [
        (float(score), dictionary.item(int(each)))
        for score, each in zip(scores[0], rows[0], strict=True)
        if int(each) != row
    ]
    return [
        views.result(
            Hit(rank, item.id, item.path, max(-1.0, min(1.0, score)), item.captions, item.width,
                item.height)
        )
        for rank, (score, item) in enumerate(found[:k], 1)
    ]  # fmt: skip
