"""Opening pictures: any size and kind in, upright RGB out, or one clear sentence."""

import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from timanh.errors import DataError, PictureError, PictureTooLargeError

MAX_PIXELS = 100_000_000
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".jfif", ".ppm"}
)


def open_picture(
    source: Path | str | bytes | BinaryIO,
    *,
    max_pixels: int = MAX_PIXELS,
    longest: int | None = None,
) -> Image.Image:
    """An upright RGB picture (EXIF orientation applied, transparency on white, first frame).

    Args:
        source: a path, the bytes of a file, or an open binary file.
        max_pixels: refuse larger ones before they are decoded.
        longest: side in pixels that is enough; large JPEGs are then decoded at 1/2, 1/4 or 1/8.

    Raises:
        PictureTooLargeError: more than `max_pixels`.
        PictureError: it is missing, is no picture, or is cut short; the message names it.
    """
    label = str(source) if isinstance(source, Path | str) else "the picture that was sent"
    opened = BytesIO(source) if isinstance(source, bytes) else source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(opened) as image:
                width, height = image.size
                if width * height > max_pixels:
                    raise PictureTooLargeError(
                        f"{label} has {width} × {height} pixels; at most {max_pixels / 1e6:.0f} "
                        "million are read. Make it smaller first."
                    )
                if longest is not None:
                    image.draft("RGB", (longest, longest))
                return _upright_rgb(image)
    except PictureError:
        raise
    except FileNotFoundError as error:
        raise PictureError(f"There is no picture {label}.") from error
    except UnidentifiedImageError as error:
        raise PictureError(
            f"{label} is not a picture that can be read, whatever its name says. Known are JPEG, "
            "PNG, WebP, GIF, BMP and TIFF."
        ) from error
    except Image.DecompressionBombError as error:
        raise PictureTooLargeError(f"{label} is too large to be read ({error}).") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError) as error:
        raise PictureError(
            f"{label} is damaged and cannot be read to its end ({error}). Copy or save it again."
        ) from error


def list_pictures(folder: Path) -> list[str]:
    """Paths of all pictures below `folder`, relative, with slashes, sorted.

    Goes by suffix; hidden files and folders and `__MACOSX` are left out.

    Raises:
        DataError: there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Name a folder of pictures.")
    return sorted(path.relative_to(folder).as_posix() for path in _walk(folder))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name == "__MACOSX":
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.suffix.lower() in SUFFIXES:
            yield path


def _upright_rgb(image: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16") or upright.mode == "I":
        # Pillow's own conversion cuts 16 bits off at 255 instead of scaling them.
        upright = upright.convert("I").point(lambda value: value / 256).convert("L")
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        upright = Image.alpha_composite(white, layer)
    rgb = upright.convert("RGB")
    rgb.load()
    return rgb
