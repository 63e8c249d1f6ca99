"""Train, dev and test: lists from a file, or drawn by picture with a fixed seed."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from timanh.data.matching import match_names
from timanh.errors import DataError

SPLITS = ("train", "dev", "test")
HELD_OUT_SHARE = 0.1
HELD_OUT_MOST = 1000
FILE_NAMES = {
    "train": ("Flickr_8k.trainImages.txt", "train.txt"),
    "dev": ("Flickr_8k.devImages.txt", "dev.txt", "val.txt"),
    "test": ("Flickr_8k.testImages.txt", "test.txt"),
}

# "train", "val" and the like as a word of a file's name: captions_val2017.json.
SPLIT_WORD = re.compile(r"(?<![a-z])(train|val|valid|validation|dev|test)(?![a-z])")

Names = tuple[str, ...]


def read_split(file: Path, known: Sequence[str]) -> tuple[Names, Names]:
    """(pictures that are there, names that are not) of a list with a name a line.

    Raises:
        DataError: no such file, not text, or none of its names is a picture in `known`.
    """
    there, absent = match_split(file, known)
    if not there:
        example = f"“{absent[0][:80]}”" if absent else "nothing"
        raise DataError(
            f"None of the {len(absent)} names in {file} is a picture of this folder (it lists "
            f"{example}). Name a list with one picture's file name a line."
        )
    return there, absent


def match_split(file: Path, known: Sequence[str]) -> tuple[Names, Names]:
    """As `read_split`, of a list that may be of pictures that are not here.

    Raises:
        DataError: no such file, or not text.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError as error:
        raise DataError(f"There is no split file {file}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"The split file {file} is not UTF-8 text with a name a line.") from error
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror or error}).") from error
    listed = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    found = match_names(listed, known)
    there = tuple(dict.fromkeys(found[name] for name in listed if name in found))
    return there, tuple(name for name in listed if name not in found)


def find_split_file(places: Iterable[Path], which: str) -> Path | None:
    """The list for a split in the first of the folders that has one; None without any."""
    files = (place / name for place in places for name in FILE_NAMES[which])
    return next((file for file in files if file.is_file()), None)


def split_of_file(file: Path) -> str | None:
    """The split that the name of a caption file says, as `captions_val2017.json` does."""
    words = SPLIT_WORD.findall(file.stem.lower())
    if not words:
        return None
    return words[-1] if words[-1] in ("train", "test") else "dev"


def draw_splits(names: Sequence[str], seed: int = 0) -> dict[str, Names]:
    """A tenth each (at most 1,000) for dev and test, the rest for training.

    A picture's place follows from a hash of seed and name, so no picture stands on two sides,
    whatever order the names come in.
    """
    order = _shuffled(names, seed)
    held = min(HELD_OUT_MOST, int(len(order) * HELD_OUT_SHARE))
    return _in_order(
        names,
        {"train": order[2 * held :], "dev": order[:held], "test": order[held : 2 * held]},
    )


def fill_splits(
    names: Sequence[str], listed: Mapping[str, Sequence[str]], seed: int = 0
) -> dict[str, Names]:
    """All three splits where some are listed: the others share the pictures that no list names.

    What a list holds out is taken out of a train list that has it too. One missing split takes
    all that is left; dev and test share it in halves; train and one held-out side as drawn.
    """
    held_out = {name for which in ("dev", "test") for name in listed.get(which, ())}
    sides = {which: tuple(names) for which, names in listed.items() if which in SPLITS}
    if "train" in sides:
        sides["train"] = tuple(name for name in sides["train"] if name not in held_out)
    taken = held_out.union(*sides.values())
    rest = [name for name in names if name not in taken]
    missing = [which for which in SPLITS if which not in sides]
    if len(missing) == 1:
        return {**sides, missing[0]: tuple(rest)}
    if missing == ["dev", "test"]:
        order = _shuffled(rest, seed)
        half = len(order) // 2
        return {**sides, **_in_order(rest, {"dev": order[:half], "test": order[half:]})}
    drawn = draw_splits(rest, seed)
    listed_side = next((which for which in ("dev", "test") if which in sides), None)
    if listed_side is not None:
        theirs = {*drawn["train"], *drawn[listed_side]}
        drawn["train"] = tuple(name for name in rest if name in theirs)
    return {**drawn, **sides}


def _shuffled(names: Sequence[str], seed: int) -> list[str]:
    return sorted(set(names), key=lambda name: _digest(f"{seed}/{name}"))


def _digest(text: str) -> bytes:
    # A name that is not UTF-8 holds lone surrogates.
    return hashlib.blake2b(text.encode("utf8", "surrogatepass")).digest()


def _in_order(names: Sequence[str], sides: Mapping[str, Sequence[str]]) -> dict[str, Names]:
    """The same sides, each in the order of `names`."""
    places = {which: set(side) for which, side in sides.items()}
    return {which: tuple(name for name in names if name in places[which]) for which in places}
