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
WHITE_IS_ZERO, UNSIGNED, SIGNED = 0, 1, 2
# A thousandth of the pixels at either end may be faults of a sensor, or holes that no tag names.
FAULTY = 0.001
MOST_LOOKED_AT = 1_000_000  # pixels, for the two quantiles


def is_deep(image: Image.Image) -> bool:
    """Whether its values are 16 or 32 bits wide, floating point, or signed."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16") or _is_signed_bytes(image)


def _is_signed_bytes(image: Image.Image) -> bool:
    """Pillow reads them into unsigned ones, so that all below zero would be the brightest."""
    return image.mode == "L" and _tags(image).get(SAMPLE_FORMAT, (UNSIGNED,))[0] == SIGNED


def to_grey(image: Image.Image, label: str) -> Image.Image:
    """The picture in mode L, scaled by what its values reach; Pillow would cut them off at 255.

    Values that are not finite, and those that the file marks as missing, become black; infinite
    ones white.

    Raises:
        PictureError: no value of it is finite.
    """
    tags = _tags(image)
    values = np.asarray(image)
    if _is_signed_bytes(image):
        values = values.view(np.int8)
    if image.mode == "I" and tags and tags.get(SAMPLE_FORMAT, (UNSIGNED,))[0] == UNSIGNED:
        values = values.view(np.uint32)  # Pillow reads its bits into signed numbers
    known = np.isfinite(values) & ~_missing(values, tags)
    if not known.any():
        raise PictureError(f"{label} holds no pixel with a finite value. Save it again.")
    reached = values if known.all() else values[known]
    low, high = _range(float(reached.min()), float(reached.max()))
    if low < 0 or high not in FULL_SCALES:
        looked_at = reached.ravel()[:: 1 + reached.size // MOST_LOOKED_AT]
        least, most = map(float, np.quantile(looked_at, (FAULTY, 1 - FAULTY)))
        if 0 < most - least < LEAST * (high - low):
            low, high = _range(least, most)
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
    if least < -LEAST * high:
        return least, most if most > least else least + 1
    if least < most < least + LEAST * (high - low):
        return least, most
    return low, high if high > low else low + 1


def _tags(image: Image.Image) -> Any:
    return getattr(image, "tag_v2", {})


def _missing(values: NDArray[Any], tags: Any) -> NDArray[np.bool_]:
    try:
        return np.asarray(values == np.float32(str(tags.get(NO_DATA)).rstrip("\0")))
    except ValueError:
        return np.zeros(values.shape, bool)
