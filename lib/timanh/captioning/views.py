"""How a training sees its pictures: features from the cache, or the tower as it is being tuned."""

from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from timanh.captioning.examples import Step
from timanh.captioning.features import FeatureCache, cache_features
from timanh.captioning.recipe import CaptionRecipe
from timanh.captioning.tower_source import TowerSource
from timanh.data import DataFolder
from timanh.models.picture_tower import PictureTower
from timanh.training.augmenting import draw_variation
from timanh.training.blocks import NUMBER
from timanh.training.pixels import PixelCache, cache_pixels

LAST_STAGE = 0.25  # share of a tower's blocks, at its end
Seen = tuple[Tensor | None, Tensor]  # (N, places, width) or None, (N, pooled width)


class View(Protocol):
    """Features of pictures by their rows."""

    names: tuple[str, ...]
    skipped: dict[str, str]

    def training(self, step: Step, seed: int) -> Seen:
        """Of a step's pictures, with gradients where the tower is tuned."""

    def as_it_is(self, rows: Sequence[int]) -> Seen:
        """Of pictures as they are, without gradients."""


class CachedView:
    """A frozen tower's features, computed beforehand."""

    def __init__(self, cache: FeatureCache, device: str) -> None:
        self.cache = cache
        self.names, self.skipped = cache.names, cache.skipped
        self.device = device

    def training(self, step: Step, seed: int) -> Seen:
        return self._tensors(*self.cache.of(step.rows, step.mirrored))

    def as_it_is(self, rows: Sequence[int]) -> Seen:
        return self._tensors(*self.cache.of(rows, [False] * len(rows)))

    def _tensors(self, grid: Any, pooled: Any) -> Seen:
        cells = None if grid is None else torch.from_numpy(grid).to(self.device)
        return cells, torch.from_numpy(pooled).to(self.device)


class TunedView:
    """Pictures through a tower whose last stage is trained."""

    def __init__(self, pixels: PixelCache, tower: PictureTower, *, grid: bool, crop: float) -> None:
        self.pixels = pixels
        self.names, self.skipped = pixels.names, pixels.skipped
        self.tower = tower
        self.grid = grid
        self.crop = crop

    def training(self, step: Step, seed: int) -> Seen:
        pictures = self._pictures(step.rows)
        for number, mirrored in enumerate(step.mirrored):
            if mirrored:
                pictures[number] = pictures[number].flip(-1)
        generator = torch.Generator().manual_seed(seed)
        variation = draw_variation(len(pictures), crop=self.crop, colour=0, generator=generator)
        return self._see(variation.apply(pictures))

    def as_it_is(self, rows: Sequence[int]) -> Seen:
        with torch.no_grad():
            return self._see(self._pictures(rows))

    def _pictures(self, rows: Sequence[int]) -> Tensor:
        """(N, 3, H, W) in 0..1."""
        raw = np.stack([self.pixels.pixels[row] for row in rows])
        return torch.from_numpy(raw).to(self.tower.device).permute(0, 3, 1, 2) / 255

    def _see(self, pictures: Tensor) -> Seen:
        preparation = self.tower.preparation
        mean = torch.tensor(preparation.mean, device=pictures.device).view(3, 1, 1)
        std = torch.tensor(preparation.std, device=pictures.device).view(3, 1, 1)
        normal = ((pictures - mean) / std).contiguous(memory_format=torch.channels_last)
        found = self.tower.features(normal)
        if found.grid is None or not self.grid:
            return None, found.pooled
        return found.grid.flatten(1, 2), found.pooled


def open_view(
    folder: DataFolder,
    names: Sequence[str],
    source: TowerSource,
    recipe: CaptionRecipe,
    place: Path,
    progress: bool,
) -> View:
    """The features of `names`, or the pictures themselves where the recipe tunes the tower.

    Raises:
        EmptyGalleryError, DiskFullError: as `cache_features`.
    """
    tower = source.tower
    if not recipe.tune_encoder:
        return CachedView(
            cache_features(
                folder, names, tower, place,
                mirrored=recipe.mirror, grid=recipe.grid, progress=progress,
            ),
            tower.device,
        )  # fmt: skip
    source.tuned = last_stage(tower.module)
    # Convolutions are several times faster on pixels that are stored together.
    tower.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pixels = cache_pixels(folder, tuple(names), tower.preparation, place, progress=progress)
    return TunedView(pixels, tower, grid=recipe.grid, crop=recipe.crop)


def last_stage(tower: nn.Module) -> frozenset[str]:
    """Names of the weights in the last quarter of a tower's blocks and above them.

    A block is what shares a name up to its first number, such as `encoder.stages.3`.
    """
    blocks: dict[str, list[str]] = {}
    for name, _ in tower.named_parameters():
        numbered = NUMBER.match(name)
        blocks.setdefault(numbered.group(1) if numbered else name.split(".")[0], []).append(name)
    numbered_blocks = [block for block in blocks if NUMBER.match(block)]
    if not numbered_blocks:
        return frozenset(name for names in blocks.values() for name in names)
    first = numbered_blocks[-max(1, ceil(LAST_STAGE * len(numbered_blocks)))]
    order = list(blocks)
    return frozenset(_names_from(blocks, order[order.index(first) :]))


def _names_from(blocks: dict[str, list[str]], chosen: Sequence[str]) -> Iterator[str]:
    for block in chosen:
        yield from blocks[block]
