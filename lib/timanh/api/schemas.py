"""What goes over the wire; snake_case JSON."""

from pydantic import BaseModel, ConfigDict


class Health(BaseModel):
    """State of the API."""

    status: str
    model: str
    dim: int
    images: int
    device: str
    languages: list[str]
    version: str


class Understood(BaseModel):
    """What was made of the query."""

    model_config = ConfigDict(from_attributes=True)

    text: str | None
    translated: str | None
    language: str | None
    alpha: float
    notice: str | None


class Picture(BaseModel):
    """A picture of the gallery; `url` and `thumbnail` are paths on this host."""

    id: str
    path: str
    captions: list[str]
    width: int
    height: int
    url: str
    thumbnail: str


class Result(Picture):
    """A picture found, with its cosine, −1..1."""

    score: float


class SearchAnswer(BaseModel):
    """Hits, best first; `took_ms` has translate, encode, search and total."""

    query: Understood
    results: list[Result]
    took_ms: dict[str, float]


class ReportHit(BaseModel):
    """`image` is a data URL of a JPEG."""

    image: str
    score: float


class ReportAnswer(BaseModel):
    """The original report's answer."""

    top5: list[ReportHit]


class GalleryPage(BaseModel):
    """Some pictures of `total`."""

    total: int
    images: list[Picture]


class Example(BaseModel):
    """One query in both languages."""

    vi: str
    en: str


class Examples(BaseModel):
    """Queries that find something in this gallery."""

    examples: list[Example]
