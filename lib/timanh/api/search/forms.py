"""The fields of a search, as FastAPI reads them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from fastapi import Depends, Form, UploadFile
from PIL import Image

from timanh.api.config import ApiConfig
from timanh.api.http.problems import RequestError
from timanh.api.http.uploads import (
    Files,
    check_pictures,
    open_upload,
    read_bytes,
    sent_files,
)
from timanh.search import Filter, Query

Text = Annotated[str, Form(description="Words to search for, in any language the model knows.")]
Alpha = Annotated[float, Form(ge=0, le=1, description="Weight of the text against the pictures.")]
Count = Annotated[int, Form(ge=1, le=100, description="How many to find.")]
Pictures = Annotated[
    list[str], Form(description="Ids of pictures of the gallery; each counts as a file.")
]
Like = Annotated[list[str], Form(description="Ids of pictures to find more like.", max_length=5)]
Unlike = Annotated[list[str], Form(description="Ids of pictures to stay away from.", max_length=5)]
Without = Annotated[str, Form(description="Words for what should not be in the picture.")]
AsWritten = Annotated[
    bool, Form(description="Search by the whole text: nothing it says is taken as excluded.")
]
Offset = Annotated[
    int, Form(ge=0, le=10_000, description="How many to leave out first; for more pages.")
]
Fold = Annotated[
    float | None, Form(ge=0, le=1, description="Fold pictures at least so alike, such as 0.95.")
]
Language = Annotated[
    str, Form(description="Of /api/predict-image's sentence, vi or en; without effect elsewhere.")
]
Folder = Annotated[str, Form(description="Only in this folder of the gallery.")]
Words = Annotated[str, Form(description="That the picture's captions must have, all.")]
MachineWords = Annotated[
    bool, Form(description="Whether “words” may stand in captions that machines wrote.")
]
Tag = Annotated[str, Form(description="A tag that a person gave the picture.")]
Day = Annotated[date | None, Form(description="Of the file's last change, included: 2026-01-31.")]
Side = Annotated[int | None, Form(ge=0, le=2**31, description="Pixels of the shorter side.")]
Bytes = Annotated[int | None, Form(ge=0, le=2**53, description="Of the file.")]


@dataclass(frozen=True)
class SearchForm:
    """The fields of a search; its pictures are not opened yet."""

    query: Query
    images: Callable[[], list[Image.Image]] | None


def search_reader(config: ApiConfig) -> Callable[..., Awaitable[SearchForm]]:
    """What reads the fields of a search, for `Depends`."""

    # Not plain functions: FastAPI would run each in a thread, for each request.
    async def narrow(
        folder: Folder = "",
        words: Words = "",
        machine_words: MachineWords = True,
        after: Day = None,
        before: Day = None,
        min_side: Side = None,
        min_bytes: Bytes = None,
        max_bytes: Bytes = None,
        tag: Tag = "",
    ) -> Filter:
        for text in (folder, words, tag):
            check_length(text, config)
        return Filter(
            folder or None, after, before, min_side, min_bytes, max_bytes, words or None,
            machine_words, tag or None,
        )  # fmt: skip

    async def read(
        where: Annotated[Filter, Depends(narrow)],
        query: Text = "",
        file: Files = [],
        picture: Pictures = [],
        alpha: Alpha = 0.6,
        k: Count = 5,
        like: Like = [],
        unlike: Unlike = [],
        without: Without = "",
        as_written: AsWritten = False,
        offset: Offset = 0,
        fold: Fold = None,
        language: Language = "",
    ) -> SearchForm:
        found = search_form(config, query, file, alpha, k)
        check_length(without, config)
        check_pictures(len(sent_files(file, config)) + len(picture), config)
        complete = replace(
            found.query, like=tuple(like), unlike=tuple(unlike), without=without or None,
            as_written=as_written, offset=offset, fold=fold, where=where, pictures=tuple(picture),
        )  # fmt: skip
        return replace(found, query=complete)

    return read


def search_form(
    config: ApiConfig, text: str, files: list[UploadFile], alpha: float, k: int
) -> SearchForm:
    """Raises RequestError: more text, pictures or hits than the limits."""
    check_length(text, config)
    if k > config.max_k:
        raise RequestError(422, "invalid-request", f"k is {k}; the limit is {config.max_k}.")
    sent = sent_files(files, config)

    def images() -> list[Image.Image]:
        return [open_upload(read_bytes(file, config), config) for file in sent]

    return SearchForm(Query(text=text or None, alpha=alpha, k=k), images if sent else None)


def check_length(words: str, config: ApiConfig) -> None:
    """Raises RequestError: more characters than the limit."""
    if len(words) > config.max_text:
        raise RequestError(
            422,
            "text-too-long",
            f"You sent a text of {len(words)} characters; the limit is {config.max_text}.",
        )
