"""Dictionaries of a few small pictures: building, reading and damaging them."""

from pathlib import Path
from typing import Any

import numpy as np
from pixel_encoder import PixelEncoder, make_pictures

from timanh.models import Encoder
from timanh.vectors import (
    VectorDictionary,
    build_dictionary,
)
from timanh.vectors.held import HeldDictionary, write_folder


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


def make_odd_gallery(folder: Path) -> Path:
    """30 pictures with captions and names that need care; their dictionary is in `folder/out`."""
    pictures = make_pictures(folder / "pictures" / "images", 30)
    (pictures / "sông").mkdir()
    (pictures / "0007.png").rename(pictures / "sông" / "bảy'7.png")
    lines = ["image,caption", '0001.png,"a ""dog"", \\ and\ttabs"', "0002.png,một con chó"]
    (folder / "pictures" / "captions.txt").write_text("\n".join(lines), encoding="utf8")
    build_dictionary(folder / "pictures", PixelEncoder(), folder / "out", progress=False)
    return folder


def assert_there_and_back(folder: Path, held: HeldDictionary, back_to: Path) -> None:
    """What a server holds is what lies in `folder`, and comes back from it without a loss."""
    whole = VectorDictionary.open(folder)
    assert len(held) == len(whole) == 30
    assert list(held.items) == list(whole.items)
    back = write_folder(held, back_to)
    assert back.vectors.tobytes() == whole.vectors.tobytes()
    assert list(back.items) == list(whole.items)
    assert back.gallery == whole.gallery and back.fingerprint == whole.fingerprint
    for row in (0, 7, 29):
        assert held.item(row) == whole.item(row)
        assert held.row_of(whole.item(row).id) == row
