"""Several data folders as one, each with its captions and its splits."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from timanh.data.captions import NO_CAPTIONS, CaptionSet
from timanh.data.folder import DataFolder, SplitList, open_data
from timanh.data.listing import Selection
from timanh.data.shards import holds_shards, open_shards
from timanh.data.splits import read_split
from timanh.errors import DataError, SettingsError


@dataclass(frozen=True)
class JoinedFolder(DataFolder):
    """What `open_sources` found; pictures are named from the folder that holds all sources.

    Attributes:
        sources: the folders, as they were opened.
    """

    sources: tuple[DataFolder, ...] = ()

    @property
    def streamed(self) -> bool:
        return any(source.streamed for source in self.sources)

    def require_captions(self) -> None:
        for source in self.sources:
            source.require_captions()

    def split(self, which: str, *, file: Path | None = None, seed: int = 0) -> tuple[str, ...]:
        if file is not None:
            there, self.dropped[which] = read_split(file, self.names)
            return there
        found = tuple(self._split_of(each, which, seed) for each in range(len(self.sources)))
        if which == "train":
            found = self._without_held_out(found, seed)
        return tuple(name for names in found for name in names)

    def _split_of(self, number: int, which: str, seed: int) -> tuple[str, ...]:
        place = self.places[number]
        return tuple(place + name for name in self.sources[number].split(which, seed=seed))

    def _without_held_out(
        self, found: tuple[tuple[str, ...], ...], seed: int
    ) -> tuple[tuple[str, ...], ...]:
        """Without pictures that another source measures on, such as those of UIT-ViIC in COCO:
        files of the same name and size."""
        measured = [
            self._split_of(each, "dev", seed) + self._split_of(each, "test", seed)
            for each in range(len(self.sources))
        ]
        held = [{self._mark(name) for name in names} for names in measured]
        kept = []
        for number, names in enumerate(found):
            others = set().union(*held[:number], *held[number + 1 :])
            known = {name for name, _ in others}
            kept.append(
                tuple(
                    name for name in names
                    if PurePosixPath(name).name not in known or self._mark(name) not in others
                )
            )  # fmt: skip
        left_out = sum(map(len, found)) - sum(map(len, kept))
        if left_out:
            warnings.warn(
                f"{left_out:,} pictures are not trained on, since another source measures on them.",
                stacklevel=3,
            )
        return tuple(kept)

    def _mark(self, name: str) -> tuple[str, int]:
        try:
            size = (self.images / name).stat().st_size
        except OSError:
            size = -1
        return PurePosixPath(name).name, size

    @cached_property
    def split_lists(self) -> dict[str, SplitList]:
        return {}  # each source has its own

    @cached_property
    def places(self) -> tuple[str, ...]:
        """What a name in a source begins with here, such as "uit-viic/images/"."""
        return tuple(_place(source.images, self.images) for source in self.sources)


def open_sources(
    roots: Sequence[Path | str],
    captions: Sequence[Path | str] | None = None,
    selection: Selection | None = None,
) -> DataFolder:
    """`open_data` of one folder, or of several as one; also of folders of tar shards.

    Args:
        roots: folders of pictures, each with captions of its own.
        captions, selection: as for `open_data`; captions only for one folder.

    Raises:
        DataError, EmptyGalleryError, CaptionFormatError: as `open_data`.
        SettingsError: captions came for several folders, or a folder came twice or inside another.
    """
    if len(roots) == 1:
        return _open(roots[0], captions, selection)
    if captions:
        raise SettingsError(
            "Caption files were named for several data folders. Put each into its folder, or name "
            "one data folder."
        )
    sources = tuple(_open(root, None, selection) for root in roots)
    images = [source.images.resolve() for source in sources]
    for number, one in enumerate(images):
        for other in images[:number]:
            if one.is_relative_to(other) or other.is_relative_to(one):
                raise SettingsError(
                    f"The data folders {other} and {one} hold the same pictures. Name each once."
                )
    try:
        together = Path(os.path.commonpath(images))
    except ValueError as error:
        raise DataError(
            f"The data folders {images[0]} and {images[1]} lie on different drives. Put them on "
            "one."
        ) from error
    return _join(sources, together)


def _open(
    root: Path | str, captions: Sequence[Path | str] | None, selection: Selection | None
) -> DataFolder:
    place = Path(root).expanduser()
    if captions is None and holds_shards(place):
        return open_shards(place)
    return open_data(place, captions, selection)


def _join(sources: tuple[DataFolder, ...], together: Path) -> JoinedFolder:
    captions, names, missing = NO_CAPTIONS, list[str](), list[str]()
    for source in sources:
        place = _place(source.images, together)
        read = _placed(source.captions, place)
        captions = read if captions is NO_CAPTIONS else captions.merged(read)
        names += [place + name for name in source.names]
        missing += [place + name for name in source.missing]
    return JoinedFolder(
        together, together, captions, tuple(names), tuple(missing),
        files=tuple(file for source in sources for file in source.files),
        left_out=tuple(one for source in sources for one in source.left_out),
        unreadable=tuple(one for source in sources for one in source.unreadable),
        sources=sources,
    )  # fmt: skip


def _placed(read: CaptionSet, place: str) -> CaptionSet:
    named = {place + name: texts for name, texts in read.captions.items()}
    return replace(read, captions=named, splits={})


def _place(images: Path, together: Path) -> str:
    return f"{images.resolve().relative_to(together.resolve()).as_posix()}/"
