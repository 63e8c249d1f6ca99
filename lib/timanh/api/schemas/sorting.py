"""Pictures sorted by labels, and tags."""

from pydantic import BaseModel, Field

from timanh.api.schemas.pictures import Picture


class PicturesToSort(BaseModel):
    """Labels, and which pictures: `ids`, else those of `folder` and with `tag`, the newest first.

    `language` is that of the labels, found from them where it is left out; `set` takes a shipped
    set of labels, such as “styles”, in the place of `labels`.
    """

    labels: list[str] = []
    set: str | None = None
    ids: list[str] | None = None
    folder: str = ""
    tag: str = ""
    language: str | None = None
    none: bool = True
    offset: int = Field(0, ge=0, le=2**53)
    limit: int = Field(100, ge=1, le=500)


class SortedPicture(Picture):
    """A picture with the likeliest answer, its probability, and those of all `labels`."""

    label: str
    probability: float
    probabilities: list[float]


class SortedPictures(BaseModel):
    """Some of `total` pictures. `labels` are the answers, “none of these” the last where it is
    one (`none`); `next` is the offset of the pictures behind these, null at the end."""

    labels: list[str]
    none: str | None
    total: int
    offset: int
    next: int | None
    images: list[SortedPicture]


class TagsToKeep(BaseModel):
    """`pictures`: id → those tags of `among` that the picture has from now on."""

    among: list[str]
    pictures: dict[str, list[str]]


class Tag(BaseModel):
    """A tag, and how many pictures of the gallery have it."""

    tag: str
    count: int


class TagList(BaseModel):
    """All tags; `changed` pictures have others than before."""

    tags: list[Tag]
    changed: int = 0
