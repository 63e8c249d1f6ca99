"""Dictionaries of made-up vectors, without pictures, for the engines to hold."""

from pathlib import Path
from typing import Any

from timanh.vectors.items import Item, item_id
from timanh.vectors.manifest import Manifest
from timanh.vectors.writer import DictionaryWriter

BLOCK = 8192


def stored_gallery(folder: Path, vectors: Any) -> None:
    """A dictionary in the new `folder` with these (N, dim) float32 rows of unit length."""
    folder.mkdir()
    manifest = Manifest("made-up", "made-up", vectors.shape[1], "made-up", ".")
    writer = DictionaryWriter(folder, manifest.save(folder))
    for first in range(0, len(vectors), BLOCK):
        block = vectors[first : first + BLOCK]
        writer.append(block, [made_up(row) for row in range(first, first + len(block))])
    writer.finish()


def made_up(row: int) -> Item:
    """A picture of which only the name is known."""
    path = f"{row // 1000:04d}/{row:08d}.jpg"
    return Item(item_id(path), path, (f"picture {row}",), 640, 480, 100_000, 1.7e9, f"{row:032x}")
