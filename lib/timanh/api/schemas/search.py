"""Queries, hits, and why a picture was found."""

from pydantic import BaseModel, ConfigDict, Field

from timanh.api.schemas.pictures import Picture, Result


class WordsRead(BaseModel):
    """How much of the words the model reads: at most `limit` tokens. `read` is the beginning of
    what was encoded (`translated`, else `wanted`, else `text`) where the rest does not count;
    null where all of it does."""

    model_config = ConfigDict(from_attributes=True)

    limit: int
    read: str | None


class Understood(BaseModel):
    """What was made of the query; `pictures` are those of the gallery that it consists of.

    `excluded` are phrases of the text for what should not be there, which were taken out of it;
    `wanted` is the rest, null where nothing was taken out or nothing is left.
    """

    model_config = ConfigDict(from_attributes=True)

    text: str | None
    translated: str | None
    language: str | None
    alpha: float
    images: int
    translator: str | None
    notice: str | None
    notice_code: str | None
    excluded: list[str] = []
    wanted: str | None = None
    weak: bool | None = None
    pictures: list[Picture] = []
    tokens: WordsRead | None = None


class SearchAnswer(BaseModel):
    """Hits, best first; `took_ms` has prepare, translate, wait, encode, search and total.

    `considered` is how many pictures of `gallery` in all the filter let through.
    """

    query: Understood
    results: list[Result]
    considered: int
    gallery: int
    took_ms: dict[str, float]


class SimilarAnswer(BaseModel):
    """Pictures like `picture`, best first."""

    picture: Picture
    results: list[Result]
    took_ms: dict[str, float]


class Finished(BaseModel):
    """The last event of a stream."""

    count: int
    weak: bool | None
    considered: int
    gallery: int
    took_ms: dict[str, float]


class ReportHit(BaseModel):
    """`image` is a data URL of a JPEG."""

    image: str
    score: float


class ReportAnswer(BaseModel):
    """The original report's answer."""

    top5: list[ReportHit]


class ExplainRequest(BaseModel):
    """Words to look for in a picture; with `word`, only what that word adds to them."""

    words: str = Field(min_length=1)
    word: str | None = None


class Explanation(BaseModel):
    """A heat map.

    `text` is what the model read, translated where it has to be; `words` those of it that a picture
    may show, each to be sent as `word`; `image` a data URL of the PNG.
    """

    text: str
    words: list[str]
    image: str
