"""A figure of heat maps: where in a picture each word is."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from timanh.evaluation.figures import picture_and_parts, saved

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_heat_maps(
    picture: Image.Image, maps: Mapping[str, NDArray[np.float32]], path: Path | None = None
) -> "Figure":
    """The picture, and beside it for each text its map laid over it.

    Args:
        maps: text → (H, W) in 0..1 of the picture's size, as `HeatMaps` has them.
    """
    from timanh.models.heat_maps import on_picture

    with picture_and_parts(picture, list(maps)) as (figure, axes):
        for axis, heat in zip(axes, maps.values(), strict=True):
            axis.imshow(np.asarray(on_picture(picture, heat)))
    return saved(figure, path)
