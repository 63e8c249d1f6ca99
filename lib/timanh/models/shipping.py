"""Copies a trained model to where the package looks for `demo`.

python -m timanh.models.shipping FOLDER

The other models of the package have such a module each.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import torch

from timanh.errors import ModelFormatError, TimAnhError
from timanh.models.loading import DEMO, load_encoder
from timanh.models.two_tower import TwoTowerEncoder

MOST_BYTES = 8_000_000


def ship(folder: Path, out: Path = DEMO) -> Path:
    """Write the checkpoint of `folder` to `out` in float16; returns `out`.

    Raises:
        ModelFormatError: it is not a two-tower model, or larger than 8 MB.
    """
    encoder = load_encoder(folder, device="cpu")
    if not isinstance(encoder, TwoTowerEncoder):
        raise ModelFormatError(f"{folder} is not a two-tower model. Name the folder of one.")
    encoder.name = "demo"
    encoder.save(out, dtype=torch.float16)
    require_size(out, MOST_BYTES)
    return out


def require_size(place: Path, most: int) -> None:
    """Raise a ModelFormatError where the files of a folder have more than `most` bytes."""
    size = size_of(place)
    if size > most:
        raise ModelFormatError(
            f"{place} has {size / 1e6:.1f} MB; the limit is {most / 1e6:.0f} MB."
        )


def size_of(place: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(file.stat().st_size for file in place.iterdir())


def ship_from_folder(ship: Callable[[Path], Path]) -> None:
    """Ship the folder that the command line names; a mistake is one line and exit code 1."""
    if len(sys.argv) != 2:
        sys.exit("Name one folder: python -m MODULE FOLDER")
    try:
        place = ship(Path(sys.argv[1]))
    except TimAnhError as error:
        sys.exit(f"Error: {error}")
    sys.stdout.write(f"{place}: {size_of(place) / 1e6:.1f} MB\n")


if __name__ == "__main__":
    ship_from_folder(ship)
