"""How an API is set up: one frozen value."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ApiConfig:
    """Settings of `create_app`.

    Attributes:
        api_key: what clients must send, as `Authorization: Bearer` or `X-API-Key`; None lets
            everyone in, which is safe only where nobody else can reach the port.
        examples: (Vietnamese, English) queries to offer; where empty, captions of the gallery are.
        read_only: whether pictures can be neither added nor deleted.
        max_picture_bytes, max_request_bytes: of one upload, of a whole request.
        max_pictures: in one query.
        max_text: characters of a query.
        max_k: hits in one answer.
        max_pixels: of an uploaded picture, before it is decoded.
        max_searches: in progress or waiting at the same time; more are refused with 429.
        max_ai_pictures: in one request for embeddings and captions.
        max_labels: that pictures are compared with in one request.
        deadline_s: for one search, from its last byte on.
        ai_deadline_s: the same for embeddings, captions and labels, the loading of models included.
        max_paintings: requests for pictures that are worked on or wait.
        paint_deadline_s: for one of them, the waiting included.
        paints_drawings: whether what they make are drawn scenes, as the demo's painter does.
        preload: load all models of the AI service at start, not when first needed.
        upload_s: for the sending of one request.
        searches_per_minute, reads_per_minute: for one address; 0 is no limit.
        thumbnail_side: long side of thumbnails, in pixels.
        thumbnail_bytes: of thumbnails kept in memory.
        undo_s: for how long a deleted picture can be put back.
        changed: called after pictures were added or deleted, with the paths in the gallery of the
            files that were added, and of those that were deleted.
    """

    api_key: str | None = field(default=None, repr=False)
    examples: tuple[tuple[str, str], ...] = ()
    read_only: bool = False
    max_picture_bytes: int = 10_000_000
    max_request_bytes: int = 25_000_000
    max_pictures: int = 5
    max_text: int = 1000
    max_k: int = 100
    max_pixels: int = 50_000_000
    max_searches: int = 256
    max_ai_pictures: int = 16
    max_labels: int = 1000
    deadline_s: float = 30.0
    ai_deadline_s: float = 120.0
    max_paintings: int = 4
    paint_deadline_s: float = 300.0
    paints_drawings: bool = False
    preload: bool = False
    upload_s: float = 60.0
    searches_per_minute: int = 0
    reads_per_minute: int = 0
    thumbnail_side: int = 320
    thumbnail_bytes: int = 64_000_000
    undo_s: float = 600.0
    changed: Callable[[Collection[str], Collection[str]], None] = lambda added, deleted: None
