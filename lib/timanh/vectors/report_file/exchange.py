"""To and from the original report's `image_vectors.npy`: a pickled dict path → vector."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.data import DataFolder, data_notes, open_data, open_picture, taken_at
from timanh.errors import (
    DictionaryDamagedError,
    DictionaryError,
    EncoderMismatchError,
    PictureError,
)
from timanh.models.encoder import Encoder
from timanh.models.reading import file_state
from timanh.vectors.build.build import new_manifest
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.report_file.pickles import load_pickled_vectors
from timanh.vectors.store.generations import is_dictionary
from timanh.vectors.store.items import Item, item_id
from timanh.vectors.store.state import cannot_write
from timanh.vectors.store.writer import DictionaryWriter
from timanh.workspace import atomic_write, name_key, readable

# Vectors this near to unit length were normalised by their author; rounding them again would
# change their last bits.
UNIT = 1e-5
SAMPLE, AGREEMENT = 4, 0.9


@dataclass(frozen=True)
class ImportReport:
    """What an import took over.

    Attributes:
        folder: the new dictionary.
        count: its pictures.
        unmatched: paths in the file for which the gallery has no picture; they are left out.
        agreement: the lowest cosine between an imported vector and its picture encoded again,
            of a few tried; None where it was not looked at.
        notes: on the gallery's captions and on what was left out of it, a line each.
    """

    folder: Path
    count: int
    unmatched: tuple[str, ...]
    agreement: float | None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **asdict(self),
            "folder": str(self.folder),
            "unmatched": list(self.unmatched),
            "notes": list(self.notes),
        }


def import_report_vectors(
    file: Path,
    gallery: Path,
    encoder: Encoder,
    out: Path,
    *,
    captions: Path | Sequence[Path] | None = None,
    verify: bool = True,
    source: str = "",
) -> ImportReport:
    """Make a dictionary of the vectors in `file`; nothing in the file is executed.

    The file's paths, often of another machine, are matched to the gallery's pictures by as much
    of their ends as it takes. Vectors are brought to unit length.

    Args:
        file: what `np.save` wrote of a dict path → vector.
        gallery: the pictures.
        encoder: that made the vectors.
        verify: encode a few pictures to see whether it is.

    Raises:
        UnsafeFileError: the file would build more than arrays.
        DictionaryDamagedError: it is cut short, or a vector is zero or not finite.
        EncoderMismatchError: vectors of another length, or from another encoder.
        DictionaryError: `out` holds a dictionary already, or no path fits the gallery.
    """
    file, out = Path(file), Path(out)
    if is_dictionary(out):
        raise DictionaryError(f"{out} holds a dictionary already. Name another folder with --out.")
    stored = load_pickled_vectors(file)
    folder = open_data(Path(gallery), captions)
    matched, unmatched = _match(stored, folder.names)
    if not matched:
        raise DictionaryError(
            f"None of the {len(stored)} paths in {file}, such as {unmatched[0]}, is a picture of "
            f"{folder.images}. Name the folder that the vectors were made from with --gallery."
        )
    names = [name for name in folder.names if name in matched]
    vectors = _stack([stored[matched[name]] for name in names], names, encoder, file)
    agreement = _agreement(encoder, folder, names, vectors, file) if verify else None
    _write(out, encoder, folder, names, vectors, source)
    return ImportReport(out, len(names), tuple(unmatched), agreement, data_notes(folder))


def export_report_vectors(folder: Path, file: Path) -> int:
    """Write `{path: (dim,) float32}` with `np.save`, as the report has it; returns how many.

    Paths are `readable`: a name that is not UTF-8 is written with its bytes as numbers.

    `np.load(file, allow_pickle=True).item()` gives the dict back.

    Raises:
        DictionaryError: `file` cannot be written.
    """
    dictionary = VectorDictionary.open(Path(folder))
    vectors = dictionary.vectors
    content: dict[str, NDArray[np.float32]] = {}
    for row, item in enumerate(dictionary.items):
        shown = readable(item.path)
        content[item.path if shown in content else shown] = np.array(vectors[row])
    file = Path(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(file) as temporary, temporary.open("wb") as stream:
            np.save(stream, np.array(content, dtype=object), allow_pickle=True)
    except OSError as error:
        raise cannot_write(file, error, 0) from error
    return len(content)


def _match(
    stored: dict[str, NDArray[np.float32]], names: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Gallery path → path in the file, and the paths in the file that fit nothing."""
    parts_of = {name: PurePosixPath(name_key(name)).parts for name in names}
    by_end: dict[str, list[str]] = {}
    for name, parts in parts_of.items():
        by_end.setdefault(parts[-1], []).append(name)
    matched: dict[str, str] = {}
    unmatched = []
    for key in stored:
        # A backslash separates folders on Windows, and comes before the number of a byte here.
        fitting = [
            name
            for written in (key, key.replace("\\", "/"))
            for parts in [PurePosixPath(name_key(written)).parts]
            for name in by_end.get(parts[-1] if parts else "", ())
            if parts_of[name] == parts[-len(parts_of[name]) :]
        ]
        # The longest end that agrees says which of several pictures of one name is meant.
        best = max(fitting, key=lambda name: name.count("/"), default=None)
        if best is None or best in matched:
            unmatched.append(key)
        else:
            matched[best] = key
    return matched, unmatched


