"""Copies a trained VQGAN or writer to where the package looks for `demo`.

python -m timanh.generation.training.shipping FOLDER
"""

import json
import sys
from pathlib import Path

import torch

from timanh.errors import ModelFormatError, TimAnhError
from timanh.generation.loading import load_vqgan
from timanh.generation.offered import DEMO_VQGAN, DEMO_WRITER
from timanh.generation.writer import MODEL_TYPE, load_writer

MOST_BYTES = {DEMO_VQGAN: 4_000_000, DEMO_WRITER: 6_000_000}


def ship(folder: Path, out: Path | None = None) -> tuple[Path, int]:
    """Write the model of `folder` to its place, or to `out`, in float16; returns the place and its
    size in bytes.

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
    size = sum(file.stat().st_size for file in place.iterdir())
    if size > MOST_BYTES[usual]:
        raise ModelFormatError(
            f"{place} has {size / 1e6:.1f} MB; the limit is {MOST_BYTES[usual] / 1e6:.0f} MB."
        )
    return place, size


def _forget_place(config: Path) -> None:
    """Take out the folder of this machine from which the model was read."""
    content = json.loads(config.read_text(encoding="utf8"))
    content.pop("_name_or_path", None)
    config.write_text(json.dumps(content, indent=2) + "\n", encoding="utf8")


def main() -> None:
    """Ship the folder that is named."""
    try:
        place, size = ship(Path(sys.argv[1]))
    except TimAnhError as error:
        sys.exit(f"Error: {error}")
    sys.stdout.write(f"{place}: {size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
