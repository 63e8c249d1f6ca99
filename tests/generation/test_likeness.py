"""How unlike two pictures are: a thing that is missing counts more to one who looks."""

import numpy as np
import torch
from torch import Tensor

from timanh.data.scenes import render, scene_of
from timanh.generation.training.likeness import Unlikeness
from timanh.models import load_encoder


def test_what_is_seen_counts_beside_the_pixels() -> None:
    encoder = load_encoder("demo", device="cpu", runtime="torch")
    pixels = scenes(4)
    tinted = (pixels + 0.1).clamp(-1, 1)
    blurred = torch.nn.functional.avg_pool2d(pixels, 5, 1, 2, count_include_pad=False)
    plain, seeing = (Unlikeness(encoder, seen=seen) for seen in (0.0, 1.0))
    assert seeing(pixels, pixels) == 0
    assert seeing(tinted, pixels) > plain(tinted, pixels) > 0
    added = [float(seeing(each, pixels) - plain(each, pixels)) for each in (blurred, tinted)]
    assert added[0] > 3 * added[1], "what can no longer be recognised is further than a tint"


def test_only_the_picture_is_changed_by_it() -> None:
    encoder = load_encoder("demo", device="cpu", runtime="torch")
    pixels = scenes(1)
    painted = (pixels * 0.5).requires_grad_(True)
    Unlikeness(encoder, seen=1.0)(painted, pixels).backward()
    assert painted.grad is not None and painted.grad.abs().sum() > 0
    assert all(each.requires_grad and each.grad is None for each in encoder.network.parameters())


def scenes(count: int) -> Tensor:
    """(count, 3, 64, 64) in -1..1."""
    drawn = np.stack([np.asarray(render(scene_of(number, 5), 64)) for number in range(count)])
    return torch.from_numpy(drawn).permute(0, 3, 1, 2).float() / 127.5 - 1
