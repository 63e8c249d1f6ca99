"""A data folder: pictures, their captions, and how they are split."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from timanh.data.captions import NO_CAPTIONS, CaptionSet, read_captions
from timanh.data.pictures import is_picture, list_pictures
from timanh.data.splits import SPLITS, fill_splits, find_split_file, read_split
from timanh.errors import DataError, EmptyGalleryError, SettingsError

IMAGE_FOLDERS = ("images", "Images", "Flicker8k_Dataset")
CAPTION_FILES = (
    "captions.txt", "captions.vi.txt", "Flickr8k.token.txt", "train_data.json",
    "dataset_flickr8k.json", "dataset_flickr30k.json", "dataset_coco.json",
)  # fmt: skip
COCO_FILES = "*captions*.json"


@dataclass(frozen=True)
class DataFolder:
    """What `open_data` found.

    Attributes:
        root: the folder that was named.
        images: where the pictures lie, `root/images` or `root` itself.
        captions: all caption files together.
        names: pictures that are there, relative to `images`.
        missing: pictures with captions that are not there.
        dropped: split → names in its list that are not there, once it was asked for.
    """

    root: Path
    images: Path
    captions: CaptionSet
    names: tuple[str, ...]
    missing: tuple[str, ...]
    dropped: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def captions_of(self, name: str) -> tuple[str, ...]:
        """A picture's captions; none is an empty tuple."""
        return self.captions.captions.get(name, ())

    def split(self, which: str, *, file: Path | None = None, seed: int = 0) -> tuple[str, ...]:
        """Names of a split: a list given, a list in the folder, or drawn by picture.

        Where the folder lists some splits, the others are drawn from the pictures that no list
        names, so no picture is trained on and measured. Names that are not there are left out
        and kept in `dropped[which]`.

        Raises:
            DataError: a list that names none of the pictures.
            SettingsError: `which` is none of train, dev, test, all.
        """
        if file is not None:
            there, self.dropped[which] = read_split(file, self._known)
            return there
        if which == "all":
            return self.names
        if which not in SPLITS:
            raise SettingsError(f"Unknown split {which!r}; known are train, dev, test and all.")
        return fill_splits(self.names, self._listed(), seed)[which]

    def _listed(self) -> dict[str, tuple[str, ...]]:
        """Splits that the folder's lists or its caption file name."""
        listed: dict[str, tuple[str, ...]] = {}
        for which in SPLITS:
            file = find_split_file(self.root, which)
            if file is not None:
                listed[which], self.dropped[which] = read_split(file, self._known)
            elif which in self.captions.splits:
                named = self.captions.splits[which]
                listed[which] = tuple(name for name in named if name in self._known)
                self.dropped[which] = tuple(name for name in named if name not in self._known)
        return listed

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
    files = _caption_files(place, captions)
    images = _images(place, captioned=bool(files))
    found = list_pictures(images)
    if not found:
        raise EmptyGalleryError(
            f"{images} holds no picture (JPEG, PNG, WebP, GIF, BMP or TIFF). "
            "Name a folder with pictures in it."
        )
    read = _read_all(files, found)
    there = set(found)
    missing = tuple(name for name in read.captions if name not in there)
    if missing and len(missing) == len(read.captions):
        raise DataError(
            f"None of the {len(missing)} captioned names, such as {missing[0]}, is a picture in "
            f"{images}, where {found[0]} lies. The caption file must name pictures as they are "
            "called on disk."
        )
    return DataFolder(place, images, read, tuple(found), missing)


def _images(root: Path, *, captioned: bool) -> Path:
    """`root/images`, unless `root` is a person's folder of photos that merely has one inside."""
    inner = next((root / name for name in IMAGE_FOLDERS if (root / name).is_dir()), None)
    if inner is None:
        return root
    own = any(is_picture(path) for path in root.iterdir())
    return root if own and not captioned else inner


def _caption_files(root: Path, given: Path | str | Sequence[Path | str] | None) -> list[Path]:
    if given is None:
        known = [root / name for name in CAPTION_FILES if (root / name).is_file()]
        return known + sorted(file for file in root.glob(COCO_FILES) if file not in known)
    if isinstance(given, Path | str):
        return [Path(given).expanduser()]
    return [Path(file).expanduser() for file in given]


def _read_all(files: Sequence[Path], pictures: Sequence[str]) -> CaptionSet:
    """The files' captions together, keyed as the pictures are called on disk."""
    together = NO_CAPTIONS
    for number, file in enumerate(files):
        read = read_captions(file)
        together = together.merged(read) if number else read
    # macOS may store "ổ" as several codes; caption files are composed.
    composed = {unicodedata.normalize("NFC", name): name for name in pictures}
    if not composed.keys() & together.captions.keys():
        return together.renamed(_by_last_part(together.captions, composed))
    return together.renamed({nfc: name for nfc, name in composed.items() if nfc != name})


def _by_last_part(captioned: Iterable[str], pictures: Mapping[str, str]) -> dict[str, str]:
    """Captioned name → picture, where one has folders before it that the other has not.

    COCO's captions say `000000157656.jpg` for `train2017/000000157656.jpg`. A last part that
    comes twice on either side is left alone.
    """
    captions_of, pictures_of = _once(captioned), _once(pictures)
    return {
        captions_of[last]: pictures[pictures_of[last]]
        for last in captions_of.keys() & pictures_of.keys()
        if f"/{captions_of[last]}".endswith(f"/{pictures_of[last]}")
        or f"/{pictures_of[last]}".endswith(f"/{captions_of[last]}")
    }


def _once(names: Iterable[str]) -> dict[str, str]:
    """Last part → name, for last parts that come once."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.rpartition("/")[2], []).append(name)
    return {last: own[0] for last, own in found.items() if len(own) == 1}
