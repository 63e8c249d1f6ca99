"""The AI service: its parts, vectors, captions, labels, translations, and pictures from words."""

from pydantic import BaseModel, Field

from timanh.api.schemas.common import Problem


class AiPart(BaseModel):
    """One part of the AI service.

    `state` is "ready" after it computed something, "waiting" to be loaded by the first request,
    "starting", "failed" (`detail` says why), or "absent".
    """

    ready: bool
    state: str
    detail: str | None


class AiEmbedding(AiPart):
    """The encoder; null until it is loaded."""

    model: str | None
    fingerprint: str | None
    dim: int | None


class AiCaptions(AiPart):
    """The captioner, and the languages it writes in; null and none until it is loaded."""

    languages: list[str]
    captioner: str | None
    fingerprint: str | None


class AiState(BaseModel):
    """How the parts of the AI service are doing."""

    embedding: AiEmbedding
    captions: AiCaptions
    classification: AiPart


class AiHealth(BaseModel):
    """The same after each part has computed something; `memory_mb` of the whole process."""

    ai: AiState
    memory_mb: float | None


class ToPaint(BaseModel):
    """Words for a picture; with the same `seed` the same picture comes again."""

    prompt: str
    count: int = Field(default=4, ge=1, le=8)
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1)


class TextToEmbed(BaseModel):
    """Words; `limit` is accepted for clients that send it, and has no effect."""

    query: str
    limit: int | None = None


class TextEmbedding(BaseModel):
    """The unit vector of `translated`, or of `query` where that was not translated."""

    embedding: list[float]
    query: str
    translated: str | None
    limit: int | None
    model: str
    fingerprint: str
    dim: int


class Prediction(BaseModel):
    """One label and its probability, 0..1."""

    label: str
    score: float


class Predictions(BaseModel):
    """Labels, best first."""

    predictions: list[Prediction]


class WordLookedAt(BaseModel):
    """How much each part of a picture counted for a word: `rows` × `columns` numbers, the top row
    first; what they lack of 1 went to the picture as a whole."""

    word: str
    weights: list[float]


class LookedAt(BaseModel):
    """Where a captioner looked; `area` is what that covers of the picture: left, top, right and
    bottom as shares of it."""

    rows: int
    columns: int
    area: tuple[float, float, float, float]
    words: list[WordLookedAt]


class CaptionAnswer(BaseModel):
    """What is on a picture, the likeliest caption first, and who wrote it; `attention` of each
    caption where it was requested, null where the captioner does not say it."""

    captions: list[str]
    language: str
    captioner: str
    fingerprint: str
    attention: list[LookedAt | None] | None = None


class TranslatedText(BaseModel):
    """A text in `language`; `translator` is "cache", "local" or "google"."""

    text: str
    language: str
    translator: str


class ImageFeatures(BaseModel):
    """One picture: its unit vector, and what the captioner wrote, by language.

    `caption` is the one in the requested language, else in the captioner's first; null
    without a captioner, or where it does not know the language.
    """

    embedding: list[float]
    caption: str | None
    captions: dict[str, str]
    captions_problem: Problem | None
    model: str
    fingerprint: str
    dim: int
    captioner: str | None
    captioner_fingerprint: str | None


class PictureProblem(BaseModel):
    """One picture among several that cannot be read."""

    problem: Problem


class ManyImageFeatures(BaseModel):
    """Several pictures, in their order."""

    results: list[ImageFeatures | PictureProblem]
