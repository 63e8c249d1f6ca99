"""A VQGAN looked at: a picture as a grid of codes, and what single codes paint."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from timanh.evaluation.figures import GRID, INK, new_style, saved
from timanh.generation import Vqgan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AROUND = 3  # cells on each side of a code that is painted alone


def encode_codes(vqgan: Vqgan, pictures: Sequence[Image.Image]) -> Tensor:
    """Pictures, squeezed into a square, to the numbers of their codes, (N, cells, cells) int64."""
    side = vqgan.usual_side
    with torch.inference_mode():
        return vqgan.nearest(vqgan.encode(vqgan.prepare(pictures, side, side)))


def plot_codes(
    vqgan: Vqgan, picture: Image.Image, codes: Tensor, path: Path | None = None
) -> "Figure":
    """The picture with the borders of its cells, and beside it the number that each cell becomes.

    Args:
        codes: (cells, cells), of this picture.
    """
    side = vqgan.usual_side
    small = picture.convert("RGB").resize((side, side), Image.Resampling.BICUBIC)
    count = len(codes)
    with new_style() as new_figure:
        figure = new_figure(figsize=(10, 5.2))
        left, right = figure.subplots(1, 2)
        left.imshow(small, extent=(0, count, count, 0))
        left.set_title(f"{side} × {side} pixels")
        right.imshow(vqgan.paint(codes[None])[0], extent=(0, count, count, 0), alpha=0.35)
        right.set_title(f"{count} × {count} codes of {len(vqgan.codebook):,}")
        for axis in (left, right):
            axis.set_xticks(range(count + 1), [""] * (count + 1))
            axis.set_yticks(range(count + 1), [""] * (count + 1))
            axis.tick_params(length=0)
            axis.grid(visible=True, color=GRID, linewidth=0.6)
        for row, numbers in enumerate(codes.tolist()):
            for column, number in enumerate(numbers):
                right.text(
                    column + 0.5, row + 0.5, str(number), ha="center", va="center",
                    fontsize=84 / count, color=INK,
                )  # fmt: skip
    return saved(figure, path)


def commonest_codes(
    vqgan: Vqgan, codes: Tensor, count: int = 6
) -> tuple[list[Image.Image], list[str]]:
    """The codes that occur most often, each painted alone, and how often they do."""
    numbers, often = np.unique(codes.cpu().numpy(), return_counts=True)
    most = (-often).argsort(kind="stable")[:count]
    side = 2 * AROUND + 1
    alone = torch.from_numpy(numbers[most]).to(codes.device)[:, None, None].expand(-1, side, side)
    notes = [
        f"code {number}, {times} ×"
        for number, times in zip(numbers[most].tolist(), often[most].tolist(), strict=True)
    ]
    return vqgan.paint(alone), notes
