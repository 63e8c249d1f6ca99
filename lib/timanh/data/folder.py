"""A data folder: pictures, their captions, and how they are split."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from timanh.data.captions import NO_CAPTIONS, CaptionSet, read_captions
from timanh.data.pictures import list_pictures
from timanh.data.splits import SPLITS, draw_splits, find_split_file, read_split
from timanh.errors import DataError, EmptyGalleryError, SettingsError

IMAGE_FOLDERS = ("images", "Images", "Flicker8k_Dataset")
CAPTION_FILES = (
    "captions.txt", "captions.vi.txt", "Flickr8k.token.txt", "captions.json",
    "dataset_flickr8k.json", "dataset_flickr30k.json", "dataset_coco.json",
)  # fmt: skip


@dataclass(frozen=True)
class DataFolder:
    """What `open_data` found.

    Attributes:
        root: the folder that was named.
        images: where the pictures lie, `root/images` or `root` itself.
        captions: all caption files together.
        names: pictures that are there, relative to `images`.
        missing: pictures with captions that are not there.
    """

    root: Path
    images: Path
    captions: CaptionSet
    names: tuple[str, ...]
    missing: tuple[str, ...]
    dropped: dict[str, int] = field(default_factory=dict)

    def captions_of(self, name: str) -> tuple[str, ...]:
        """A picture's captions; none is an empty tuple."""
        return self.captions.captions.get(name, ())

    def split(self, which: str, *, file: Path | None = None, seed: int = 0) -> tuple[str, ...]:
        """Names of a split: a list given, a list in the folder, or drawn by picture.

        Where the folder lists some splits, the others are never drawn from the listed pictures.
        Names that are not there are left out and counted in `dropped[which]`.

        Raises:
            DataError: a list that names none of the pictures.
            SettingsError: `which` is none of train, dev, test, all.
        """
        if which == "all":
            return self.names
        if which not in SPLITS and file is None:
            raise SettingsError(f"Unknown split {which!r}; known are train, dev, test and all.")
        listed = file or find_split_file(self.root, which)
        if listed is not None:
            there, absent = read_split(listed, self._known)
            self.dropped[which] = len(absent)
            return there
        if which in self.captions.splits:
            named = self.captions.splits[which]
            return tuple(name for name in named if name in self._known)
        taken = {
            name
            for other in SPLITS
            if (other_file := find_split_file(self.root, other)) is not None
            for name in read_split(other_file, self._known)[0]
        }
        if taken:
            return tuple(name for name in self.names if name not in taken)
        return draw_splits(self.names, seed)[which]

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)


def open_data(
    root: Path | str, captions: Path | str | Sequence[Path | str] | None = None
) -> DataFolder:
    """Look at a folder of pictures, with or without captions.

    Args:
        root: holds `images/` or the pictures themselves, and perhaps caption files and splits.
        captions: one caption file or several, merged per picture; None takes what lies in `root`
            under the usual names.

    Raises:
        DataError: there is no such folder or caption file.
        EmptyGalleryError: no picture in it.
        CaptionFormatError: a caption file in no known form.
    """
    place = Path(root).expanduser()
    if not place.is_dir():
        raise DataError(f"There is no folder {place}. Name a folder of pictures.")
    images = next((place / name for name in IMAGE_FOLDERS if (place / name).is_dir()), place)
    found = list_pictures(images)
    if not found:
        raise EmptyGalleryError(
            f"{images} holds no picture (JPEG, PNG, WebP, GIF, BMP or TIFF). "
            "Name a folder with pictures in it."
        )
    read = _read_all(place, captions)
    there = set(found)
    missing = tuple(name for name in read.captions if name not in there)
    if missing and len(missing) == len(read.captions):
        raise DataError(
            f"None of the {len(missing)} captioned names, such as {missing[0]}, is a picture in "
            f"{images}, where {found[0]} lies. The caption file must name pictures as they are "
            "called on disk."
        )
    return DataFolder(place, images, read, tuple(found), missing)


def _read_all(root: Path, captions: Path | str | Sequence[Path | str] | None) -> CaptionSet:
    if captions is None:
        files = [root / name for name in CAPTION_FILES if (root / name).is_file()]
    elif isinstance(captions, Path | str):
        files = [Path(captions)]
    else:
        files = [Path(file) for file in captions]
    read = [read_captions(file) for file in files]
    together = read[0] if read else NO_CAPTIONS
    for more in read[1:]:
        together = together.merged(more)
    return together
