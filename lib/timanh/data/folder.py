"""A data folder: pictures, their captions, and how they are split."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.data.captions import NO_CAPTIONS, CaptionSet, read_captions
from timanh.data.listing import (
    LeftOut,
    Selection,
    Unreadable,
    describe_left_out,
    find_pictures,
    holds_picture,
    pictures_beside,
)
from timanh.data.matching import fits_several, match_names, several_fit
from timanh.data.splits import (
    SPLITS,
    fill_splits,
    find_split_file,
    match_split,
    read_split,
    split_of_file,
)
from timanh.errors import DataError, EmptyGalleryError, SettingsError

IMAGE_FOLDERS = ("images", "Images", "Flicker8k_Dataset", "Flickr8k_Dataset", "flickr30k_images")
CAPTION_FILES = (
    "captions.txt", "captions.vi.txt", "captions.csv", "captions.tsv", "Flickr8k.token.txt",
    "results_20130124.token", "results.csv", "train_data.json", "test_data.json",
    "dataset_flickr8k.json", "dataset_flickr30k.json", "dataset_coco.json",
)  # fmt: skip
COCO_FILES = "*captions*.json"
# Where data sets keep their captions and lists, below the folder of the data.
TEXT_FOLDERS = (".", "annotations", "Flickr8k_text")


@dataclass(frozen=True)
class SplitList:
    """A split that a file names.

    Attributes:
        there: its pictures; absent: its names that are no pictures here.
        file: the list; None where it is a caption file that says so.
    """

    there: tuple[str, ...]
    absent: tuple[str, ...]
    file: Path | None = None


@dataclass(frozen=True)
class DataFolder:
    """What `open_data` found.

    Attributes:
        root: the folder that was named.
        images: where the pictures lie, `root/images` or `root` itself.
        captions: all caption files together.
        names: pictures that are there, relative to `images`.
        missing: pictures with captions that are not there.
        dropped: split → names in its list that are not there, once `split` has read it.
        files: the caption files.
        left_out: files and folders of systems, hidden or excluded.
        unreadable: folders that may not be read, links to nothing, and pipes.
        passed_over: folders beside `images`, and pictures in `root`, that are not looked at.
    """

    root: Path
    images: Path
    captions: CaptionSet
    names: tuple[str, ...]
    missing: tuple[str, ...]
    dropped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    passed_over: tuple[str, ...] = ()

    @property
    def streamed(self) -> bool:
        """Whether pictures are read when they are needed, as those in tar shards are, since all of
        them decoded would be too much to keep."""
        return False

    def captions_of(self, name: str) -> tuple[str, ...]:
        """A picture's captions; none is an empty tuple."""
        return self.captions.captions.get(name, ())

    def texts_of(self, names: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
        """All captions of these pictures, and for each the row of its picture in `names`."""
        texts = [self.captions_of(name) for name in names]
        owner = np.repeat(np.arange(len(names)), [len(each) for each in texts])
        return [text for each in texts for text in each], owner

    def to_train_on(self, names: Sequence[str] | None = None) -> tuple[str, ...]:
        """Those of `names` that have captions; of the split “train” where there are none.

        Raises:
            DataError: no caption file, or fewer than two pictures with captions.
        """
        self.require_captions()
        wanted = tuple(name for name in names or self.split("train") if self.captions_of(name))
        if len(wanted) < 2:
            raise DataError(
                f"{self.root} has {len(wanted)} captioned pictures to train on and at least 2 are "
                "needed. Check that the caption file names the pictures as they are called on disk."
            )
        return wanted

    def is_unreadable(self, name: str) -> bool:
        """Whether it or its folder is among `unreadable`, so that nobody knows what it is."""
        return any(f"{name}/".startswith(f"{place.path}/") for place in self.unreadable)

    def require_captions(self) -> None:
        """See that there are captions to train on or to measure with.

        Raises:
            DataError: no caption file was found.
        """
        if not self.captions.captions:
            raise DataError(
                f"No caption file found in {self.root}.",
                cli="Name it with --captions, or put a captions.txt with the first line "
                "“image,caption” beside the pictures.",
                notebook="Put a captions.txt with the first line “image,caption” beside the "
                "pictures.",
            )

    def split(self, which: str, *, file: Path | None = None, seed: int = 0) -> tuple[str, ...]:
        """Names of a split: a list given, a list that was found, or drawn by picture.

        Lists are looked for in the folder and beside the caption files. Where some splits are
        listed, the others are drawn from the pictures that no list names, so no picture is
        trained on and measured. Names that are not there are left out and kept in
        `dropped[which]`.

        Raises:
            DataError: lists that name none of the pictures.
            SettingsError: `which` is not one of train, dev, test, all.
        """
        if file is not None:
            there, self.dropped[which] = read_split(file, self.names)
            return there
        if which == "all":
            return self.names
        if which not in SPLITS:
            raise SettingsError(f"Unknown split {which!r}. Choose train, dev, test or all.")
        listed = {each: found.there for each, found in self.split_lists.items()}
        return fill_splits(self.names, listed, seed)[which]

    @cached_property
    def split_lists(self) -> dict[str, SplitList]:
        """Splits that a list or a caption file names.

        Raises:
            DataError: there are lists, and they name none of the pictures.
        """
        found: dict[str, SplitList] = {}
        for which in SPLITS:
            file = find_split_file(self._text_folders, which)
            if file is not None:
                found[which] = SplitList(*match_split(file, self.names), file)
            elif which in self.captions.splits:
                named = self.captions.splits[which]
                there = tuple(name for name in named if name in self._known)
                absent = tuple(name for name in named if name not in self._known)
                found[which] = SplitList(there, absent)
        # One list of pictures that are elsewhere is allowed; that all lists are is a mistake.
        if not any(split.there for split in found.values()):
            for file in (split.file for split in found.values() if split.file is not None):
                read_split(file, self.names)
        self.dropped.update({which: split.absent for which, split in found.items()})
        return found

    @cached_property
    def _text_folders(self) -> tuple[Path, ...]:
        places = [self.root / name for name in TEXT_FOLDERS]
        return tuple(dict.fromkeys([*places, *(file.parent for file in self.files)]))

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)


