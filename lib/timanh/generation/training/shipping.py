"""Copies a trained VQGAN or writer to where the package looks for `demo`.

python -m timanh.generation.training.shipping FOLDER
"""

import json
from pathlib import Path

import torch

from timanh.generation.loading import load_vqgan
from timanh.generation.offered import DEMO_VQGAN, DEMO_WRITER
from timanh.generation.writer import MODEL_TYPE, load_writer
from timanh.models.shipping import require_size, ship_from_folder

MOST_BYTES = {DEMO_VQGAN: 4_000_000, DEMO_WRITER: 6_000_000}


def ship(folder: Path, out: Path | None = None) -> Path:
    """Write the model of `folder` to its place, or to `out`, in float16; returns the place.

    Raises:
        ModelFormatError: it is neither, or too large.
    """
    config = folder / "config.json"
    is_writer = (
        config.is_file()
        and json.loads(config.read_text(encoding="utf8")).get("model_type") == MODEL_TYPE
    )
    usual = DEMO_WRITER if is_writer else DEMO_VQGAN
    place = out or usual
    if is_writer:
        load_writer(folder, device="cpu").save(place, dtype=torch.float16)
    else:
        load_vqgan(folder, device="cpu").network.to(torch.float16).save_pretrained(place)
        _forget_place(place / "config.json")
    require_size(place, MOST_BYTES[usual])
    return place


def _forget_place(config: Path) -> None:
    """Take out the folder of this machine from which the model was read."""
    content = json.loads(config.read_text(encoding="utf8"))
    content.pop("_name_or_path", None)
    config.write_text(json.dumps(content, indent=2) + "\n", encoding="utf8")


if __name__ == "__main__":
    ship_from_folder(ship)
