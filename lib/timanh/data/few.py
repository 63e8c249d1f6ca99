"""A few pictures of a data folder that are known to be there, without looking at all others."""

import re
from collections.abc import Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path, PurePosixPath

from timanh.data.captions import NO_CAPTIONS
from timanh.data.folder import DataFolder, caption_files_in, images_in, open_data
from timanh.data.listing import Selection
from timanh.errors import DataError


def open_few(
    images: Path,
    names: Sequence[str],
    captions: Sequence[Path] | None = None,
    selection: Selection | None = None,
) -> DataFolder:
    """As `open_data` of the folder whose pictures lie in `images`: the others are not listed, and
    caption files that cannot speak of these few are not parsed.

    Args:
        names: relative to `images`.
        captions, selection: as for `open_data`.

    Raises:
        CaptionFormatError: a caption file in no known form, if it may name one of the pictures.
    """
    root, files = images, caption_files_in(images, captions)
    if captions is None:
        beside = caption_files_in(images.parent, None)
        if images_in(images.parent, captioned=bool(beside)) == images:
            root, files = images.parent, beside
    if any(_may_name(file, names) for file in files):
        try:
            return open_data(root, captions, selection)
        except DataError:
            if captions is not None:
                raise
    return DataFolder(root, images, NO_CAPTIONS, tuple(names), (), files=tuple(files))


def _may_name(file: Path, names: Sequence[str]) -> bool:
    """Whether a caption file has one of the names in it, without its suffix and leading zeros;
    also True where it may be written in another way."""
    stems = {PurePosixPath(name).stem.lstrip("0") for name in names}
    if not all(re.fullmatch(r"[\w. -]+", stem, re.ASCII) for stem in stems):
        return True
    try:
        with file.open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as text:
            coded = text[:2] in (b"\xff\xfe", b"\xfe\xff")
            return coded or any(text.find(stem.encode()) >= 0 for stem in stems)
    except (OSError, ValueError):  # opening it will say what is wrong
        return True
