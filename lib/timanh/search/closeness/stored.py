"""A calibration on disk, beside the dictionary that it was measured on."""

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from timanh.search.closeness.judging import Calibration, KindCalibration, PairModel
from timanh.workspace import atomic_write

FILE = "closeness.json"
FORMAT, VERSION = "timanh-closeness", 3  # what was measured otherwise is measured again
# A gallery that has grown or shrunk by more than this share is measured again.
DRIFT = 0.25


def fits(calibration: Calibration, fingerprint: str, count: int) -> bool:
    """Whether it still holds for an encoder and a gallery of so many pictures."""
    same = calibration.fingerprint == fingerprint
    return same and abs(count - calibration.count) <= DRIFT * calibration.count


def save(folder: Path, calibration: Calibration) -> None:
    """Write it into the dictionary's folder.

    Raises:
        OSError: it cannot be written.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        **asdict(calibration),
        "usual_text": calibration.usual_text.tolist(),
    }
    with atomic_write(folder / FILE) as temporary:
        temporary.write_text(json.dumps(content), encoding="ascii")


def load(folder: Path) -> Calibration | None:
    """What was measured; None where nothing was, or by another version of this program."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads((folder / FILE).read_text(encoding="ascii"))
        if (content["format"], content["version"]) == (FORMAT, VERSION):
            return Calibration(
                fingerprint=str(content["fingerprint"]),
                count=int(content["count"]),
                usual_text=np.array(content["usual_text"], np.float32),
                texts={name: _kind(each) for name, each in content["texts"].items()},
                pictures=None if content["pictures"] is None else _kind(content["pictures"]),
                written=bool(content["written"]),
            )
    return None


def _kind(content: dict[str, Any]) -> KindCalibration:
    pairs = {name: tuple(map(float, values)) for name, values in content["pairs"].items()}
    return KindCalibration(PairModel(**pairs), tuple(map(float, content["weak"])))
