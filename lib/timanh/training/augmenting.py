"""Variations of pictures that leave their captions true; torch's generator draws them."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from timanh.training.pairs import names_a_side

SHAPE = 4 / 3  # most and least width to height of a crop, against the picture's


def flip_some(pictures: NDArray[np.uint8], captions: Sequence[str]) -> None:
    """Mirror half of (N, H, W, 3) in place, but none whose caption says left or right."""
    chosen = (torch.rand(len(pictures)) < 0.5).tolist()
    for index, caption in enumerate(captions):
        if chosen[index] and not names_a_side(caption):
            pictures[index] = pictures[index, :, ::-1].copy()


def random_crops(pixels: Tensor, least: float) -> Tensor:
    """A random crop of each of (N, 3, H, W), resized to what it was.

    Args:
        least: the smallest share of the area that is kept, 0..1; shapes vary by 4/3.
    """
    count = len(pixels)
    side = torch.empty(count).uniform_(least, 1).sqrt()
    shape = torch.empty(count).uniform_(-np.log(SHAPE), np.log(SHAPE)).exp().sqrt()
    width, height = (side * shape).clamp(max=1), (side / shape).clamp(max=1)
    grid = torch.zeros(count, 2, 3)
    grid[:, 0, 0], grid[:, 1, 1] = width, height
    grid[:, 0, 2] = (2 * torch.rand(count) - 1) * (1 - width)
    grid[:, 1, 2] = (2 * torch.rand(count) - 1) * (1 - height)
    where = functional.affine_grid(grid, list(pixels.shape), align_corners=False)
    return functional.grid_sample(
        pixels, where, mode="bilinear", padding_mode="reflection", align_corners=False
    )
