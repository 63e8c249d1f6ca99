"""Posts and their pictures."""

import asyncio
import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from fastapi.responses import JSONResponse, Response, StreamingResponse

from posts.service import Posts
from posts.store import UNDO_S
from routes import post_forms as forms
from utils.problems import BackendError

router = APIRouter()

Images = Annotated[list[UploadFile], File(description="Pictures, in their order.")]
Many = Annotated[int, Query(ge=1, le=100)]
DAY = "private, max-age=86400"


def posts_of(request: Request) -> Posts:
    """The posts made in the lifespan. Raises BackendError: there are none here."""
    posts: Posts | None = request.app.state.posts
    if posts is None:
        raise BackendError(503, "no-posts", str(request.app.state.no_posts))
    return posts


Service = Annotated[Posts, Depends(posts_of)]


@router.post("/api/posts", status_code=201)
async def create(
    posts: Service,
    title: Annotated[str, Form(description="At most 200 characters.")],
    description: Annotated[str, Form(description="At most 10,000 characters.")] = "",
    image: Images = [],
) -> Response:
    """A new post; what is on its pictures is found out later."""
    post = await posts.create(
        forms.title_of(title), forms.description_of(description), await forms.uploads_of(image)
    )
    return _post(post, 201)


@router.get("/api/posts")
async def feed(posts: Service, limit: Many = 20, cursor: str | None = None) -> dict[str, Any]:
    """Posts, the newest first; `next` is the cursor of the page after."""
    return await posts.store.page(limit, cursor)


@router.get("/api/posts/search")
async def search(
    posts: Service, q: Annotated[str, Query(max_length=1000)], k: Many = 20
) -> dict[str, Any]:
    """Pictures by words: of titles, descriptions, captions, and what is on them."""
    words = " ".join(forms.CONTROL.sub(" ", q).split())
    if not words:
        raise BackendError(422, "empty-query", "Write a few words to search for.")
    return await posts.search.by_words(words, k)


@router.post("/api/posts/search")
async def search_by_picture(posts: Service, image: Images, k: Many = 20) -> dict[str, Any]:
    """Pictures like the one that is sent."""
    uploads = await forms.uploads_of(image[:1], least=1)
    return await posts.search.by_picture(uploads[0][1], k)


@router.get("/api/posts/features")
async def features(posts: Service) -> dict[str, Any]:
    """How far each task is, what failed and why, and the AI service's state."""
    return await posts.progress()


@router.post("/api/posts/features/retry")
async def retry(posts: Service, body: forms.Retry) -> dict[str, Any]:
    """Try again what failed."""
    await posts.retry(body.again_captions)
    return await posts.progress()


@router.get("/api/posts/events", response_class=StreamingResponse)
async def events(posts: Service) -> Response:
    """Server-sent events: ai, post, image, progress; missed, where some were lost."""
    first = f"event: ai\ndata: {json.dumps(posts.describe_ai(), ensure_ascii=False)}\n\n"
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        posts.events.listen(first.encode()), media_type="text/event-stream", headers=headers
    )


@router.get("/api/posts/{id}")
async def show(posts: Service, id: UUID) -> Response:
    """One post; send its ETag back as If-Match with a change."""
    return _post(await posts.store.get(id))


@router.patch("/api/posts/{id}")
async def change(request: Request, posts: Service, id: UUID, body: forms.Change) -> Response:
    """Another title, description, or order of the pictures."""
    post = await posts.store.change(
        id,
        forms.precondition(request, body.updated),
        title=None if body.title is None else forms.title_of(body.title),
        description=None if body.description is None else forms.description_of(body.description),
        order=body.images,
    )
    posts.events.send("post", {"post": str(id)})
    return _post(post)


@router.delete("/api/posts/{id}")
async def delete(request: Request, posts: Service, id: UUID) -> dict[str, Any]:
    """Away, and back by /restore within ten minutes."""
    await posts.store.delete(id, forms.precondition(request))
    posts.events.send("post", {"post": str(id)})
    return {"id": str(id), "undo_s": UNDO_S}


@router.post("/api/posts/{id}/restore")
async def restore(posts: Service, id: UUID) -> Response:
    """Take a deletion back."""
    post = await posts.store.restore(id)
    posts.events.send("post", {"post": str(id)})
    return _post(post)


@router.post("/api/posts/{id}/images", status_code=201)
async def add(request: Request, posts: Service, id: UUID, image: Images) -> Response:
    """More pictures, behind the others."""
    uploads = await forms.uploads_of(image, least=1)
    return _post(await posts.add(id, forms.precondition(request), uploads), 201)


@router.delete("/api/post-images/{id}")
async def remove_image(request: Request, posts: Service, id: UUID) -> Response:
    """Take a picture out of its post; back by /restore within ten minutes."""
    return _post(await posts.store.set_image_deleted(id, forms.precondition(request), True))


@router.post("/api/post-images/{id}/restore")
async def restore_image(request: Request, posts: Service, id: UUID) -> Response:
    """Put it back."""
    return _post(await posts.store.set_image_deleted(id, forms.precondition(request), False))


@router.put("/api/post-images/{id}/captions")
async def caption(request: Request, posts: Service, id: UUID, body: forms.Captions) -> Response:
    """A person's captions, which count before the machine's and are never overwritten."""
    require = forms.precondition(request)
    post = await posts.store.set_captions(id, require, forms.captions_of(body), body.seen)
    posts.events.send("image", {"post": post["id"], "image": str(id)})
    return _post(post)


@router.get("/api/post-images/{id}/similar")
async def similar(posts: Service, id: UUID, k: Many = 10) -> dict[str, Any]:
    """Pictures of all posts like this one."""
    return await posts.search.similar(id, k)


@router.get("/api/post-images/{id}", response_class=Response)
@router.get("/api/post-images/{id}/thumbnail", response_class=Response)
async def picture(request: Request, posts: Service, id: UUID) -> Response:
    """The picture for everyone, without place or camera; a small one of it."""
    row = await posts.store.image(id)
    small = request.url.path.endswith("/thumbnail")
    headers = {"ETag": f'"{row["sha256"].hex()[:16]}{"t" if small else "p"}"', "Cache-Control": DAY}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    draw = posts.files.thumbnail if small else posts.files.published
    content = await asyncio.to_thread(draw, row["image_path"])
    kind = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
    return Response(content, headers=headers, media_type=kind)


def _post(post: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(post, status, headers={"ETag": f'"{post["version"]}"'})
