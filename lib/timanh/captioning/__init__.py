"""Captions: the picture says what is on it.

Names are imported on first use, so that `import timanh.captioning` loads no torch.
"""

from typing import TYPE_CHECKING, Any

from timanh.captioning.captioner import Attention, Caption, Captioner, LookedAt

if TYPE_CHECKING:
    from timanh.captioning.history import CaptionTraining, caption_epoch_table
    from timanh.captioning.loading import load_captioner
    from timanh.captioning.recipe import CaptionRecipe
    from timanh.captioning.tower_source import TowerSource
    from timanh.captioning.trainer import train_captioner
    from timanh.captioning.writing import WriteReport, write_gallery

_LAZY = {
    "CaptionRecipe": "timanh.captioning.recipe",
    "CaptionTraining": "timanh.captioning.history",
    "WriteReport": "timanh.captioning.writing",
    "write_gallery": "timanh.captioning.writing",
    "TowerSource": "timanh.captioning.tower_source",
    "caption_epoch_table": "timanh.captioning.history",
    "load_captioner": "timanh.captioning.loading",
    "train_captioner": "timanh.captioning.trainer",
}

__all__ = [
    "Attention",
    "Caption",
    "CaptionRecipe",
    "CaptionTraining",
    "Captioner",
    "LookedAt",
    "TowerSource",
    "WriteReport",
    "caption_epoch_table",
    "load_captioner",
    "train_captioner",
    "write_gallery",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
