"""How unlike a painted picture is to the one that it was to show, in pixels and as seen."""

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import l1_loss, mse_loss, normalize

from timanh.models.torch_encoder import TorchEncoder


class Unlikeness:
    """The sum of four distances: of pixels, of their squares, of the differences between
    neighbouring pixels, and of what a picture encoder sees at every stage (Zhang et al. 2018).

    Pixels alone leave small things blurred, which cost little there and much to one who looks.

    Args:
        encoder: whose picture tower looks; it stays as it is.
        seen: how much its distance counts.
    """

    def __init__(self, encoder: TorchEncoder, *, seen: float) -> None:
        # A copy, since whoever gave the encoder may want to train it.
        self._tower: Any = deepcopy(encoder.picture_tower.module).eval().requires_grad_(False)
        preparation = encoder.preparation
        self._mean = torch.tensor(preparation.mean)[:, None, None]
        self._std = torch.tensor(preparation.std)[:, None, None]
        self.seen = seen

    def __call__(self, painted: Tensor, pixels: Tensor) -> Tensor:
        """Of (N, 3, H, W) pixels in -1..1: one number, with a gradient for the first."""
        colours = l1_loss(painted, pixels) + 4 * mse_loss(painted, pixels)
        across = l1_loss(painted.diff(dim=-1), pixels.diff(dim=-1))
        down = l1_loss(painted.diff(dim=-2), pixels.diff(dim=-2))
        return colours + across + down + self.seen * self._as_seen(painted, pixels)

    def _as_seen(self, painted: Tensor, pixels: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self._stages(pixels)
        pairs = zip(self._stages(painted), wanted, strict=True)
        apart = [(a - b).pow(2).sum(1).mean() for a, b in pairs]
        return torch.stack(apart).mean()

    def _stages(self, pixels: Tensor) -> list[Tensor]:
        """Maps of features, each place's of length 1."""
        scaled = ((pixels + 1) / 2 - self._mean) / self._std
        maps = self._tower(pixel_values=scaled, output_hidden_states=True).hidden_states
        return [normalize(each.float(), dim=1) for each in maps]
