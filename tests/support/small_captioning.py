"""Captioners that are trained in a second: on coloured shapes, through a tiny tower."""

from pathlib import Path
from typing import Any

from small_training import tiny

from timanh.captioning import CaptionRecipe, TowerSource
from timanh.captioning.history import CaptionTraining
from timanh.captioning.trainer import train_captioner
from timanh.data import open_data
from timanh.models.torch_encoder import TorchEncoder


def recipe(**changes: Any) -> CaptionRecipe:
    values = {
        "embed": 16, "hidden": 32, "heads": 2, "min_count": 1, "epochs": 2, "batch_size": 4,
        "learning_rate": 5e-3, "mixed_precision": False, "dropout": 0.1,
    }  # fmt: skip
    return CaptionRecipe.named("strong", **{**values, **changes})


def source(folder: Path, encoder: TorchEncoder | None = None) -> TowerSource:
    """The tower of a tiny encoder that lies in `folder`, so that captioners keep a copy."""
    (encoder or tiny()).save_pretrained(folder)
    return TowerSource.open(model=str(folder), device="cpu")


def train(
    gallery: Path, tower: TowerSource, out: Path, chosen: CaptionRecipe, **options: Any
) -> CaptionTraining:
    folder = open_data(gallery)
    return train_captioner(
        folder, tower, chosen, out, names=folder.names, progress=False, **options
    )
