"""The pictures to be classified, and their vectors: stored in a dictionary, or computed now."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from timanh.data.listing import find_pictures, has_suffix
from timanh.errors import DataError, EmptyGalleryError
from timanh.models.encoder import Encoder, Vectors
from timanh.vectors import VectorDictionary
from timanh.vectors.build.encoding import encode_pictures
from timanh.vectors.store.generations import FILE as MANIFEST
from timanh.workspace import name_key

STORED_AT_ONCE = 4096


@dataclass(frozen=True)
class VectorBatch:
    """A few pictures with their vectors, and those that cannot be read: path → why."""

    names: tuple[str, ...]
    vectors: Vectors
    skipped: dict[str, str]


@dataclass(frozen=True)
class Pictures:
    """Pictures below a folder.

    Attributes:
        gallery: the folder that their paths start from.
        names: paths, with slashes.
        dictionary: has their vectors; None where they are to be computed.
        rows: the row of each in the dictionary.
    """

    gallery: Path
    names: tuple[str, ...]
    dictionary: VectorDictionary | None = None
    rows: tuple[int, ...] = ()

    def vectors(
        self, encoder: Encoder, *, without: Collection[str] = (), batch_size: int = 32
    ) -> Iterator[VectorBatch]:
        """All pictures but those in `without`, a batch at a time.

        Raises:
            DictionaryError: the encoder gives numbers that are not finite.
        """
        if self.dictionary is None:
            wanted = [name for name in self.names if name not in without]
            encoder.choose_runtime_for(images=len(wanted))
            for batch in encode_pictures(self.gallery, wanted, encoder, batch_size):
                yield VectorBatch(
                    tuple(picture.path for picture in batch.pictures),
                    batch.vectors,
                    {one.path: one.reason for one in batch.skipped},
                )
            return
        pairs = [pair for pair in zip(self.names, self.rows, strict=True) if pair[0] not in without]
        for start in range(0, len(pairs), STORED_AT_ONCE):
            chunk = pairs[start : start + STORED_AT_ONCE]
            rows = np.array([row for _, row in chunk], np.int64)
            names = tuple(name for name, _ in chunk)
            yield VectorBatch(names, self.dictionary.vectors_of(rows), {})


def open_pictures(
    place: Path | None,
    dictionary: VectorDictionary | None = None,
    *,
    leave_out: Sequence[Path] = (),
) -> Pictures:
    """The pictures of a folder, one picture, or those of a dictionary.

    Args:
        place: a folder or a picture; with a dictionary a folder of its gallery, or None for all.
        leave_out: folders that are not looked into, such as one that pictures are sorted into.

    Raises:
        DataError: there is no such place, or it is no folder of the dictionary's gallery.
        EmptyGalleryError: it has no pictures.
    """
    if dictionary is not None:
        return _stored(place, dictionary)
    if place is None:
        raise DataError(
            "No pictures were named.",
            cli="Name a folder, or a dictionary with --index.",
            notebook="Name a folder or a dictionary.",
        )
    if place.is_file():
        if not has_suffix(place.name):
            raise DataError(f"{place} has no name of a picture. Name a picture or a folder.")
        return Pictures(place.parent, (place.name,))
    names = find_pictures(place).names
    for folder in leave_out:
        inside = _below(folder, place)
        if inside:
            names = tuple(name for name in names if not name.startswith(f"{inside}/"))
    if not names:
        if (place / MANIFEST).is_file():
            raise EmptyGalleryError(
                f"{place} is a vector dictionary and no folder of pictures.",
                cli="Name it after --index.",
                notebook="Open it, and give it as the dictionary.",
            )
        raise EmptyGalleryError(f"There are no pictures in {place}. Name a folder that has some.")
    return Pictures(place, names)


def _stored(place: Path | None, dictionary: VectorDictionary) -> Pictures:
    inside = ""
    if place is not None:
        below = _below(place, dictionary.gallery)
        if below is None:
            raise DataError(
                f"{place} is not in the gallery of this dictionary, {dictionary.gallery}. Name "
                "that or a folder in it, or leave out the dictionary to encode the pictures now."
            )
        inside = name_key(below)
    names, rows = [], []
    for row, item in enumerate(dictionary.items):
        if not inside or name_key(item.path).startswith(f"{inside}/"):
            names.append(item.path)
            rows.append(row)
    if not names:
        raise EmptyGalleryError(f"The dictionary has no pictures in {place or dictionary.gallery}.")
    return Pictures(dictionary.gallery, tuple(names), dictionary, tuple(rows))


def _below(folder: Path, gallery: Path) -> str | None:
    """The path of a folder in the gallery, "" for the gallery itself; None outside of it."""
    try:
        inside = folder.resolve().relative_to(gallery.resolve()).as_posix()
    except ValueError:
        return None
    return "" if inside == "." else inside
