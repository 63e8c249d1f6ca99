"""Copies a trained small encoder to where the package looks for `demo`.

python -m timanh.models.shipping FOLDER
"""

import sys
from pathlib import Path

import torch

from timanh.errors import ModelFormatError, TimAnhError
from timanh.models.loading import DEMO, load_encoder
from timanh.models.two_tower import TwoTowerEncoder

MOST_BYTES = 8_000_000


def ship(folder: Path, out: Path = DEMO) -> int:
    """Write the checkpoint of `folder` to `out` in float16; returns its size in bytes.

    Raises:
        ModelFormatError: it is not a two-tower model, or larger than 8 MB.
    """
    encoder = load_encoder(folder, device="cpu")
    if not isinstance(encoder, TwoTowerEncoder):
        raise ModelFormatError(f"{folder} is not a two-tower model. Name the folder of one.")
    encoder.name = "demo"
    encoder.save(out, dtype=torch.float16)
    size = sum(file.stat().st_size for file in out.iterdir())
    if size > MOST_BYTES:
        raise ModelFormatError(f"{out} has {size / 1e6:.1f} MB; the limit is 8 MB.")
    return size


def main() -> None:
    """Ship the folder that is named."""
    try:
        size = ship(Path(sys.argv[1]))
    except TimAnhError as error:
        sys.exit(f"Error: {error}")
    sys.stdout.write(f"{DEMO}: {size / 1e6:.1f} MB\n")


if __name__ == "__main__":
    main()
