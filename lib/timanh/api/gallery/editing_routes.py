"""The endpoints that change the gallery."""

import posixpath
from typing import Annotated

from fastapi import APIRouter, Form, UploadFile

from timanh.api import schemas
from timanh.api.config import ApiConfig
from timanh.api.gallery.adding import Upload
from timanh.api.gallery.editing import GalleryEditor
from timanh.api.gallery.views import PictureViews
from timanh.api.http.problems import RequestError
from timanh.api.http.uploads import Files, sent_files
from timanh.api.http.workers import Workers
from timanh.workspace import readable

Folder = Annotated[
    str, Form(max_length=1000, description="Within the gallery; made where it is not there.")
]


def editing_router(editor: GalleryEditor, views: PictureViews, workers: Workers) -> APIRouter:
    """Adding, deleting, putting back."""
    router = APIRouter()
    engine, config = editor.engine, editor.config

    @router.post("/api/images", status_code=201)
    async def add(file: Files, folder: Folder = "") -> schemas.Added:
        """Add pictures to the gallery as they are sent; they are searchable at once."""
        sent = sent_files(file, config)
        if not sent:
            raise RequestError(
                422, "invalid-request", "The request has no picture. Send it as “file”."
            )
        uploads = await workers.run(lambda: [_read(one, config) for one in sent])
        done = await workers.run(lambda: editor.add(uploads, folder))
        gallery = engine.dictionary.gallery.resolve().name
        return schemas.Added(
            images=[views.picture(item) for item in done.items],
            added=done.added,
            known=len(done.items) - done.added,
            total=len(engine.dictionary),
            folder=readable(done.folder),
            place=readable(posixpath.join(gallery, done.folder)),
            skipped=[schemas.NotTaken.model_validate(one) for one in done.skipped],
        )

    @router.delete("/api/images/{id}")
    def delete(id: str) -> schemas.Deleted:
        """Take a picture out of the gallery; it can be put back for some minutes."""
        return schemas.Deleted(id=id, total=editor.delete(id), undo_s=config.undo_s)

    @router.post("/api/images/{id}/restore")
    def restore(id: str) -> schemas.Restored:
        """Put a deleted picture back."""
        image = views.picture(editor.restore(id))
        return schemas.Restored(image=image, total=len(engine.dictionary))

    return router


def _read(file: UploadFile, config: ApiConfig) -> Upload:
    """An upload; the whole request has a limit, so a file in it needs none."""
    return Upload(file.filename or "", file.file.read(config.max_request_bytes))
