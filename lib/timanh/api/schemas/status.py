"""How the API is doing, and what fits its gallery."""

from pydantic import BaseModel

from timanh.api.schemas.ai import AiState
from timanh.api.schemas.common import Notice


class Health(BaseModel):
    """State of the API: `ready` once a trial search was answered, and while they are.

    `max_tokens` is what the model reads of a text; `demo`: the model is the one that has seen
    drawn pictures only; `drawn`: the gallery is the drawn one; `generate`: pictures can be made
    from words, `paints_drawings`: but only drawn scenes; `sorting`: they can be sorted by labels;
    `explains`: the model can say where in a picture the words are, null until that is known.
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
    paints_drawings: bool = False
    sorting: bool = False
    explains: bool | None = None
    notice: Notice | None = None


class Vectors(BaseModel):
    """Unit vectors, and fingerprints: that of pictures says to which dictionaries they fit, that of
    texts changes with whatever changes the vectors of texts alone."""

    model: str
    fingerprint: str
    text_fingerprint: str
    dim: int
    text: list[float] | None
    images: list[list[float]]


class Example(BaseModel):
    """One query in both languages."""

    vi: str
    en: str


class Examples(BaseModel):
    """Queries that find something in this gallery."""

    examples: list[Example]
