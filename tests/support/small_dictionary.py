"""Dictionaries of a few small pictures: building, reading and damaging them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures

from timanh.models import Encoder
from timanh.vectors import VectorDictionary, add_pictures, build_dictionary, check_dictionary
from timanh.vectors.index.coding import Coding
from timanh.vectors.index.layer import Layer
from timanh.vectors.index.two_step import TwoStep
from timanh.vectors.store import writer
from timanh.vectors.store.row_blocks import RowBlocks


def build(gallery: Path, out: Path, encoder: Encoder | None = None, **options: object):  # type: ignore[no-untyped-def]
    return build_dictionary(gallery, encoder or PixelEncoder(), out, progress=False, **options)  # type: ignore[arg-type]


def contents(folder: Path) -> list[tuple[str, bytes]]:
    """Path and vector of every row, in order of paths."""
    dictionary = VectorDictionary.open(folder)
    return sorted(
        (item.path, dictionary.vectors[row].tobytes()) for row, item in enumerate(dictionary.items)
    )


def build_in_segments(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dictionary of ten pictures, in two segments, in `folder / "out"`; they lie beside it."""
    monkeypatch.setattr(writer, "SMALL_ROWS", 0)
    build(make_pictures(folder / "pictures", 8), folder / "out")
    for name in ("x.png", "y.png"):
        add_picture(folder / "out", name)
    return folder / "out"


def add_picture(out: Path, name: str) -> None:
    """Draw a picture and add it."""
    add_pictures(out, [draw_picture(out, name)], PixelEncoder(), progress=False)


def draw_picture(out: Path, name: str) -> Path:
    place = out.parent / "pictures" / name
    Image.new("RGB", (30, 20), (len(name), ord(name[0]), 9)).save(place)
    return place


def paths_in(out: Path) -> set[str]:
    """The pictures of a dictionary, every checksum of which is right."""
    dictionary = VectorDictionary.open(out)
    assert check_dictionary(dictionary).ok
    return {item.path for item in dictionary.items}


def captions_in(folder: Path) -> dict[str, tuple[str, ...]]:
    return {item.path: item.captions for item in VectorDictionary.open(folder).items}


def flip_a_bit(path: Path, where: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1
    path.write_bytes(content)


def save_pickled(path: Path, content: Any) -> Path:
    np.save(path, np.array(content, dtype=object), allow_pickle=True)
    return path


def two_step(
    parts: RowBlocks, width: int | None = None, queries: NDArray[np.float32] | None = None
) -> TwoStep:
    """Codes of all rows of `parts`, in memory; `width` for a coarse layer of that width."""
    fine = Layer.build(parts, Coding.whole(parts))
    if width is None:
        return TwoStep(fine)
    return TwoStep(fine, Layer.build(parts, Coding.short(parts, width, queries)))
