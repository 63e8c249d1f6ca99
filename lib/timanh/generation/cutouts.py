"""Cut-outs of a picture, each changed a little, so that an encoder cannot be fooled by noise.

An encoder that looks at a whole picture only can be satisfied by patterns that nobody sees. What
it also finds in many parts, turned and in other colours, is there.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate, pad

from timanh.models.preparation import ImagePreparation


@dataclass(frozen=True)
class Cutouts:
    """How a picture is cut.

    Attributes:
        count: cut-outs a step.
        smallest: side of the smallest, a share of the picture's shorter side; the largest have
            all of it.
        turn: degrees, at most, to both sides.
        slant: how far corners are moved, a share of the side.
        colour: change of brightness, contrast and saturation, at most.
        noise: its standard deviation, of values in 0..1.
    """

    count: int = 32
    smallest: float = 0.3
    turn: float = 15.0
    slant: float = 0.08
    colour: float = 0.1
    noise: float = 0.03

    def __call__(
        self, picture: Tensor, preparation: ImagePreparation, random: torch.Generator
    ) -> Tensor:
        """(1, 3, H, W) in 0..1 to (count, 3, height, width), as the encoder takes them, with
        gradients."""
        side = (preparation.height, preparation.width)
        parts = [self._cut(picture, side, random) for _ in range(self.count)]
        changed = self._coloured(self._turned(torch.cat(parts), random), random)
        mean = torch.tensor(preparation.mean, device=picture.device)[:, None, None]
        std = torch.tensor(preparation.std, device=picture.device)[:, None, None]
        return (changed - mean) / std

    def _cut(self, picture: Tensor, size: tuple[int, int], random: torch.Generator) -> Tensor:
        """A square part in the encoder's size; the whole picture in one of four."""
        height, width = picture.shape[2:]
        shorter = min(height, width)
        share, top, left, kind = torch.rand(4, generator=random).tolist()
        if kind < 0.25:
            part = picture
        else:
            side = max(1, round(shorter * (self.smallest + (1 - self.smallest) * share)))
            down, right = round(top * (height - side)), round(left * (width - side))
            part = picture[:, :, down : down + side, right : right + side]
        return interpolate(part, size, mode="bilinear", antialias=True, align_corners=False)

    def _turned(self, parts: Tensor, random: torch.Generator) -> Tensor:
        """Mirrored by chance, turned, and seen from the side."""
        count, _, height, width = parts.shape
        angle = _spread(count, random) * math.radians(self.turn)
        mirror = torch.where(torch.rand(count, generator=random) < 0.5, -1.0, 1.0)
        rows, columns = torch.meshgrid(
            torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij"
        )
        x, y = columns[None], rows[None]
        cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
        across = mirror[:, None, None] * (x * cosine - y * sine)
        down = x * sine + y * cosine
        tilt = [_spread(count, random)[:, None, None] * self.slant for _ in range(2)]
        depth = 1 + tilt[0] * x + tilt[1] * y
        grid = torch.stack([across / depth, down / depth], -1).to(parts)
        # What lies outside is as at the edge, not black.
        return grid_sample(parts, grid, padding_mode="reflection", align_corners=False)

    def _coloured(self, parts: Tensor, random: torch.Generator) -> Tensor:
        def factor() -> Tensor:
            return (1 + _spread(len(parts), random) * self.colour)[:, None, None, None].to(parts)

        bright = parts * factor()
        middle = bright.mean((1, 2, 3), keepdim=True)
        contrast = (bright - middle) * factor() + middle
        grey = contrast.mean(1, keepdim=True)
        saturated = (contrast - grey) * factor() + grey
        strength = torch.rand(len(parts), generator=random)[:, None, None, None] * self.noise
        noise = torch.randn(parts.shape, generator=random) * strength
        return saturated + noise.to(parts)


def total_variation(picture: Tensor) -> Tensor:
    """How much neighbouring pixels of (1, 3, H, W) differ, squared, on average."""
    wider = pad(picture, (0, 1, 0, 1), "replicate")
    across = wider[..., :-1, 1:] - wider[..., :-1, :-1]
    down = wider[..., 1:, :-1] - wider[..., :-1, :-1]
    return (across**2 + down**2).mean()


def _spread(count: int, random: torch.Generator) -> Tensor:
    """(count,) in -1..1."""
    return torch.rand(count, generator=random) * 2 - 1
