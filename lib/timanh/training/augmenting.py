"""Variations of pictures that leave their captions true.

What varies is drawn from a separate generator, so that it can be drawn ahead, on another
thread, and again after a restart; it is applied wherever the pictures are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from timanh.training.pairs import names_a_side

SHAPE = 4 / 3  # most and least width to height of a crop, against the picture's
GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue are, ITU-R BT.601


@dataclass(frozen=True)
class Variation:
    """What to do to each of N pictures.

    Attributes:
        crops: (N, 2, 3) as `affine_grid` takes them, or None.
        colours: (N, 3) factors of brightness, contrast and saturation, or None.
    """

    crops: Tensor | None
    colours: Tensor | None

    def part(self, rows: slice) -> "Variation":
        """That of some of the pictures."""
        crops = None if self.crops is None else self.crops[rows]
        return Variation(crops, None if self.colours is None else self.colours[rows])

    def apply(self, pictures: Tensor) -> Tensor:
        """(N, 3, H, W) float32 in 0..1, on any device, varied."""
        if self.crops is not None:
            pictures = cropped(pictures, self.crops.to(pictures.device))
        if self.colours is not None:
            pictures = coloured(pictures, self.colours.to(pictures.device))
        return pictures


def draw_variation(
    count: int, *, crop: float, colour: float, generator: torch.Generator
) -> Variation:
    """For `count` pictures.

    Args:
        crop: the smallest share of the area that is kept, 0..1; shapes vary by 4/3.
        colour: how far the factors go from 1.
    """
    colours = None
    if colour:
        colours = torch.empty(count, 3).uniform_(1 - colour, 1 + colour, generator=generator)
    return Variation(_draw_crops(count, crop, generator) if crop < 1 else None, colours)


def flip_some(
    pictures: NDArray[np.uint8], captions: Sequence[Sequence[str]], generator: torch.Generator
) -> None:
    """Mirror half of (N, H, W, 3) in place, but none of whose captions one says left or right."""
    chosen = (torch.rand(len(pictures), generator=generator) < 0.5).tolist()
    for index, texts in enumerate(captions):
        if chosen[index] and not any(map(names_a_side, texts)):
            pictures[index] = pictures[index, :, ::-1].copy()


def cropped(pictures: Tensor, crops: Tensor) -> Tensor:
    """The parts of (N, 3, H, W) that (N, 2, 3) name, each as large as the whole was."""
    where = functional.affine_grid(crops, list(pictures.shape), align_corners=False)
    return functional.grid_sample(
        pictures, where, mode="bilinear", padding_mode="reflection", align_corners=False
    )


def coloured(pictures: Tensor, factors: Tensor) -> Tensor:
    """(N, 3, H, W) in 0..1 with brightness, contrast and saturation times (N, 3) `factors`."""
    brightness, contrast, saturation = factors.view(-1, 3, 1, 1, 1).unbind(1)
    lit = pictures * brightness
    weights = torch.tensor(GREY, device=pictures.device).view(1, 3, 1, 1)
    grey = (lit * weights).sum(1, keepdim=True)  # (N, 1, H, W)
    lit = grey.mean((2, 3), keepdim=True).lerp(lit, contrast)
    grey = (lit * weights).sum(1, keepdim=True)
    return grey.lerp(lit, saturation).clamp(0, 1)


def _draw_crops(count: int, least: float, generator: torch.Generator) -> Tensor:
    side = torch.empty(count).uniform_(least, 1, generator=generator).sqrt()
    bound = float(np.log(SHAPE))
    shape = torch.empty(count).uniform_(-bound, bound, generator=generator).exp().sqrt()
    width, height = (side * shape).clamp(max=1), (side / shape).clamp(max=1)
    crops = torch.zeros(count, 2, 3)
    crops[:, 0, 0], crops[:, 1, 1] = width, height
    crops[:, 0, 2] = (2 * torch.rand(count, generator=generator) - 1) * (1 - width)
    crops[:, 1, 2] = (2 * torch.rand(count, generator=generator) - 1) * (1 - height)
    return crops
