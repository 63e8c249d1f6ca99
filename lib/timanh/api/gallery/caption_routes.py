"""The endpoints by which a person corrects what is said of a picture."""

from fastapi import APIRouter

from timanh.api import schemas
from timanh.api.gallery.editing import GalleryEditor
from timanh.api.gallery.views import PictureViews
from timanh.api.http.problems import RequestError

MOST_CAPTIONS = 20


def captions_router(editor: GalleryEditor, views: PictureViews) -> APIRouter:
    """A person's captions, and taking them back."""
    router = APIRouter()

    @router.put("/api/images/{id}/captions")
    def correct(id: str, written: schemas.PersonCaptions) -> schemas.Picture:
        """Put a person's captions in the place of those that the picture has."""
        captions = _checked(written.captions, editor.config.max_text)
        return views.picture(editor.correct(id, captions, seen=written.seen))

    @router.delete("/api/images/{id}/captions")
    def take_back(id: str) -> schemas.Picture:
        """Forget a person's captions: those of the caption files and of machines return."""
        return views.picture(editor.correct(id, None))

    return router


def _checked(captions: list[str], longest: int) -> list[str]:
    """In one line each, every one once.

    Raises:
        RequestError: 422, none, too many or too long a one.
    """
    # A text from JSON may hold half a character, which no file takes.
    whole = [text.encode("utf8", "replace").decode("utf8") for text in captions]
    texts = list(dict.fromkeys(" ".join(text.split()) for text in whole))
    texts = [text for text in texts if text]
    if not texts:
        raise RequestError(
            422,
            "no-caption",
            "There is no caption in the request. Send at least one with words in it, or delete "
            "the correction to have the earlier captions back.",
        )
    if len(texts) > MOST_CAPTIONS:
        raise RequestError(
            422,
            "too-many-captions",
            f"You sent {len(texts)} captions; a picture may have {MOST_CAPTIONS}.",
        )
    length = max(map(len, texts))
    if length > longest:
        raise RequestError(
            422,
            "text-too-long",
            f"You sent a caption of {length} characters; the limit is {longest}.",
        )
    return texts
