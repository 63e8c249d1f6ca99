"""Copies a trained captioner to where the package looks for `demo`.

python -m timanh.captioning.shipping FOLDER
"""

import sys
from pathlib import Path

import torch

from timanh.captioning.loading import DEMO, load_captioner
from timanh.captioning.trained import TrainedCaptioner
from timanh.errors import ModelFormatError, TimAnhError

MOST_BYTES = 6_000_000


def ship(folder: Path, out: Path = DEMO) -> int:
    """Write the captioner of `folder` to `out` in float16; returns its size in bytes.

    Raises:
        ModelFormatError: it was not trained here, looks through another encoder than `demo`, or
            is larger than 6 MB.
    """
    captioner = load_captioner(folder, device="cpu")
    if not isinstance(captioner, TrainedCaptioner) or captioner.source.name != "demo":
        raise ModelFormatError(
            f"{folder} is no captioner that looks through the demo encoder. Train one with: "
            "python -m timanh.captioning.drawn FOLDER"
        )
    captioner.name = "demo"
    captioner.save(out, dtype=torch.float16)
    size = sum(file.stat().st_size for file in out.iterdir())
    if size > MOST_BYTES:
        raise ModelFormatError(f"{out} has {size / 1e6:.1f} MB; the limit is 6 MB.")
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
