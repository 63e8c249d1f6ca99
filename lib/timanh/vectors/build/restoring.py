"""A row that was taken out, put in again as it was."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.store.items import Item
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.writer import QUICK_ROWS, DictionaryWriter


def put_back(
    folder: Path,
    item: Item,
    vector: NDArray[np.float32],
    *,
    opened: VectorDictionary | None = None,
) -> bool:
    """Add a picture without encoding it; False, and nothing, where its id is in use.

    Args:
        folder: the dictionary.
        vector: (dim,) float32 of unit length, of the encoder that the dictionary was built with.
        opened: what is open of the dictionary already, and need not be read again.

    Raises:
        DictionaryError: the dictionary cannot be read or written.
    """
    lines = opened.opened_lines() if opened else {}
    writer = DictionaryWriter(folder, Manifest.load(folder), opened=lines)
    if writer.find([item.id]):
        return False
    writer.append(np.asarray(vector, np.float32)[None], [item])
    writer.finish(most=QUICK_ROWS, complete=False)
    return True
