"""What goes over the wire; snake_case JSON."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


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


class Notice(BaseModel):
    """Something that a person should know; `code` is for programs."""

    code: str
    detail: str


class Health(BaseModel):
    """State of the API: `ready` once a trial search was answered, and while they are.

    `max_tokens` is what the model reads of a text; `demo`: the model is the one that has seen
    drawn pictures only; `drawn`: the gallery is the drawn one; `generate`: pictures can be made
    from words; `sorting`: they can be sorted by labels; `explains`: the model can say where in a
    picture the words are, null until that is known.
    """

    status: str
    ready: bool
    model: str
    dim: int
    images: int
    device: str
    languages: list[str]
    read_only: bool
    version: str
    ai: AiState | None = None
    max_tokens: int | None = None
    demo: bool = False
    drawn: bool = False
    generate: bool = False
    sorting: bool = False
    explains: bool | None = None
    notice: Notice | None = None


class WordsRead(BaseModel):
    """How much of the words the model reads: at most `limit` tokens. `read` is the beginning of
    what was encoded (`translated`, else `wanted`, else `text`) where the rest does not count;
    null where all of it does."""

    model_config = ConfigDict(from_attributes=True)

    limit: int
    read: str | None


class MachineCaption(BaseModel):
    """A sentence that the captioner of this name wrote."""

    text: str
    language: str
    captioner: str


class Picture(BaseModel):
    """A picture of the gallery; `url`, `original` and `thumbnail` are paths on this host.

    `url` can be shown by every browser, `original` is the file itself. `folder` is where it lies
    in the gallery, "" for the top; `bytes` the size of the file; `taken` the camera's clock where
    `dated`, else the file's last change; `added`: it came over HTTP. `captions` are what people
    wrote, `machine_captions` what machines did; `tags` are a person's; `corrected`: the
    captions were put here through the API, and can be taken back.
    """

    id: str
    path: str
    folder: str
    captions: list[str]
    machine_captions: list[MachineCaption] = []
    corrected: bool = False
    tags: list[str] = []
    width: int
    height: int
    bytes: int
    taken: str
    dated: bool
    url: str
    original: str
    thumbnail: str
    added: bool


class PersonCaptions(BaseModel):
    """What a person says of a picture, the best first."""

    captions: list[str]


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


class Result(Picture):
    """A picture found, with its cosine, −1..1, and ids of near-duplicates folded into it.

    `closeness` means the same in every gallery; null where it cannot be said.
    """

    score: float
    doubles: list[str] = []
    closeness: Literal["very", "close", "loose", "far"] | None = None


class StreamedResult(Result):
    """A picture found, in a stream; `rank` counts from 1."""

    rank: int


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


class GalleryPage(BaseModel):
    """Some pictures of `total`, in the folder, of `gallery` in all.

    `offset` is the place of the first one; `next` is the cursor of the page behind this one, in
    the order of time; `around_offset` the place of the picture that was named by `around`.
    """

    total: int
    gallery: int
    offset: int
    next: str | None = None
    around_offset: int | None = None
    images: list[Picture]


class Folder(BaseModel):
    """One folder of the gallery; `count` has the pictures in folders within it too."""

    path: str
    count: int


class Folders(BaseModel):
    """The folders with the most pictures, by their paths."""

    folders: list[Folder]


class NotTaken(BaseModel):
    """A file that was sent and is not in the gallery, and why."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    code: str
    detail: str


class Added(BaseModel):
    """Pictures that are in the gallery now; `known` of them were there before.

    `folder` is where new ones are kept, below the gallery; `place` says it to a person.
    """

    images: list[Picture]
    added: int
    known: int
    total: int
    folder: str
    place: str
    skipped: list[NotTaken] = []


class Deleted(BaseModel):
    """The picture that was taken out, how many are left, and for how many seconds it can be put
    back."""

    id: str
    total: int
    undo_s: float


class Restored(BaseModel):
    """The picture that is back, and how many there are."""

    image: Picture
    total: int


class Vectors(BaseModel):
    """Unit vectors, and fingerprints: that of pictures says to which dictionaries they fit, that of
    texts changes with whatever changes the vectors of texts alone."""

    model: str
    fingerprint: str
    text_fingerprint: str
    dim: int
    text: list[float] | None
    images: list[list[float]]


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


class PicturesToSort(BaseModel):
    """Labels, and which pictures: `ids`, else those of `folder`, the newest first.

    `language` is that of the labels, found from them where it is left out; `set` takes a shipped
    set of labels, such as “styles”, in the place of `labels`.
    """

    labels: list[str] = []
    set: str | None = None
    ids: list[str] | None = None
    folder: str = ""
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


class Prediction(BaseModel):
    """One label and its probability, 0..1."""

    label: str
    score: float


class Predictions(BaseModel):
    """Labels, best first."""

    predictions: list[Prediction]


class Example(BaseModel):
    """One query in both languages."""

    vi: str
    en: str


class Examples(BaseModel):
    """Queries that find something in this gallery."""

    examples: list[Example]


class Problem(BaseModel):
    """A failure (RFC 9457); `code` is for programs, `detail` for a person.

    `near`: of an unknown folder, names of folders that may have been meant.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    near: list[str] | None = None


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
    caption where it was asked for, null where the captioner does not say it."""

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

    `caption` is the one in the language that was asked for, else in the captioner's first; null
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
