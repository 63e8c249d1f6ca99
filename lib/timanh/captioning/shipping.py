"""Copies a trained captioner to where the package looks for `demo`.

python -m timanh.captioning.shipping FOLDER
"""

from pathlib import Path

import torch

from timanh.captioning.loading import DEMO, load_captioner
from timanh.captioning.trained import TrainedCaptioner
from timanh.errors import ModelFormatError
from timanh.models.shipping import require_size, ship_from_folder

MOST_BYTES = 6_000_000


def ship(folder: Path, out: Path = DEMO) -> Path:
    """Write the captioner of `folder` to `out` in float16; returns `out`.

    Raises:
        ModelFormatError: it was not trained here, looks through another encoder than `demo`, or
            is larger than 6 MB.
    """
    captioner = load_captioner(folder, device="cpu")
    if not isinstance(captioner, TrainedCaptioner) or captioner.source.name != "demo":
        raise ModelFormatError(
            f"{folder} is not a captioner that looks through the demo encoder. Train one with: "
            "python -m timanh.captioning.drawn FOLDER"
        )
    captioner.name = "demo"
    captioner.save(out, dtype=torch.float16)
    require_size(out, MOST_BYTES)
    return out


if __name__ == "__main__":
    ship_from_folder(ship)
