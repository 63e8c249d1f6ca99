"""Where a checkpoint says how its pictures are prepared."""

import json
import math
from pathlib import Path
from typing import Any

from timanh.errors import ModelFormatError

# As timm names Pillow's filters; what it leaves open at random is bilinear here.
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "random": 2}


def processor_config(folder: Path) -> dict[str, Any]:
    """What `preprocessor_config.json` holds, or the newer `processor_config.json`, or, of a model
    of timm, its `config.json`.

    Raises:
        ModelFormatError: none of them says it.
    """
    model = read_config(folder / "config.json")
    first = read_config(folder / "preprocessor_config.json")
    newer = read_config(folder / "processor_config.json").get("image_processor") or {}
    for found in (first, newer, model):
        if "pretrained_cfg" in found:
            return of_timm(dict(found["pretrained_cfg"]))
        if found and found is not model:
            return dict(found)
    raise ModelFormatError(
        f"{folder} has no preprocessor_config.json, so it is unknown how its pictures are "
        "prepared. Copy that file from the model's page into the folder."
    )


def of_timm(settings: dict[str, Any]) -> dict[str, Any]:
    """timm's `pretrained_cfg` in the words of a `preprocessor_config.json`.

    timm brings the shorter side to size / crop_pct and cuts out the middle, or, with the mode
    "squash", squeezes the picture first.

    Raises:
        ModelFormatError: a mode that pads.
    """
    height, width = (int(side) for side in list(settings.get("input_size") or (3, 224, 224))[1:])
    share = float(settings.get("crop_pct") or 0.875)
    mode = settings.get("crop_mode") or "center"
    edges = [math.floor(side / share) for side in (height, width)]
    if mode not in ("center", "squash") or (mode == "center" and height != width):
        raise ModelFormatError(
            f"This model of timm prepares pictures of {height} × {width} with the mode {mode!r}; "
            "“center” for squares and “squash” are supported. Choose another checkpoint."
        )
    size = {"height": edges[0], "width": edges[1]}
    return {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": edges[0]} if mode == "center" else size,
        "do_center_crop": True,
        "crop_size": {"height": height, "width": width},
        "resample": FILTERS.get(str(settings.get("interpolation")), FILTERS["bicubic"]),
        "image_mean": settings.get("mean"),
        "image_std": settings.get("std"),
    }


def read_config(file: Path) -> dict[str, Any]:
    """A JSON object; empty where there is no such file, or none that can be read."""
    try:
        content = json.loads(file.read_text(encoding="utf8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
