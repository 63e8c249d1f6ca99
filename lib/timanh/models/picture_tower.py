"""The vision tower of a model, with what it sees where: a grid of features a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from timanh.errors import ModelFormatError
from timanh.models.fingerprints import fingerprint
from timanh.models.preparation import ImagePreparation
from timanh.models.vision_towers import INTERPOLATE, needs_interpolation, pool_vision
from timanh.workspace import fill_folder


@dataclass(frozen=True)
class TowerFeatures:
    """Of N pictures.

    Attributes:
        grid: (N, H, W, width), the top row of the picture first; None where the tower has none.
        pooled: (N, pooled width), the picture as a whole.
    """

    grid: Tensor | None
    pooled: Tensor


class PictureTower:
    """A vision model of transformers with its preparation of pictures.

    Its grid is the last feature map of a convolutional network (7×7 for a ResNet, a MobileNet or
    one of timm's at 224 pixels), or the patch tokens of a transformer (7×7 for ViT-B/32), without
    class and register tokens.
    """

    def __init__(
        self, module: nn.Module, preparation: ImagePreparation, *, name: str, device: str
    ) -> None:
        self.module = module.to(device).eval()
        self.preparation = preparation
        stretched = needs_interpolation(module, (preparation.height, preparation.width))
        self._options = {INTERPOLATE: True} if stretched else {}
        self.name = name
        self.device = device

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits; changes when weights or the preparation of pictures change."""
        return fingerprint(self.module, self.preparation.describe())

    @cached_property
    def shapes(self) -> tuple[tuple[int, int, int] | None, int]:
        """((H, W, width) of the grid or None, pooled width), found by a forward pass."""
        zeros = torch.zeros(1, 3, self.preparation.height, self.preparation.width)
        with torch.inference_mode():
            found = self.features(zeros.to(self.device))
        if found.grid is None:
            return None, found.pooled.shape[1]
        _, height, width, channels = found.grid.shape
        return (height, width, channels), found.pooled.shape[1]

    def features(self, pixels: Tensor) -> TowerFeatures:
        """(N, 3, H, W) normalised pixels to features, with gradients where the weights have."""
        output: Any = self.module(pixel_values=pixels, **self._options)
        hidden: Tensor = output.last_hidden_state
        grid = grid_of(hidden, pixels.shape[-2:], getattr(self.module, "config", None))
        return TowerFeatures(grid, pool_vision(output))

    def features_prepared(
        self, pixels: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """(N, 3, H, W) to ((N, H, W, width) or None, (N, pooled width)), float32."""
        with torch.inference_mode():
            found = self.features(torch.from_numpy(pixels).to(self.device))
        grid = None if found.grid is None else found.grid.float().cpu().numpy()
        return grid, found.pooled.float().cpu().numpy()

    def grid_features(
        self, images: Sequence[Image.Image], *, batch_size: int = 32
    ) -> NDArray[np.float32] | None:
        """As `Encoder.grid_features`."""
        shape, _ = self.shapes
        if shape is None:
            return None
        grids = [np.zeros((0, *shape), np.float32)]
        for start in range(0, len(images), batch_size):
            grid, _ = self.features_prepared(self.preparation(images[start : start + batch_size]))
            if grid is not None:
                grids.append(grid)
        return np.concatenate(grids)

    def save(self, folder: Path) -> None:
        """Write weights, config and preparation so that `load_picture_tower(folder)` reads them.

        Raises:
            ModelFormatError: the tower is no model of transformers.
        """
        save = getattr(self.module, "save_pretrained", None)
        if save is None:
            raise ModelFormatError(
                f"{self.name} is not a model of transformers and cannot be saved."
            )
        with fill_folder(folder, last="model.safetensors") as place:
            save(place)
            self.preparation.save(place)


def grid_of(hidden: Tensor, size: Sequence[int], config: Any) -> Tensor | None:
    """The grid in a tower's last hidden state, (N, H, W, width); None where there is none.

    Args:
        hidden: (N, width, H, W) feature map, or (N, tokens, width) with class and register tokens
            first, if any.
        size: (height, width) of the pictures in pixels.
        config: of the tower; its `patch_size` is taken where it has one.
    """
    if hidden.ndim == 4:
        return hidden.permute(0, 2, 3, 1)
    if hidden.ndim != 3 or hidden.shape[1] < 2:
        return None
    rows, columns = _patches(hidden.shape[1], size, getattr(config, "patch_size", None))
    patches = hidden[:, hidden.shape[1] - rows * columns :]
    return patches.reshape(len(hidden), rows, columns, -1)


def _patches(tokens: int, size: Sequence[int], patch: Any) -> tuple[int, int]:
    """How many rows and columns of patches are among `tokens`."""
    if isinstance(patch, int) and patch > 0:
        rows, columns = int(size[0]) // patch, int(size[1]) // patch
        if 0 < rows * columns <= tokens:
            return rows, columns
    return isqrt(tokens), isqrt(tokens)