def open_data(
    root: Path | str,
    captions: Path | str | Sequence[Path | str] | None = None,
    selection: Selection | None = None,
) -> DataFolder:
    """Look at a folder of pictures, with or without captions.

    Args:
        root: holds `images/` or the pictures themselves, and perhaps caption files and splits.
        captions: one caption file or several, merged per picture; None takes what lies in `root`,
            `root/annotations` or `root/Flickr8k_text` under the usual names.
        selection: which pictures are taken; None leaves out hidden files and those of systems.

    Raises:
        DataError: there is no such folder or caption file, or it may not be read.
        EmptyGalleryError: no picture in it.
        CaptionFormatError: a caption file in no known form.
    """
    place = Path(root).expanduser()
    try:
        if not place.is_dir():
            raise DataError(f"There is no folder {place}. Name a folder of pictures.")
        files = caption_files_in(place, captions)
        images = images_in(place, captioned=bool(files))
    except OSError as error:
        raise DataError(
            f"{place} cannot be read ({error.strerror or error}). See that you may open the "
            "folder and that its disk is there, then try again."
        ) from error
    found = find_pictures(images, selection)
    if not found.names:
        left_out = describe_left_out(found.left_out)
        notes = [*([left_out] if left_out else []), *(one.reason for one in found.unreadable[:1])]
        raise EmptyGalleryError(
            f"{images} holds no picture (JPEG, PNG, WebP, GIF, BMP or TIFF). "
            + " ".join(["Name a folder with pictures in it.", *notes])
        )
    read = _read_all(files, found.names)
    there = set(found.names)
    missing = tuple(name for name in read.captions if name not in there)
    if missing and len(missing) == len(read.captions):
        if several := fits_several(missing, found.names):
            raise DataError(
                f"Of the {len(missing)} captioned names none is that of one picture in {images}; "
                f"{several_fit(several)}. Name pictures in the caption file with their folders."
            )
        raise DataError(
            f"None of the {len(missing)} captioned names, such as {missing[0]}, is a picture in "
            f"{images}, which holds {found.names[0]}. Name pictures in the caption file as they "
            "are called on disk."
        )
    return DataFolder(
        place, images, read, found.names, missing,
        files=tuple(files), left_out=found.left_out, unreadable=found.unreadable,
        passed_over=() if images == place else pictures_beside(place, images),
    )  # fmt: skip


def images_in(root: Path, *, captioned: bool) -> Path:
    """`root/images`, unless `root` is a person's folder of photos that merely has one inside.

    Without captions, it is a person's if there are pictures anywhere else in it.
    """
    inner = next((root / name for name in IMAGE_FOLDERS if (root / name).is_dir()), None)
    if inner is None:
        return root
    return inner if captioned or not holds_picture(root, besides=inner) else root


def caption_files_in(root: Path, given: Path | str | Sequence[Path | str] | None) -> list[Path]:
    if isinstance(given, Path | str):
        return [Path(given).expanduser()]
    if given is not None:
        return [Path(file).expanduser() for file in given]
    files: list[Path] = []
    for place in (root / name for name in TEXT_FOLDERS):
        files += [place / name for name in CAPTION_FILES if (place / name).is_file()]
        files += sorted(file for file in place.glob(COCO_FILES) if file not in files)
    return files


def _read_all(files: Sequence[Path], pictures: Sequence[str]) -> CaptionSet:
    """The files' captions together, keyed as the pictures are called on disk."""
    named = [split_of_file(file) for file in files]
    together = NO_CAPTIONS
    for number, file in enumerate(files):
        read = read_captions(file)
        read = replace(read, problems=tuple(f"{file.name}, {each}" for each in read.problems))
        split = named[number]
        # One file alone says nothing by its name: its pictures still have to be split.
        if split is not None and len(set(named)) > 1 and not read.splits:
            read = replace(read, splits={split: tuple(read.captions)})
        together = together.merged(read) if number else read
    only_train = together.splits.keys() == {"train"}
    if only_train and len(together.splits["train"]) == len(together.captions):
        # As an export of training data says: its pictures still have to be split.
        together = replace(together, splits={})
    return together.renamed(match_names(together.captions, pictures))
