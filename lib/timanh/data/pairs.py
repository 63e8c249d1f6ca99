"""Data sets of pictures with captions, as torch's `DataLoader` takes them.

An item is (picture, caption), or None where the picture cannot be opened: each such picture is
named once in a warning, and `drop_unreadable` leaves the gaps out of a batch. No neighbour ever
takes its place, because a batch would then hold a picture twice without anybody knowing.
"""

import random
import warnings
from collections.abc import Iterable, Sequence

from PIL import Image

from timanh.data.folder import DataFolder
from timanh.data.pictures import open_picture
from timanh.errors import PictureError

Item = tuple[Image.Image, str]


class _Pairs:
    """What both data sets share: opening, and naming what cannot be opened."""

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self.unreadable: dict[str, str] = {}

    def open(self, name: str, caption: str) -> Item | None:
        try:
            return open_picture(self.folder.images / name), caption
        except PictureError as error:
            if name not in self.unreadable:
                self.unreadable[name] = str(error)
                warnings.warn(f"Left out: {error}", stacklevel=3)
            return None


class CaptionPairs(_Pairs):
    """Every caption an item, as the original report trains; a picture comes once per caption."""

    def __init__(self, folder: DataFolder, names: Sequence[str]) -> None:
        super().__init__(folder)
        self.pairs = [(name, caption) for name in names for caption in folder.captions_of(name)]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Item | None:
        return self.open(*self.pairs[index])


class PicturePairs(_Pairs):
    """Every picture an item, with one of its captions, drawn anew each epoch.

    Which caption it is follows from seed, epoch and name alone.
    """

    def __init__(self, folder: DataFolder, names: Sequence[str], *, seed: int = 0) -> None:
        super().__init__(folder)
        self.names = [name for name in names if folder.captions_of(name)]
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Draw other captions; call it before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Item | None:
        name = self.names[index]
        draw = random.Random(f"{self.seed}/{self.epoch}/{name}")
        return self.open(name, draw.choice(self.folder.captions_of(name)))


def drop_unreadable(batch: Iterable[Item | None]) -> tuple[list[Image.Image], list[str]]:
    """A `collate_fn`: pictures and captions of a batch without its gaps."""
    items = [item for item in batch if item is not None]
    return [picture for picture, _ in items], [caption for _, caption in items]
