"""A heat map as a picture: colours that are clear where it is cold."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Colour and opacity from cold to warm: the reds of matplotlib's "inferno", which people who see
# no red or no green can order too.
STOPS = (0.0, 0.25, 0.5, 0.75, 1.0)
COLOURS = ((66, 10, 104), (136, 34, 106), (203, 65, 73), (247, 131, 17), (252, 236, 120))
OPACITY = (0.0, 0.25, 0.55, 0.8, 0.9)
SIDE = 320  # pixels; a map is smooth, so that it can be shown larger


def overlay(heat: NDArray[np.float32], side: int = SIDE) -> Image.Image:
    """(H, W) in 0..1 to an RGBA picture of at most `side` pixels a side, to be laid over it."""
    height, width = heat.shape
    scale = min(1.0, side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(Image.fromarray(heat).resize(size, Image.Resampling.BILINEAR)).clip(0, 1)
    channels = [np.interp(small, STOPS, [colour[each] for colour in COLOURS]) for each in range(3)]
    channels.append(255 * np.interp(small, STOPS, OPACITY))
    return Image.fromarray(np.stack(channels, 2).round().astype(np.uint8), "RGBA")


def on_picture(image: Image.Image, heat: NDArray[np.float32], strength: float = 0.8) -> Image.Image:
    """An RGB picture with the map of its size laid over it; `strength` 0 shows none of it."""
    laid = overlay(heat, max(image.size)).resize(image.size, Image.Resampling.BILINEAR)
    opacity = laid.getchannel("A").point(lambda value: round(value * strength))
    return Image.composite(laid.convert("RGB"), image.convert("RGB"), opacity)
