"""What people send about posts, checked: texts, pictures, and which state they mean to change."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import Request, UploadFile
from pydantic import BaseModel, Field

from posts.service import MOST_IMAGES, Upload
from posts.store import Precondition, changed_meanwhile
from utils.problems import BackendError

MAX_TITLE, MAX_TEXT, MAX_CAPTION = 200, 10_000, 1000
TOO_LONG = {
    "title": "title-too-long", "description": "description-too-long", "caption": "caption-too-long"
}  # fmt: skip
MAX_PICTURE_BYTES = 25_000_000
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
LANGUAGE = re.compile(r"[a-z]{2,3}")


class Change(BaseModel):
    """A change of a post; what is left out stays. `updated`: the state that it was made from."""

    title: str | None = Field(None, description="At most 200 characters.")
    description: str | None = Field(None, description="At most 10,000 characters.")
    images: list[UUID] | None = Field(None, description="All its pictures, in their new order.")
    updated: str | None = Field(None, description="As the post had it when it was read.")


class Captions(BaseModel):
    """A person's captions by language; a blank one gives way to the machine's. `seen`: the texts
    that were there before; where another person wrote meanwhile, the change is refused."""

    captions: dict[str, str]
    seen: dict[str, str] = {}


class Retry(BaseModel):
    """`again_captions`: also captions of another captioner, unless a person wrote them."""

    again_captions: bool = False


def title_of(text: str) -> str:
    """Raises BackendError: blank, or too long."""
    title = " ".join(_clean(text, MAX_TITLE, "title").split())
    if not title:
        raise BackendError(422, "no-title", "A post needs a title.")
    return title


def description_of(text: str) -> str:
    """Raises BackendError: too long."""
    return _clean(text, MAX_TEXT, "description").strip()


def captions_of(body: Captions) -> dict[str, str]:
    """Raises BackendError: an unknown form of language, or a text that is too long."""
    found = {}
    for language, text in body.captions.items():
        if not LANGUAGE.fullmatch(language):
            raise BackendError(
                422, "invalid-request", f"Unknown language {language[:20]!r}. Send en or vi."
            )
        found[language] = " ".join(_clean(text, MAX_CAPTION, "caption").split())
    return found


async def uploads_of(files: Sequence[UploadFile], *, least: int = 0) -> list[Upload]:
    """Names and contents. Raises BackendError: too few, too many, too large."""
    sent = [file for file in files if file.filename or file.size]
    if len(sent) < least:
        raise BackendError(422, "invalid-request", "You sent no picture; send one at least.")
    if len(sent) > MOST_IMAGES:
        raise BackendError(
            422,
            "post-full",
            f"You sent {len(sent)} pictures; a post has at most {MOST_IMAGES}.",
        )
    uploads = []
    for file in sent:
        name = _name(file.filename or "")
        content = await file.read()
        if len(content) > MAX_PICTURE_BYTES:
            raise BackendError(
                413,
                "picture-too-large",
                f"{name} is larger than the limit of {MAX_PICTURE_BYTES / 1e6:.0f} MB.",
                file=name,
            )
        uploads.append((name, content))
    return uploads


def precondition(request: Request, updated: str | None = None) -> Precondition:
    """Refuses a change that was made from another state than the present one: 412 for If-Match,
    409 for `updated`."""
    match = request.headers.get("if-match", "").strip()

    def require(row: Any) -> None:
        if match and match != "*" and match.removeprefix("W/").strip('"') != str(row["version"]):
            raise changed_meanwhile(412)
        if updated is not None and not _same(updated, row["updated"]):
            raise changed_meanwhile(409)

    return require


def _same(sent: str, time: datetime) -> bool:
    try:
        return datetime.fromisoformat(sent) == time
    except (ValueError, TypeError):
        return False


def _clean(text: str, most: int, what: str) -> str:
    """Without control characters; these also turn the order of others round. A line that ends is
    one character, also where a form sends two."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BackendError(422, "invalid-request", f"The {what} has half a character.") from error
    text = CONTROL.sub("", text.replace("\r\n", "\n").replace("\t", " "))
    if len(text) > most:
        raise BackendError(
            422, TOO_LONG[what], f"The {what} has {len(text):,} characters; the limit is {most:,}."
        )
    return text


def _name(sent: str) -> str:
    name = CONTROL.sub("", sent.encode("utf8", "replace").decode()).replace("\\", "/")
    return name.rsplit("/", 1)[-1].strip()[-200:] or "picture"
