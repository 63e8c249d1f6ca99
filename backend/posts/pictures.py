"""Pictures of posts: what a file holds, and what of it is published.

What is published is drawn from the pixels and the colour profile alone, so that it carries no
place, no serial number of a camera, and nothing hidden behind the picture.
"""

import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

from utils.problems import BackendError

# As the AI service reads them; Pillow opens more, some of them by starting other programs.
SUFFIXES = {
    "JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp",
    "TIFF": ".tif", "AVIF": ".avif",
}  # fmt: skip
Image.init()
FORMATS = tuple(name for name in SUFFIXES if name in Image.OPEN)
MAX_PIXELS, LARGE_PIXELS = 50_000_000, 12_000_000
ENOUGH = 64  # pixels a side: whether it can be read to its end
PUBLISHED_SIDE, THUMBNAIL_SIDE = 4096, 480
MOST_SENT = 9_000_000  # bytes; the AI service takes no more
OPAQUE = frozenset({"RGB", "L", "CMYK", "YCbCr", "I", "I;16", "F", "1"})

_large = threading.Lock()


@dataclass(frozen=True)
class Kind:
    """What a file holds; width and height as it is shown."""

    width: int
    height: int
    suffix: str


def inspect(content: bytes, name: str) -> Kind:
    """By its content, read to its end: what cannot be is never shown, so no post keeps it.

    Raises:
        BackendError: 415, no picture, or a damaged one; 413, absurdly large.
    """
    unreadable = (
        "cannot be read as a picture, whatever its name says. Send a JPEG, PNG, WebP, GIF, BMP, "
        "TIFF or AVIF."
    )
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise _too_large(name)
            suffix = SUFFIXES[str(image.format)]
            unreadable = "is damaged and cannot be read to its end. Copy or save it again."
            image.draft("RGB", (ENOUGH, ENOUGH))
            with _slot(width * height):
                image.load()
            if image.getexif().get(0x0112, 1) in (5, 6, 7, 8):  # lies on its side
                width, height = height, width
            return Kind(width, height, suffix)
    except BackendError:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise _too_large(name) from error
    except Exception as error:
        # Readers of damaged files raise nearly anything.
        raise BackendError(415, "unreadable-picture", f"{name} {unreadable}", file=name) from error


def published(content: bytes) -> bytes:
    """The picture for everyone: upright, a JPEG, or a PNG where it is transparent.

    Raises:
        BackendError: 415, it cannot be read to its end; 413, absurdly large; 503, there is no
            memory for it at the moment.
    """
    return _draw(content, PUBLISHED_SIDE, 90)


def thumbnail(content: bytes) -> bytes:
    """A small one of it; as `published`."""
    return _draw(content, THUMBNAIL_SIDE, 82)


def for_ai(content: bytes) -> bytes:
    """What the AI service gets of it: never more than everyone may see; as `published`."""
    drawn = published(content)
    return drawn if len(drawn) <= MOST_SENT else thumbnail(content)


def media_type(content: bytes) -> str:
    """Of what `published` gives."""
    return "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"


def _draw(content: bytes, side: int, quality: int) -> bytes:
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            image.draft("RGB", (side, side))
            with _slot(image.width * image.height):
                return _plain(image, side, quality)
    except Image.DecompressionBombError as error:
        raise _too_large("This picture") from error
    except MemoryError as error:
        raise away("there is no memory for it") from error
    except Exception as error:
        raise BackendError(
            415, "unreadable-picture", "The file of this picture is damaged and cannot be shown."
        ) from error


def _plain(image: Image.Image, side: int, quality: int) -> bytes:
    """Its pixels and colour profile alone, upright, at most `side` pixels a side."""
    upright = ImageOps.exif_transpose(image)
    profile = image.info.get("icc_profile")
    drawn = upright.convert("RGB" if upright.mode in OPAQUE else "RGBA")
    if drawn.mode == "RGBA" and drawn.getchannel("A").getextrema() == (255, 255):
        drawn = drawn.convert("RGB")
    if upright.mode == "CMYK":
        profile = None  # it is of the inks, which are gone
    drawn.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = BytesIO()
    plain = Image.new(drawn.mode, drawn.size)
    plain.paste(drawn)
    if drawn.mode == "RGBA":
        plain.save(out, "PNG", icc_profile=profile)
    else:
        plain.save(out, "JPEG", quality=quality, icc_profile=profile)
    return out.getvalue()


def away(why: str) -> BackendError:
    """The problem of a picture that may be read later."""
    return BackendError(
        503, "picture-away", f"This picture cannot be read at the moment ({why}).", 5
    )


def _slot(pixels: int) -> AbstractContextManager[object]:
    """Large pictures are decoded one at a time: each takes hundreds of megabytes meanwhile."""
    return _large if pixels > LARGE_PIXELS else nullcontext()


def _too_large(name: str) -> BackendError:
    return BackendError(
        413,
        "picture-too-large",
        f"{name} has more than {MAX_PIXELS / 1e6:.0f} million pixels. Send a smaller one.",
        file=name,
    )
