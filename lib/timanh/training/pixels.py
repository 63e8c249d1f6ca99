"""Pictures decoded and resized once, kept as bytes in one memory-mapped file."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.data import DataFolder
from timanh.errors import EmptyGalleryError
from timanh.models.preparation import ImagePreparation
from timanh.models.reading import Skipped, prepare_pictures
from timanh.progress import tqdm
from timanh.workspace import atomic_write, free_disk_or_raise


@dataclass(frozen=True)
class PixelCache:
    """`pixels` (N, H, W, 3) uint8 for `names`; `skipped` maps the rest to the reason."""

    names: tuple[str, ...]
    pixels: NDArray[np.uint8]
    skipped: dict[str, str]

    def take(self, rows: Sequence[int]) -> tuple[list[int], NDArray[np.uint8]]:
        """(places in `rows` of the pictures that are there: all, their pixels (n, H, W, 3))."""
        return list(range(len(rows))), np.stack([self.pixels[row] for row in rows])


def cache_pixels(
    folder: DataFolder,
    names: tuple[str, ...],
    preparation: ImagePreparation,
    place: Path,
    *,
    progress: bool = True,
) -> PixelCache:
    """Decode and resize `names` into `place`, or find them there from an earlier run.

    The file's name is a hash of the pictures' names, sizes and times and of the preparation, so
    that another list, a changed picture or another processor makes another file. Files of earlier
    versions, which decoded large JPEGs whole, are used too: the pixels are as good as the same.

    Raises:
        EmptyGalleryError: none of the pictures can be opened.
        SettingsError: too little disk.
    """
    place.mkdir(parents=True, exist_ok=True)
    key = _key(folder, names, preparation)
    listing, file = place / f"{key}.json", place / f"{key}.npy"
    if not (listing.is_file() and file.is_file()):
        _write(folder, names, preparation, listing, file, progress)
    stored = json.loads(listing.read_text(encoding="utf8"))
    return PixelCache(tuple(stored["names"]), np.load(file, mmap_mode="r"), dict(stored["skipped"]))


def _write(
    folder: DataFolder,
    names: tuple[str, ...],
    preparation: ImagePreparation,
    listing: Path,
    file: Path,
    progress: bool,
) -> None:
    row_shape = (preparation.height, preparation.width, 3)
    free_disk_or_raise(file.parent, len(names) * int(np.prod(row_shape)))
    kept: list[str] = []
    skipped: dict[str, str] = {}
    with atomic_write(file) as temporary:
        rows = np.lib.format.open_memmap(
            temporary, mode="w+", dtype=np.uint8, shape=(len(names), *row_shape)
        )
        results = prepare_pictures(
            folder.images, names, preparation.to_uint8, preparation.min_decode_side
        )
        bar = tqdm(results, total=len(names), desc="decode", unit="img", disable=not progress)
        for result in bar:
            if isinstance(result, Skipped):
                skipped[result.path] = result.reason
            else:
                rows[len(kept)] = result.pixels
                kept.append(result.picture.path)
        if not kept:
            raise EmptyGalleryError(
                f"None of the {len(names)} pictures in {folder.images} can be opened "
                f"({next(iter(skipped.values()), 'the list is empty')})."
            )
        rows.flush()
        del rows
    with atomic_write(listing) as temporary:
        temporary.write_text(json.dumps({"names": kept, "skipped": skipped}), encoding="utf8")


def _key(folder: DataFolder, names: tuple[str, ...], preparation: ImagePreparation) -> str:
    digest = hashlib.blake2b(preparation.describe().encode(), digest_size=12)
    digest.update(str(folder.images.resolve()).encode("utf8", "surrogatepass"))
    add_files(digest, folder.images, names)
    return digest.hexdigest()


def add_files(digest: hashlib.blake2b, images: Path, names: Sequence[str]) -> None:
    """Let a digest change with the names, sizes and dates of these pictures."""
    for name in names:
        state = (images / name).stat()
        line = f"{name}\t{state.st_size}\t{state.st_mtime_ns}\n"
        digest.update(line.encode("utf8", "surrogatepass"))  # a name need not be UTF-8
