"""The endpoints about pictures of the gallery."""

import time
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from timanh.api import schemas
from timanh.api.config import ApiConfig
from timanh.api.gallery.pictures import GalleryPictures, disposition, etag
from timanh.api.gallery.renditions import kind_of, large_jpeg
from timanh.api.gallery.views import PictureViews
from timanh.api.http.problems import RequestError
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
    engine: SearchEngine, config: ApiConfig, pictures: GalleryPictures, views: PictureViews
) -> APIRouter:
    """Pictures of the engine's gallery."""
    router = APIRouter()

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
        return Response(
            large_jpeg(path, kind, readable(item.path)), headers=headers, media_type="image/jpeg"
        )

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
        hits = similar_to(engine, views, id, k)
        took = {"total": round(1000 * (time.perf_counter() - began), 3)}
        return schemas.SimilarAnswer(
            picture=views.picture(pictures.item(id)), results=hits, took_ms=took
        )

    @router.get("/api/images/{id}/info")
    def info(id: str) -> schemas.Picture:
        """What is known of one picture."""
        return views.picture(pictures.item(id))

    @router.get("/api/gallery")
    def gallery(
        limit: Limit = 24,
        offset: Offset = 0,
        sample: Annotated[bool, Query(description="Spread over the whole gallery.")] = False,
        order: Annotated[
            Literal["stored", "newest"], Query(description="“newest”: by the time they were taken.")
        ] = "stored",
        folder: Annotated[
            str, Query(max_length=1000, description="Only in this folder; by time.")
        ] = "",
        tag: Annotated[str, Query(max_length=200, description="Only with this tag; by time.")] = "",
        cursor: Annotated[
            str, Query(max_length=200, description="“next” of the page before; by time.")
        ] = "",
        around: Annotated[
            str,
            Query(max_length=200, description="Id of a picture to have in the middle; by time."),
        ] = "",
    ) -> schemas.GalleryPage:
        """Pictures of the gallery, in its order or by time."""
        dictionary = engine.dictionary
        total = len(dictionary)
        if order == "stored" and not (folder or tag or cursor or around):
            step = max(1, total // limit) if sample else 1
            rows = range(offset, total, step)[:limit]
            images = [views.picture(dictionary.item(row)) for row in rows]
            return schemas.GalleryPage(total=total, gallery=total, offset=offset, images=images)
        return page_by_time(engine, views, limit, offset, folder, tag, cursor, around)

    @router.get("/api/folders")
    def folders() -> schemas.Folders:
        """Folders of the gallery that a search can be narrowed to."""
        counts = engine.folders()
        largest = sorted(counts, key=lambda path: -counts[path])[:MAX_FOLDERS]
        return schemas.Folders(
            folders=[schemas.Folder(path=path, count=counts[path]) for path in sorted(largest)]
        )

    return router


def page_by_time(
    engine: SearchEngine,
    views: PictureViews,
    limit: int,
    offset: int,
    folder: str,
    tag: str,
    cursor: str,
    around: str,
) -> schemas.GalleryPage:
    """Pictures of a folder, or of all, the newest first; with a tag, those that have it.

    Raises:
        RequestError: 422, a cursor that this API did not make, or a picture that is not among them.
        UnknownPictureError, UnknownFolderError.
    """
    timeline, place = engine.timeline(), None
    if around:
        place = timeline.place_of(around, folder or None, tag or None)
        if place is None:
            raise RequestError(
                422, "invalid-request",
                f"The picture {around} is not in the folder “{folder}”"
                f"{f' with the tag “{tag}”' if tag else ''}.",
            )  # fmt: skip
        offset = max(0, place - limit // 2)
    try:
        page = timeline.page(
            limit, offset=offset, cursor=cursor or None, folder=folder or None, tag=tag or None
        )
    except ValueError as error:
        raise RequestError(
            422,
            "invalid-request",
            "The cursor is not one of this API. Leave it out to begin again.",
        ) from error
    dictionary = timeline.dictionary
    return schemas.GalleryPage(
        total=page.total,
        gallery=len(dictionary),
        offset=page.offset,
        next=page.next,
        around_offset=place,
        images=[views.picture(dictionary.item(int(row))) for row in page.rows],
    )


def similar_to(engine: SearchEngine, views: PictureViews, id: str, k: int) -> list[schemas.Result]:
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
                item.height, (), item.size, item.mtime, item.taken, item.hash)
        )
        for rank, (score, item) in enumerate(found[:k], 1)
    ]  # fmt: skip
