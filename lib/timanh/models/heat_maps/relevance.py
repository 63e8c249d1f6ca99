"""How much each cell of a tower's grid has to do with a score."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from timanh.models.heat_maps.placing import resized, scaled, smooth
from timanh.models.heat_maps.watching import Seen
from timanh.models.picture_tower import grid_of

FINEST = 64  # cells a side; finer feature maps see edges only
BLUR = 0.09  # of a side: what a feature map knows is not exactly where it knows it


def relevance(seen: Seen, score: Tensor, size: Sequence[int], config: Any) -> NDArray[np.float32]:
    """(h, w) float32, 0 or more: the cells of the grid that raise the score.

    Args:
        score: a number that was computed from `seen.vector`.
        size: (height, width) of the picture as the tower sees it, in pixels.
        config: of the tower.
    """
    if seen.final.ndim == 4:
        return _of_feature_maps(score, feature_maps(seen))
    shares, passed_back = _of_tokens(score, seen)
    grids = [
        scaled(grid_of(each[None, :, None], size, config)[0, :, :, 0].numpy())  # type: ignore[index]
        for each in (*shares, passed_back)
    ]
    layers = [each for each in grids[:-1] if each.any()]
    total: NDArray[np.float32] = grids[-1] + sum(layers) / max(1, len(layers))
    return total


def feature_maps(seen: Seen) -> list[Tensor]:
    """Of a convolutional tower the last (1, width, h, w) of each size, the finest first."""
    by_size = {each.shape[-2:]: each for each in (*seen.hidden, seen.final) if each.ndim == 4}
    last = seen.final.shape[-2:]
    return [each for size, each in by_size.items() if max(size) <= FINEST or size == last]


def _of_feature_maps(score: Tensor, maps: Sequence[Tensor]) -> NDArray[np.float32]:
    """Gradient times activation (HiResCAM) in feature maps of several sizes, added up.

    The last map knows what a thing is, but each of its cells has seen most of the picture; earlier
    ones know where. Each counts the same.
    """
    gradients = torch.autograd.grad(score, maps, retain_graph=True)
    shape = (max(each.shape[-2] for each in maps), max(each.shape[-1] for each in maps))
    total = np.zeros(shape, np.float32)
    for each, gradient in zip(maps, gradients, strict=True):
        share = (each * gradient).sum(1)[0].detach().float().cpu().numpy()  # (h, w)
        total += scaled(smooth(resized(share, shape), BLUR))
    return total


def _of_tokens(score: Tensor, seen: Seen) -> tuple[list[Tensor], Tensor]:
    """Two ways to see what the patches have to do with a score, which err differently.

    Returns:
        Gradient times activation, (tokens,) after each layer; and (tokens,) what is passed back
        through the attention of all layers, after Chefer et al. 2021: each layer's attention is
        weighted with its gradient, and what is negative left out. That begins at what the tower
        reads at its end, the class token or all patches.
    """
    shape = seen.final.shape
    hidden = [each for each in seen.hidden if each.shape == shape]
    layers = [each for each in seen.attention if each.shape[-2:] == (shape[1], shape[1])]
    found = torch.autograd.grad(
        score, [seen.final, *hidden, *layers], retain_graph=True, allow_unused=True
    )
    gradients, of_layers = found[: 1 + len(hidden)], found[1 + len(hidden) :]
    shares = [
        (state * gradient).sum(-1)[0].detach().float().cpu()
        for state, gradient in zip((seen.final, *hidden), gradients, strict=True)
        if gradient is not None
    ]
    read = shares[0].clamp(min=0)
    for weights, gradient in zip(reversed(layers), reversed(of_layers), strict=True):
        if gradient is not None:
            passed = (weights * gradient).clamp(min=0).mean(1)[0]  # (tokens, tokens)
            # Rows of sum 1: what is passed on counts as much as what stays.
            passed = passed / passed.sum(1, keepdim=True).clamp(min=1e-9)
            read = read + read @ passed.detach().float().cpu()
    return shares[1:] if hidden else shares, read
