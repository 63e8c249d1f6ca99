"""What browsers can show of a file, and a JPEG of what they cannot."""

import mimetypes
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from timanh.api.http.uploads import decoding_slot
from timanh.data import open_picture
from timanh.data.pictures import DAMAGE, FORMATS

LARGE_SIDE, LARGE_QUALITY = 4096, 90
COLOURS = frozenset({"L", "RGB"})
EIGHT_BITS = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA"})
# Kinds of files that every browser shows, in these of Pillow's modes.
FOR_BROWSERS = {
    "JPEG": COLOURS, "MPO": COLOURS, "PNG": EIGHT_BITS, "GIF": EIGHT_BITS, "WEBP": EIGHT_BITS,
    "AVIF": EIGHT_BITS, "BMP": EIGHT_BITS,
}  # fmt: skip
MEDIA_TYPES = {"MPO": "image/jpeg"}  # a JPEG with more pictures behind the first, as of phones


@dataclass(frozen=True)
class Kind:
    """What a file holds: its media type, how many pixels, whether every browser shows it."""

    media_type: str
    pixels: int
    for_browsers: bool


def kind_of(file: Path) -> Kind:
    """By its content, without decoding it; by its suffix where it is no picture that can be read
    here, which browsers are not given: they would show a broken one."""
    try:
        with Image.open(file, formats=FORMATS) as image:
            name, pixels = str(image.format), image.width * image.height
            for_browsers = image.mode in FOR_BROWSERS.get(name, ())
    except (*DAMAGE, Image.DecompressionBombError, MemoryError):
        return Kind(_by_suffix(file), 0, for_browsers=False)
    known = MEDIA_TYPES.get(name) or Image.MIME.get(name) or _by_suffix(file)
    return Kind(known, pixels, for_browsers)


def large_jpeg(file: Path, kind: Kind, label: str) -> bytes:
    """The picture upright in sRGB, at most 4,096 pixels a side.

    Args:
        label: what messages call it; people at other machines need not know where it lies.

    Raises:
        PictureError: it cannot be read.
    """
    with decoding_slot(kind.pixels):
        picture = open_picture(file, longest=LARGE_SIDE, srgb=True, label=label)
        return as_jpeg(picture, LARGE_SIDE, LARGE_QUALITY)


def as_jpeg(picture: Image.Image, side: int, quality: int) -> bytes:
    """JPEG bytes, the long side at most `side` pixels; `picture` itself is made smaller."""
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _by_suffix(file: Path) -> str:
    guessed = mimetypes.guess_type(file.name)[0] or ""
    # A script inside an SVG would run on this host.
    safe = guessed.startswith("image/") and guessed != "image/svg+xml"
    return guessed if safe else "application/octet-stream"
