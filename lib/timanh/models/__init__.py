"""Encoders: pictures and texts to unit vectors of one space.

Names are imported on first use, so that `import timanh.models` loads no torch.
"""

from typing import TYPE_CHECKING, Any

from timanh.models.encoder import Encoder, Vectors

if TYPE_CHECKING:
    from timanh.models.building import (
        from_weights,
        join_towers,
        load_picture_tower,
        small_encoder,
        with_new_heads,
    )
    from timanh.models.loading import load_encoder

_LAZY = {
    "join_towers": "timanh.models.building",
    "small_encoder": "timanh.models.building",
    "load_encoder": "timanh.models.loading",
    "load_picture_tower": "timanh.models.building",
    "from_weights": "timanh.models.building",
    "with_new_heads": "timanh.models.building",
}

__all__ = [
    "Encoder",
    "Vectors",
    "from_weights",
    "join_towers",
    "load_encoder",
    "load_picture_tower",
    "small_encoder",
    "with_new_heads",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