def _stack(
    rows: list[NDArray[np.float32]], names: list[str], encoder: Encoder, file: Path
) -> NDArray[np.float32]:
    for name, row in zip(names, rows, strict=True):
        if row.shape != (encoder.dim,):
            raise EncoderMismatchError(
                f"{file} has a vector of {row.size} numbers for {name}; {encoder.name} makes "
                f"{encoder.dim}. Name the encoder that made the file with --model."
            )
    vectors = np.stack(rows)
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    bad = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
    if len(bad):
        raise DictionaryDamagedError(
            f"{file} has a vector of length zero, or with numbers that are not finite, for "
            f"{names[bad[0]]} ({len(bad)} of them). Make the vectors again with notebook 03."
        )
    away = np.flatnonzero(np.abs(lengths - 1) > UNIT)
    vectors[away] = (vectors[away] / lengths[away, None]).astype(np.float32)
    return vectors


def _agreement(
    encoder: Encoder,
    folder: DataFolder,
    names: list[str],
    vectors: NDArray[np.float32],
    file: Path,
) -> float | None:
    scores = []
    for row in np.unique(np.linspace(0, len(names) - 1, SAMPLE, dtype=int)):
        try:
            picture = open_picture(folder.images / names[row])
        except PictureError:
            continue
        scores.append(float(encoder.encode_images([picture])[0] @ vectors[row]))
    lowest = min(scores, default=None)
    if lowest is not None and lowest < AGREEMENT:
        raise EncoderMismatchError(
            f"The vectors in {file} were not made by {encoder.name}: encoded again, a picture "
            f"agrees with its vector at {lowest:.2f} only, and 0.99 were right. Name the encoder "
            "that made them with --model, try --square-padding, or go on with --no-verify."
        )
    return lowest


def _write(
    out: Path,
    encoder: Encoder,
    folder: DataFolder,
    names: list[str],
    vectors: NDArray[np.float32],
    source: str,
) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error, 0) from error
    writer = DictionaryWriter(out, new_manifest(out, encoder, folder.images, source))
    taken: dict[str, str] = {}
    items = []
    for name in names:
        item = _item(folder, name, taken)
        taken[item.id] = name
        items.append(item)
    writer.append(vectors, items)
    writer.finish()


def _item(folder: DataFolder, name: str, taken: dict[str, str]) -> Item:
    width = height = 0
    try:
        with open_picture(folder.images / name) as picture:
            width, height = picture.size
    except PictureError:
        # Its vector is there, so it can be found; it only cannot be shown.
        pass
    state = file_state(folder.images / name)
    return Item(
        id=item_id(name, taken),
        path=name,
        captions=folder.captions_of(name),
        width=width,
        height=height,
        size=state.size,
        mtime=state.mtime,
        hash=state.hash,
        taken=taken_at(folder.images / name),
    )
