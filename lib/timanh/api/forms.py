"""The fields of a search, as FastAPI reads them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import File, Form, UploadFile
from PIL import Image

from timanh.api.config import ApiConfig
from timanh.api.problems import RequestError
from timanh.api.uploads import open_upload, read_bytes, sent_files
from timanh.search import Query

Text = Annotated[str, Form(description="Words to search for, in any language the model knows.")]
Files = Annotated[list[UploadFile], File(description="Up to five pictures to search with.")]
Alpha = Annotated[float, Form(ge=0, le=1, description="Weight of the text against the pictures.")]
Count = Annotated[int, Form(ge=1, le=100, description="How many to find.")]
Like = Annotated[list[str], Form(description="Ids of pictures to find more like.", max_length=5)]
Unlike = Annotated[list[str], Form(description="Ids of pictures to stay away from.", max_length=5)]
Without = Annotated[str, Form(description="Words for what should not be in the picture.")]


@dataclass(frozen=True)
class SearchForm:
    """A search as it came, its pictures not opened yet."""

    query: Query
    images: Callable[[], list[Image.Image]] | None


def search_form(
    config: ApiConfig,
    text: str,
    files: list[UploadFile],
    alpha: float,
    k: int,
    like: list[str] | None = None,
    unlike: list[str] | None = None,
    without: str = "",
) -> SearchForm:
    """Raises RequestError: more text, pictures or hits than are taken."""
    for words in (text, without):
        if len(words) > config.max_text:
            raise RequestError(
                422,
                "text-too-long",
                f"The query has {len(words)} characters; at most {config.max_text} are taken.",
            )
    if k > config.max_k:
        raise RequestError(422, "invalid-request", f"k is {k}; at most {config.max_k} are found.")
    sent = sent_files(files, config)

    def images() -> list[Image.Image]:
        return [open_upload(read_bytes(file, config), config) for file in sent]

    query = Query(
        text=text or None, alpha=alpha, k=k, like=tuple(like or ()), unlike=tuple(unlike or ()),
        without=without or None,
    )  # fmt: skip
    return SearchForm(query, images if sent else None)
