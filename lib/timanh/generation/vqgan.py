"""A VQGAN: pictures as grids of codes, and codes as pictures (Esser et al. 2021).

Its encoder turns a picture into a grid of vectors, each of which is replaced by the nearest one of
a codebook; its decoder paints a picture from them. The network is `diffusers`' `VQModel`.
"""

import hashlib
import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

BICUBIC = Image.Resampling.BICUBIC


class Vqgan:
    """A `VQModel` with what is needed to paint with it.

    Attributes:
        name: what a person calls it.
        cell: side in pixels of what one code stands for, such as 16.
        codebook: (K, D), the vectors of the codes.
    """

    def __init__(self, network: nn.Module, *, name: str, device: str) -> None:
        self.network: Any = network.to(device).eval()
        self.name = name
        self.device = device
        config: Any = self.network.config
        # A network that takes more than three channels has the pixels of a patch as one.
        self._patch = math.isqrt(config.in_channels // 3)
        self.cell = self._patch * 2 ** (len(config.block_out_channels) - 1)
        # Those of aMUSEd, which alone look codes up by number, have pixels in 0..1, others -1..1.
        self._unsigned = bool(config.lookup_from_codebook)

    @property
    def codebook(self) -> Tensor:
        weight: Tensor = self.network.quantize.embedding.weight
        return weight.detach()

    @cached_property
    def codebook_digest(self) -> str:
        """16 hex digits; the same for two VQGANs whose numbers of codes mean the same."""
        content = self.codebook.half().cpu().numpy().tobytes()
        return hashlib.blake2b(content, digest_size=8).hexdigest()

    @property
    def parameters(self) -> int:
        """How many weights it has."""
        return sum(each.numel() for each in self.network.parameters())

    @property
    def usual_side(self) -> int:
        """Pixels of a square that it paints well: those of its training, or 224 for large ones."""
        trained = min(224, int(self.network.config.sample_size))
        return trained // self.cell * self.cell if trained >= 64 else 224

    def prepare(self, images: Sequence[Image.Image], width: int, height: int) -> Tensor:
        """RGB pictures to (N, 3, height, width) in 0..1, squeezed into that size."""
        sized = [image.convert("RGB").resize((width, height), BICUBIC) for image in images]
        pixels = torch.from_numpy(np.stack([np.asarray(each) for each in sized]))
        return pixels.permute(0, 3, 1, 2).float().div_(255).to(self.device)

    def encode(self, pixels: Tensor) -> Tensor:
        """(N, 3, H, W) in 0..1 to (N, D, H / cell, W / cell), not yet replaced by codes."""
        scaled = pixels if self._unsigned else pixels * 2 - 1
        latents: Tensor = self.network.encode(pixel_unshuffle(scaled, self._patch)).latents
        return latents

    def nearest(self, latents: Tensor) -> Tensor:
        """(N, D, h, w) to the numbers of the nearest codes, (N, h, w) int64."""
        rows = latents.permute(0, 2, 3, 1).flatten(0, 2).float()
        numbers = torch.cdist(rows[None], self.codebook.float()[None])[0].argmin(1)
        return numbers.view(latents.shape[0], *latents.shape[2:])

    def look_up(self, codes: Tensor) -> Tensor:
        """(N, h, w) numbers of codes to their vectors, (N, D, h, w)."""
        return self.codebook[codes].permute(0, 3, 1, 2)

    def decode(self, latents: Tensor) -> Tensor:
        """(N, D, h, w) vectors of codes to pixels (N, 3, H, W) around 0..1, not clamped."""
        network = self.network
        # `decode` of some of them takes numbers of codes, which have no gradient.
        spatial = latents if network.config.norm_type == "spatial" else None
        patches = network.decoder(network.post_quant_conv(latents), spatial)
        pixels = pixel_shuffle(patches, self._patch)
        return pixels if self._unsigned else (pixels + 1) / 2

    def paint(self, codes: Tensor) -> list[Image.Image]:
        """(N, h, w) codes to RGB pictures."""
        with torch.inference_mode():
            return to_pictures(self.decode(self.look_up(codes)))


def to_pictures(pixels: Tensor) -> list[Image.Image]:
    """(N, 3, H, W) around 0..1 to RGB pictures."""
    whole = pixels.detach().float().clamp(0, 1).mul(255).round().to(torch.uint8)
    return [Image.fromarray(each) for each in whole.permute(0, 2, 3, 1).cpu().numpy()]
