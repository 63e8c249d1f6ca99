"""Opening pictures: any size and kind in, upright RGB out, or one clear sentence."""

import struct
import warnings
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageCms, UnidentifiedImageError, features

from timanh.data.deep_pixels import is_deep, to_grey
from timanh.data.signatures import special_kind, what_it_is
from timanh.data.tar_members import member_bytes
from timanh.errors import PictureError, PictureTooLargeError

MAX_PIXELS = 100_000_000
SUFFIXES = frozenset(
    {
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm",
        ".pgm", ".pbm", ".pnm",
        # Listed whether or not they can be read here, so that they are reported.
        ".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k",
    }
)  # fmt: skip
# Modes that are brought to sRGB → the mode that comes of it.
SRGB_MODES = {"RGB": "RGB", "RGBA": "RGBA", "CMYK": "RGB"}
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = frozenset(turn for value, turn in TURNS.items() if value > 4)
# What Pillow's readers raise for damaged files, as found by feeding them 200,000 of those.
DAMAGE = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, SyntaxError,
    TypeError, ValueError, struct.error,
)  # fmt: skip

if find_spec("pillow_heif"):
    from pillow_heif import register_heif_opener

    register_heif_opener()
if find_spec("pillow_jxl"):
    import_module("pillow_jxl")

Image.init()
# Pillow reads more than these, some of them (EPS) by starting other programs.
LISTED = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "HEIF", "AVIF", "JXL", "JPEG2000"]
FORMATS = tuple(name for name in LISTED if name in Image.OPEN)

# `open_picture` has a limit of its own. Set once and not around each call, because pictures are
# opened in threads and `catch_warnings` is not safe there.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Reduced:
    """A picture that may be smaller than its file says: `width` and `height` are the file's."""

    image: Image.Image
    width: int
    height: int


def open_picture(
    source: Path | str | bytes | BinaryIO,
    *,
    max_pixels: int = MAX_PIXELS,
    longest: int | None = None,
    srgb: bool = False,
    label: str | None = None,
) -> Image.Image:
    """An upright RGB picture (EXIF orientation applied, transparency on white, first frame).

    Args:
        source: a path, the bytes of a file, or an open binary file.
        max_pixels: refuse larger ones before they are decoded.
        longest: side in pixels that is enough; large JPEGs are then decoded at 1/2, 1/4 or 1/8.
        srgb: for people to look at: colours with another profile are brought to sRGB.
            Encoders take them as they are stored.
        label: what messages call the picture; None for its path.

    Raises:
        PictureTooLargeError: more than `max_pixels`.
        PictureError: it is missing, not a picture, or cut short; the message names it.
    """
    called = str(source) if isinstance(source, Path | str) else "The picture that was sent"
    return open_reduced(
        source, longest, label=label or called, max_pixels=max_pixels, srgb=srgb
    ).image


def open_reduced(
    source: Path | str | bytes | BinaryIO,
    shortest: int | None,
    *,
    label: str,
    max_pixels: int = MAX_PIXELS,
    srgb: bool = False,
) -> Reduced:
    """As `open_picture`, together with the upright size the whole picture has.

    Args:
        shortest: pixels that are enough for the shorter side; large JPEGs are decoded at 1/2,
            1/4 or 1/8 as long as they keep that many. None decodes all.
        label: what messages call the picture.
        srgb: as of `open_picture`.

    Raises:
        PictureError: as `open_picture`.
    """
    opened = BytesIO(source) if isinstance(source, bytes) else source
    try:
        if isinstance(source, Path) and (inside := member_bytes(source)) is not None:
            source, opened = inside, BytesIO(inside)
        if isinstance(source, Path | str) and (special := special_kind(source)):
            raise PictureError(f"{label} is {special} and not a file.")
        with Image.open(opened, formats=FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise PictureTooLargeError(
                    f"{label} has {width} × {height} pixels; at most {max_pixels / 1e6:.3g} "
                    "million are read. Make it smaller first."
                )
            if shortest is not None:
                image.draft("RGB", (shortest, shortest))
            image.load()
            turn = _turn(image)
            if turn in SIDEWAYS:
                width, height = height, width
            seen = _in_srgb(image) if srgb else image
            return Reduced(_upright_rgb(seen, turn, label), width, height)
    except PictureError:
        raise
    except FileNotFoundError as error:
        raise PictureError(f"There is no picture {label}.") from error
    except UnidentifiedImageError as error:
        raise PictureError(f"{label} {what_it_is(source)}") from error
    except (Image.DecompressionBombError, MemoryError) as error:
        raise PictureTooLargeError(f"{label} is too large to be read ({error}).") from error
    except DAMAGE as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise PictureError(f"{label} cannot be read ({error.strerror}).") from error
        raise PictureError(
            f"{label} is damaged and cannot be read to its end ({error}). Copy or save it again."
        ) from error


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What EXIF asks for; EXIF that cannot be read asks for nothing."""
    try:
        return TURNS.get(image.getexif().get(ORIENTATION, 1))
    except DAMAGE:
        return None


def _upright_rgb(image: Image.Image, turn: Image.Transpose | None, label: str) -> Image.Image:
    plain = to_grey(image, label) if is_deep(image) else image
    if plain.mode == "LAB":
        plain = _from_lab(plain, label)
    upright = plain if turn is None else plain.transpose(turn)
    if upright.mode not in ("RGB", "L") or "transparency" in upright.info:
        upright = _on_white(upright)
    return upright.convert("RGB")


def _from_lab(image: Image.Image, label: str) -> Image.Image:
    """Colours as lightness and two opponents in sRGB, which is all that Pillow cannot convert."""
    if not features.check("littlecms2"):
        raise PictureError(
            f"{label} has its colours as CIE L*a*b*, and this Pillow was built without LittleCMS, "
            "which converts them. Save it as RGB."
        )
    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB") or image


def _on_white(image: Image.Image) -> Image.Image:
    if not (image.has_transparency_data or "transparency" in image.info):
        return image
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, layer)


def _in_srgb(image: Image.Image) -> Image.Image:
    """`image` in sRGB where it carries another profile, such as a printer's CMYK; else itself.

    A profile that cannot be read counts as none.
    """
    profile = image.info.get("icc_profile")
    plain = "transparency" not in image.info  # a colour that stands for nothing must stay exact
    if not profile or not plain or image.mode not in SRGB_MODES or not features.check("littlecms2"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode=SRGB_MODES[image.mode]
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return converted or image
