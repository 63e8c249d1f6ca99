"""Dictionaries of a few small pictures: building, reading and damaging them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pixel_encoder import PixelEncoder

from timanh.models import Encoder
from timanh.vectors import VectorDictionary, build_dictionary
from timanh.vectors.index.coding import Coding
from timanh.vectors.index.layer import Layer
from timanh.vectors.index.two_step import TwoStep
from timanh.vectors.store.row_blocks import RowBlocks


def build(gallery: Path, out: Path, encoder: Encoder | None = None, **options: object):  # type: ignore[no-untyped-def]
    return build_dictionary(gallery, encoder or PixelEncoder(), out, progress=False, **options)  # type: ignore[arg-type]


def contents(folder: Path) -> list[tuple[str, bytes]]:
    """Path and vector of every row, in order of paths."""
    dictionary = VectorDictionary.open(folder)
    return sorted(
        (item.path, dictionary.vectors[row].tobytes()) for row, item in enumerate(dictionary.items)
    )


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
