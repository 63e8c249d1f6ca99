"""Pictures decoded when a batch needs them, for data that is too large to be kept decoded."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.data import DataFolder
from timanh.models.preparation import ImagePreparation
from timanh.models.reading import Skipped, prepare_picture, thread_count
from timanh.training.pixels import PixelCache, cache_pixels


def open_pixels(
    folder: DataFolder,
    names: tuple[str, ...],
    preparation: ImagePreparation,
    place: Path,
    progress: bool,
) -> "Pixels":
    """The pictures of a run, decoded once into `place`, or read as they are needed where the data
    is streamed; raises as `cache_pixels`."""
    if folder.streamed:
        return StreamedPixels(folder, names, preparation)
    return cache_pixels(folder, names, preparation, place, progress=progress)


class StreamedPixels:
    """Stands in for a `PixelCache`: nothing is kept but names.

    Attributes:
        names: the pictures.
        skipped: those that could not be read so far, with the reason.
    """

    def __init__(
        self, folder: DataFolder, names: tuple[str, ...], preparation: ImagePreparation
    ) -> None:
        self.names = names
        self.skipped: dict[str, str] = {}
        self._folder = folder
        self._preparation = preparation

    def take(self, rows: Sequence[int]) -> tuple[list[int], NDArray[np.uint8]]:
        """(places in `rows` of the pictures that can be read, their pixels (n, H, W, 3))."""
        side, prepare = self._preparation.min_decode_side, self._preparation.to_uint8
        with ThreadPoolExecutor(thread_count(), thread_name_prefix="stream") as pool:
            read = list(
                pool.map(
                    lambda row: prepare_picture(
                        self._folder.images, self.names[row], prepare, side
                    ),
                    rows,
                )
            )
        kept, pixels = list[int](), list[NDArray[np.uint8]]()
        for place, result in enumerate(read):
            if isinstance(result, Skipped):
                self.skipped[result.path] = result.reason
            else:
                kept.append(place)
                pixels.append(result.pixels)
        shape = (self._preparation.height, self._preparation.width, 3)
        return kept, np.stack(pixels) if pixels else np.zeros((0, *shape), np.uint8)


Pixels = PixelCache | StreamedPixels
