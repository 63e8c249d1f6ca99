"""A picture of the gallery, and a picture found."""

from typing import Literal

from pydantic import BaseModel


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
