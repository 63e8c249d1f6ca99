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
# What is kept of an upload until it is encoded; encoders look at 224 to 512 pixels.
LONGEST = 1024
LARGE_PIXELS = 12_000_000

_large = threading.Lock()


def sent_files(files: Sequence[UploadFile], config: ApiConfig) -> list[UploadFile]:
    """Those with something in them; a form's empty field is none.

    Raises:
        RequestError: too many.
    """
    sent = [file for file in files if file.filename or file.size]
    if len(sent) > config.max_pictures:
        raise RequestError(
            422,
            "too-many-pictures",
            f"{len(sent)} pictures came; at most {config.max_pictures} are taken at a time.",
        )
    return sent


def read_bytes(file: UploadFile, config: ApiConfig) -> bytes:
    """An upload's content.

    Raises:
        RequestError: 413, more bytes than are taken.
    """
    content = file.file.read(config.max_picture_bytes + 1)
    if len(content) > config.max_picture_bytes:
        raise RequestError(
            413,
            "picture-too-large",
            f"A picture has more than {config.max_picture_bytes / 1e6:.0f} MB, the most that is "
            "taken. Send a smaller one.",
        )
    return content


def open_upload(content: bytes, config: ApiConfig) -> Image.Image:
    """The picture, upright RGB, at most 1,024 pixels a side, so that waiting ones are small.

    Raises:
        PictureError: none that can be read; PictureTooLargeError: too many pixels.
    """
    width, height, _ = look_at(content)
    with turn_to_decode(min(width * height, config.max_pixels)):
        return _small(content, config)


def turn_to_decode(pixels: int) -> AbstractContextManager[object]:
    """Large pictures are decoded one at a time: each takes hundreds of megabytes meanwhile."""
    return _large if pixels > LARGE_PIXELS else nullcontext()


def look_at(content: bytes) -> tuple[int, int, str]:
    """Width, height and suffix of a picture, without decoding it.

    Raises:
        PictureError: of no kind that is taken; PictureTooLargeError: absurdly large.
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            return *image.size, SUFFIXES[str(image.format)]
    except Image.DecompressionBombError as error:
        raise PictureTooLargeError(f"The picture is too large to be read ({error}).") from error
    except Exception as error:
        # Readers of damaged files raise nearly anything.
        raise PictureError(
            "What was sent is not a picture that can be read, whatever its name says. Send a "
            "JPEG, PNG, WebP, GIF, BMP or TIFF."
        ) from error


def _small(content: bytes, config: ApiConfig) -> Image.Image:
    picture = open_picture(content, max_pixels=config.max_pixels, longest=LONGEST)
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.BICUBIC)
    return picture
