"""From a grid of numbers to the pixels of a picture, and how a grid is smoothed."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels


def place(grid: Floats, size: tuple[int, int], seen: Box) -> Floats:
    """A grid over a part of a picture to the whole picture, smooth between the cells.

    Args:
        grid: (h, w), the top row first.
        size: (width, height) of the picture, in pixels.
        seen: the part that the grid covers; may reach beyond the picture.

    Returns:
        (height, width) float32; 0 outside of that part.
    """
    width, height = size
    left, top, right, bottom = seen
    rows = _cubic(height, grid.shape[0], top, bottom)
    columns = _cubic(width, grid.shape[1], left, right)
    placed: Floats = rows @ grid.astype(np.float32) @ columns.T
    return placed


def smooth(grid: Floats, width: float) -> Floats:
    """(h, w) blurred by a Gaussian; `width` is its standard deviation in parts of each side."""
    rows, columns = (_gaussian(count, width * count) for count in grid.shape)
    blurred: Floats = rows @ grid.astype(np.float32) @ columns.T
    return blurred


def resized(grid: Floats, shape: tuple[int, int]) -> Floats:
    """(h, w) to another (h, w), as `place` does."""
    return place(grid, (shape[1], shape[0]), (0.0, 0.0, float(shape[1]), float(shape[0])))


def _cubic(pixels: int, cells: int, start: float, end: float) -> Floats:
    """(pixels, cells): how much each cell counts for each pixel; no cell outside of the part.

    By Keys' cubic convolution; beyond the middles of the outer cells these go on.
    """
    middles = np.arange(pixels) + 0.5
    at = (middles - start) / (end - start) * cells - 0.5  # in cells
    weights = np.zeros((pixels, cells), np.float32)
    first = np.floor(at).astype(int)
    for step in range(-1, 3):
        distance = np.abs(at - (first + step))
        near = 1.5 * distance**3 - 2.5 * distance**2 + 1
        far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
        share = np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
        np.add.at(weights, (np.arange(pixels), np.clip(first + step, 0, cells - 1)), share)
    weights[(middles < start) | (middles > end)] = 0
    return weights


def _gaussian(cells: int, deviation: float) -> Floats:
    """(cells, cells); beyond the edges there is nothing."""
    apart = np.arange(-cells, cells + 1)
    weights = np.exp(-0.5 * (apart / max(deviation, 1e-3)) ** 2)
    weights = (weights / weights.sum()).astype(np.float32)
    rows: Floats = weights[cells + np.arange(cells)[:, None] - np.arange(cells)[None]]
    return rows


def scaled(numbers: Floats) -> Floats:
    """What is negative is 0, and the largest number 1, unless all are 0."""
    positive = numbers.clip(min=0)
    largest = positive.max()
    unit: Floats = positive / largest if largest > 0 else positive
    return unit
