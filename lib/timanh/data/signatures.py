"""What a file that cannot be opened really is, by its first bytes and not by its name."""

from importlib.util import find_spec
from pathlib import Path
from stat import S_ISBLK, S_ISCHR, S_ISFIFO, S_ISSOCK
from typing import BinaryIO

from PIL import features

HEAD = 64
KNOWN = "Known are JPEG, PNG, WebP, GIF, BMP and TIFF."
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})
JXL = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
WEB_PAGE = (b"<!doctype html", b"<html")
HEIF_HINT = "is a HEIC picture, which needs a plug-in: pip install pillow-heif."
JXL_HINT = "is a JPEG XL picture, which needs a plug-in: pip install pillow-jxl-plugin."
AVIF_HINT = "is an AVIF picture, which this Pillow cannot read: pip install -U pillow."
TIFF_HINT = (
    "is a TIFF of a kind that cannot be read, such as a camera's raw file or colours of 32 bits. "
    "Save it with 8 or 16 bits a colour, or as JPEG."
)
# Files of other kinds that are found under a picture's name, by their first bytes.
OTHERS = (
    ((b"%!PS", b"\xc5\xd0\xd3\xc6"), "a PostScript drawing (EPS)"),
    ((b"%PDF",), "a PDF document"),
    ((b"8BPS",), "a Photoshop picture (PSD)"),
    ((b"\0\0\1\0", b"\0\0\2\0"), "an icon (ICO)"),
    ((b"icns",), "an icon (ICNS)"),
    ((b"\xd7\xcd\xc6\x9a", b"\1\0\x09\0", b"\1\0\0\0"), "a Windows drawing (WMF or EMF)"),
    ((b"DDS ",), "a texture (DDS)"),
    ((b"gimp xcf",), "a GIMP picture (XCF)"),
    ((b"qoif",), "a QOI picture"),
    ((b"v/1\1",), "an OpenEXR picture"),
    ((b"SIMPLE  =",), "a FITS picture"),
    ((b"\x0a\0\1", b"\x0a\2\1", b"\x0a\3\1", b"\x0a\5\1"), "a PCX picture"),
)
SPECIAL = (
    (S_ISFIFO, "a pipe"),
    (S_ISSOCK, "a socket"),
    (S_ISCHR, "a device"),
    (S_ISBLK, "a device"),
)


def what_it_is(source: Path | str | bytes | BinaryIO) -> str:
    """The end of a sentence that begins with the file's name: what it is, and what to do."""
    return _kind(_head(source)) or (
        f"is not a picture that can be read, whatever its name says. {KNOWN}"
    )


def special_kind(path: Path | str) -> str | None:
    """What is no file and would be waited for when opened, such as "a pipe"; None for files."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return None
    return next((kind for test, kind in SPECIAL if test(mode)), None)


def _kind(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        return _boxed({head[8:12], *(head[at : at + 4] for at in range(16, len(head), 4))})
    if head.startswith(JXL):
        return None if find_spec("pillow_jxl") else JXL_HINT
    if head.startswith(TIFF):
        return TIFF_HINT
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(WEB_PAGE):
        return "is a web page and not a picture, as a failed download leaves. Fetch it again."
    other = next((kind for starts, kind in OTHERS if head.startswith(starts)), None)
    if other is not None:
        return f"is {other}, which is not read, whatever its name says. Save it as PNG or JPEG."
    if b"<svg" in text:
        return "is an SVG drawing, which has no pixels. Save it as PNG."
    return None if head else "is empty. Copy or fetch it again."


def _boxed(brands: set[bytes]) -> str | None:
    """Of a file made of boxes, as HEIC, AVIF and videos are, by the brands that it names."""
    if brands & AVIF_BRANDS:
        return None if features.check("avif") else AVIF_HINT
    if brands & HEIF_BRANDS:
        return None if find_spec("pillow_heif") else HEIF_HINT
    return "is a video and not a picture."


def _head(source: Path | str | bytes | BinaryIO) -> bytes:
    try:
        if isinstance(source, bytes):
            return source[:HEAD]
        if isinstance(source, Path | str):
            with Path(source).open("rb") as stream:
                return stream.read(HEAD)
        source.seek(0)
        return source.read(HEAD)
    except (OSError, ValueError):
        return b""
