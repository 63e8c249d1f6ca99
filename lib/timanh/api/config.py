"""How an API is set up: one frozen value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ApiConfig:
    """Settings of `create_app`.

    Attributes:
        api_key: what clients must send, as `Authorization: Bearer` or `X-API-Key`; None asks for
            none, which is right only where nobody else can reach the port.
        examples: (Vietnamese, English) queries to offer; where empty, captions of the gallery are.
        max_picture_bytes, max_request_bytes: of one upload, of a whole request.
        max_pictures: in one query.
        max_text: characters of a query.
        max_k: hits in one answer.
        max_pixels: of an uploaded picture, before it is decoded.
        thumbnail_side: long side of thumbnails, in pixels.
    """

    api_key: str | None = None
    examples: tuple[tuple[str, str], ...] = ()
    max_picture_bytes: int = 10_000_000
    max_request_bytes: int = 25_000_000
    max_pictures: int = 5
    max_text: int = 1000
    max_k: int = 100
    max_pixels: int = 50_000_000
    thumbnail_side: int = 320
