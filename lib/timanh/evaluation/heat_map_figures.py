"""A figure of heat maps: where in a picture each word is."""

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from timanh.evaluation.figures import CELL, new_style, saved

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 5


def plot_heat_maps(
    picture: Image.Image, maps: Mapping[str, NDArray[np.float32]], path: Path | None = None
) -> "Figure":
    """The picture, and beside it for each text its map laid over it.

    Args:
        maps: text → (H, W) in 0..1 of the picture's size, as `HeatMaps` has them.
    """
    from timanh.models.heat_maps import on_picture

    cells = 1 + len(maps)
    columns = min(COLUMNS, cells)
    rows = ceil(cells / columns)
    with new_style() as new_figure:
        figure = new_figure(figsize=(CELL * columns, (CELL + 0.3) * rows))
        axes = figure.subplots(rows, columns, squeeze=False).flatten()
        for axis in axes:
            axis.set_axis_off()
        axes[0].imshow(np.asarray(picture.convert("RGB")))
        for axis, (text, heat) in zip(axes[1:], maps.items(), strict=False):
            axis.imshow(np.asarray(on_picture(picture, heat)))
            axis.set_title(text, fontsize=10, loc="center", pad=3, wrap=True)
    return saved(figure, path)
