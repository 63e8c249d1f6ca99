"""Grey pictures of more than eight bits, in the 256 steps that an encoder and a screen take."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from timanh.errors import PictureError

# Where files end their scale by convention: shares, eight bits, twelve-bit sensors, sixteen bits.
FULL_SCALES = (1, 255, 4095, 65535)
# A picture that keeps below this share of a scale was not made for it.
LEAST = 1 / 16
PHOTOMETRIC, SAMPLE_FORMAT, NO_DATA = 262, 339, 42113  # tags of TIFF, the last one GDAL's
WHITE_IS_ZERO, UNSIGNED = 0, 1


def is_deep(image: Image.Image) -> bool:
    """Whether its values are 16 or 32 bits wide, or floating point."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def to_grey(image: Image.Image, label: str) -> Image.Image:
    """The picture in mode L, scaled by what its values reach; Pillow would cut them off at 255.

    Values that are not finite, and those that the file marks as missing, become black; infinite
    ones white.

    Raises:
        PictureError: no value of it is finite.
    """
    tags: Any = getattr(image, "tag_v2", {})
    values = np.asarray(image)
    if image.mode == "I" and tags and tags.get(SAMPLE_FORMAT, (UNSIGNED,))[0] == UNSIGNED:
        values = values.view(np.uint32)  # Pillow reads its bits into signed numbers
    known = np.isfinite(values) & ~_missing(values, tags)
    if not known.any():
        raise PictureError(f"{label} holds no pixel with a finite value. Save it again.")
    reached = values if known.all() else values[known]
    low, high = _range(float(reached.min()), float(reached.max()))
    shares = (values.astype(np.float32) - low) / (high - low)
    shares[~known & ~(values == np.inf)] = 0
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        shares = 1 - shares
    return Image.fromarray(np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8))


def _range(least: float, most: float) -> tuple[float, float]:
    """The values that become black and white.

    A convention where the picture fits one, for then a dark picture stays dark; else what it
    reaches itself.
    """
    low = min(0.0, least)
    high = next((scale for scale in FULL_SCALES if LEAST * scale < most <= scale), most)
    if least < most < least + LEAST * (high - low):
        return least, most
    return low, high if high > low else low + 1


def _missing(values: NDArray[Any], tags: Any) -> NDArray[np.bool_]:
    try:
        return np.asarray(values == np.float32(str(tags.get(NO_DATA)).rstrip("\0")))
    except ValueError:
        return np.zeros(values.shape, bool)
