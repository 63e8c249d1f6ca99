"""Pictures coming in, within limits; known by their content and not by their names."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from io import BytesIO
from typing import Annotated

from fastapi import File, UploadFile
from PIL import Image

from timanh.api.config import ApiConfig
from timanh.api.http.problems import RequestError
from timanh.data import open_picture
from timanh.errors import PictureError, PictureTooLargeError

Files = Annotated[list[UploadFile], File(description="Up to five pictures.")]
# Pillow reads more than these, some of them (EPS) by starting other programs.
SUFFIXES = {
    "JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp",
    "TIFF": ".tif", "AVIF": ".avif",
}  # fmt: skip
Image.init()
FORMATS = tuple(name for name in SUFFIXES if name in Image.OPEN)
# Pixels a side of an upload until it is encoded; encoders take 224 to 512.
MAX_SIDE = 1024
LARGE_PIXELS = 12_000_000

_large = threading.Lock()


def sent_files(files: Sequence[UploadFile], config: ApiConfig) -> list[UploadFile]:
    """The files that were sent; a form's empty field is left out.

    Raises:
        RequestError: too many.
    """
    sent = [file for file in files if file.filename or file.size]
    check_pictures(len(sent), config)
    return sent


def check_pictures(count: int, config: ApiConfig) -> None:
    """Raises RequestError: more pictures in one request than the limit."""
    if count > config.max_pictures:
        raise RequestError(
            422,
            "too-many-pictures",
            f"You sent {count} pictures; the limit is {config.max_pictures}.",
        )


def read_bytes(file: UploadFile, config: ApiConfig) -> bytes:
    """An upload's content.

    Raises:
        RequestError: 413, more bytes than the limit.
    """
    content = file.file.read(config.max_picture_bytes + 1)
    if len(content) > config.max_picture_bytes:
        raise RequestError(
            413,
            "picture-too-large",
            f"A picture is larger than the limit of {config.max_picture_bytes / 1e6:.0f} MB. Send "
            "a smaller one.",
        )
    return content


def open_upload(content: bytes, config: ApiConfig) -> Image.Image:
    """The picture, upright RGB, at most 1,024 pixels a side, so that waiting ones are small.

    Raises:
        PictureError: it cannot be read; PictureTooLargeError: too many pixels.
    """
    width, height, _ = inspect_picture(content)
    with decoding_slot(min(width * height, config.max_pixels)):
        return _small(content, config)


def decoding_slot(pixels: int) -> AbstractContextManager[object]:
    """Large pictures are decoded one at a time: each takes hundreds of megabytes meanwhile."""
    return _large if pixels > LARGE_PIXELS else nullcontext()


def inspect_picture(content: bytes) -> tuple[int, int, str]:
    """Width, height and suffix of a picture, without decoding it.

    Raises:
        PictureError: of an unknown format; PictureTooLargeError: absurdly large.
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            return *image.size, SUFFIXES[str(image.format)]
    except Image.DecompressionBombError as error:
        raise PictureTooLargeError(f"The picture is too large to be read ({error}).") from error
    except Exception as error:
        # Readers of damaged files raise nearly anything.
        raise PictureError(
            "The file cannot be read as a picture, whatever its name says. Send a JPEG, PNG, WebP, "
            "GIF, BMP or TIFF."
        ) from error


def _small(content: bytes, config: ApiConfig) -> Image.Image:
    picture = open_picture(content, max_pixels=config.max_pixels, longest=MAX_SIDE)
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BICUBIC)
    return picture
