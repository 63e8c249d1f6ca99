"""A training that takes a second: a small encoder, and a recipe for a dozen pictures."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from timanh.models import small_encoder
from timanh.models.torch_encoder import TorchEncoder
from timanh.training import Recipe

TEXTS = ["a red circle one in green blue square"] * 4


def tiny(seed: int = 0) -> TorchEncoder:
    return small_encoder(
        TEXTS, widths=(8, 16), text_width=16, dim=16, side=32, device="cpu", seed=seed
    )


def recipe(**changes: Any) -> Recipe:
    values = {"epochs": 3, "batch_size": 6, "learning_rate": 3e-3, "mixed_precision": False}
    return Recipe.named("demo", **{**values, **changes})


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def assert_same_weights(one: Path, other: Path) -> None:
    left, right = weights(one), weights(other)
    assert left.keys() == right.keys()
    for name, value in left.items():
        assert torch.equal(value, right[name]), name


def flat_dev(value: float = 10.0) -> dict[str, Any]:
    recalls = {"R@1": value, "R@5": value, "R@10": value}
    return {"t2i": recalls, "i2t": recalls}
