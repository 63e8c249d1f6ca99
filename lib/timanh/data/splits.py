"""Train, dev and test: lists from a file, or drawn by picture with a fixed seed."""

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path

from timanh.errors import DataError

SPLITS = ("train", "dev", "test")
HELD_OUT_SHARE = 0.1
HELD_OUT_MOST = 1000
FILE_NAMES = {
    "train": ("Flickr_8k.trainImages.txt", "train.txt"),
    "dev": ("Flickr_8k.devImages.txt", "dev.txt", "val.txt"),
    "test": ("Flickr_8k.testImages.txt", "test.txt"),
}


def read_split(file: Path, known: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(names that are there, names that are not) of a list with a name a line.

    Raises:
        DataError: no such file, or none of its names is known.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise DataError(f"There is no split file {file}.") from error
    listed = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    known_names = set(known)
    there = tuple(name for name in listed if name in known_names)
    if not there:
        example = f"“{listed[0]}”" if listed else "nothing"
        raise DataError(
            f"None of the {len(listed)} names in {file} is a picture of this folder (it lists "
            f"{example}). Name a list with one picture's file name a line."
        )
    return there, tuple(name for name in listed if name not in known_names)


def find_split_file(root: Path, which: str) -> Path | None:
    """The list for a split that lies in a data folder, if any."""
    for name in FILE_NAMES[which]:
        if (root / name).is_file():
            return root / name
    return None


def draw_splits(names: Sequence[str], seed: int = 0) -> dict[str, tuple[str, ...]]:
    """A tenth each (at most 1,000) for dev and test, the rest for training.

    A picture's place follows from a hash of seed and name, so no picture stands on two sides,
    whatever order the names come in.
    """
    order = sorted(set(names), key=lambda name: hashlib.blake2b(f"{seed}/{name}".encode()).digest())
    held = min(HELD_OUT_MOST, int(len(order) * HELD_OUT_SHARE))
    places = {"dev": set(order[:held]), "test": set(order[held : 2 * held])}
    places["train"] = set(order[2 * held :])
    return {which: tuple(name for name in names if name in places[which]) for which in SPLITS}
