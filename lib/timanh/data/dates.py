"""When a photo was taken, as its camera wrote it down."""

import calendar
import re
from io import BytesIO
from pathlib import Path

from PIL import Image

from timanh.data.pictures import DAMAGE, FORMATS

EXIF_FOLDER, ORIGINAL, DIGITIZED, CHANGED = 0x8769, 0x9003, 0x9004, 0x0132
# Of the others Pillow decodes the whole picture to look for EXIF.
WITH_EXIF = frozenset({"JPEG", "MPO", "TIFF", "WEBP", "HEIF", "AVIF"})
WRITTEN = re.compile(r"\s*(\d{4})[:/.-](\d\d)[:/.-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
UNKNOWN = 0.0


def taken_at(source: Path | bytes) -> float:
    """The time on the camera's clock, in seconds since 1970 as if that clock showed UTC.

    So the day and the hour are those that the person saw, wherever they are looked at later.

    Args:
        source: a path, or the bytes of a file.

    Returns:
        `UNKNOWN`, which is 0, where the file says nothing or cannot be read.
    """
    try:
        opened = BytesIO(source) if isinstance(source, bytes) else source
        with Image.open(opened, formats=FORMATS) as image:
            if image.format not in WITH_EXIF and "exif" not in image.info:
                return UNKNOWN
            exif = image.getexif()
            inner = exif.get_ifd(EXIF_FOLDER)
            values = (inner.get(ORIGINAL), inner.get(DIGITIZED), exif.get(CHANGED))
    except (*DAMAGE, Image.DecompressionBombError, MemoryError):
        return UNKNOWN
    return next((time for value in values if (time := _seconds(value))), UNKNOWN)


def _seconds(value: object) -> float:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    found = WRITTEN.match(text)
    if found is None:
        return UNKNOWN
    year, month, day, hour, minute, second = map(int, found.groups())
    in_range = (
        year >= 1 and 1 <= month <= 12 and hour < 24 and minute < 60 and second < 61
    ) and 1 <= day <= calendar.monthrange(year, month)[1]
    if not in_range:
        return UNKNOWN
    return float(calendar.timegm((year, month, day, hour, minute, second)))
