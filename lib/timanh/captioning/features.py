"""What a frozen tower sees in each picture, computed once and kept in memory-mapped files."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from timanh.data import DataFolder
from timanh.errors import EmptyGalleryError
from timanh.models.picture_tower import PictureTower
from timanh.models.reading import in_batches, prepare_pictures
from timanh.progress import tqdm
from timanh.training.pixels import add_files
from timanh.training.precision import Precision
from timanh.workspace import atomic_write, free_disk_or_raise

BATCH = 64
Halves = NDArray[np.float16]


@dataclass(frozen=True)
class FeatureCache:
    """Features of the N pictures `names`, as they are and, where wanted, mirrored.

    Attributes:
        names: the pictures that could be opened.
        grid: (1 or 2, N, places, width) float16, the mirrored ones second; None without a grid.
        pooled: (1 or 2, N, pooled width) float16.
        skipped: picture → why it could not be opened.
    """

    names: tuple[str, ...]
    grid: Halves | None
    pooled: Halves
    skipped: dict[str, str]

    def of(
        self, rows: Sequence[int], mirrored: Sequence[bool]
    ) -> tuple[NDArray[np.float32] | None, NDArray[np.float32]]:
        """((n, places, width) or None, (n, pooled width)) float32 of some pictures."""
        sides = [int(one) for one in mirrored]
        pairs = list(zip(sides, rows, strict=True))
        pooled = np.stack([self.pooled[side, row] for side, row in pairs]).astype(np.float32)
        if self.grid is None:
            return None, pooled
        grid = np.stack([self.grid[side, row] for side, row in pairs])
        return grid.astype(np.float32), pooled


def cache_features(
    folder: DataFolder,
    names: Sequence[str],
    tower: PictureTower,
    place: Path,
    *,
    mirrored: bool = False,
    grid: bool = True,
    progress: bool = True,
) -> FeatureCache:
    """Compute the features of `names` into `place`, or find them there from an earlier run.

    The files' name is a hash of the tower's fingerprint and of the pictures' names, sizes and
    times, so that another tower, another list or a changed picture makes other files. They are
    computed in bf16 where the device does so, and kept in float16.

    Args:
        mirrored: of the mirrored pictures too.
        grid: with the tower's grid, where it has one. Without it, files that have one will do.

    Raises:
        EmptyGalleryError: none of the pictures can be opened.
        DiskFullError: too little disk.
    """
    place.mkdir(parents=True, exist_ok=True)
    shape = tower.shapes[0] if grid else None
    key = _key(folder, names, tower, mirrored)
    listing, pooled, cells = (place / f"{key}.{end}" for end in ("json", "pooled.npy", "grid.npy"))
    if not listing.is_file() or (shape and not cells.is_file()):
        _write(folder, names, tower, mirrored, shape, (listing, pooled, cells), progress)
    stored = json.loads(listing.read_text(encoding="utf8"))
    return FeatureCache(
        tuple(stored["names"]),
        np.load(cells, mmap_mode="r")[:, : len(stored["names"])] if shape else None,
        np.load(pooled, mmap_mode="r")[:, : len(stored["names"])],
        dict(stored["skipped"]),
    )


def _write(
    folder: DataFolder,
    names: Sequence[str],
    tower: PictureTower,
    mirrored: bool,
    shape: tuple[int, int, int] | None,
    files: tuple[Path, Path, Path],
    progress: bool,
) -> None:
    listing, pooled_file, grid_file = files
    sides, width = 2 if mirrored else 1, tower.shapes[1]
    flat = (shape[0] * shape[1], shape[2]) if shape else (0, 0)
    free_disk_or_raise(listing.parent, 2 * sides * len(names) * (width + flat[0] * flat[1]))
    kept: list[str] = []
    skipped: dict[str, str] = {}
    preparation = tower.preparation
    precision = Precision(tower.device, True)
    # Convolutions are several times faster on pixels that are stored together.
    tower.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with ExitStack() as files_written:
        pooled = _array(files_written, pooled_file, (sides, len(names), width))
        grid = _array(files_written, grid_file, (sides, len(names), *flat)) if shape else None
        results = prepare_pictures(
            folder.images, names, preparation.to_uint8, preparation.min_decode_side
        )
        with tqdm(total=len(names), desc="features", unit="img", disable=not progress) as bar:
            for batch in in_batches(results, BATCH):
                skipped |= {one.path: one.reason for one in batch.skipped}
                rows = slice(len(kept), len(kept) + len(batch.pictures))
                for side in range(sides if batch.pictures else 0):
                    pixels = batch.pixels[:, :, ::-1] if side else batch.pixels
                    with precision():
                        cells, whole = tower.features_prepared(preparation.normalise(pixels))
                    pooled[side, rows] = whole
                    if grid is not None and cells is not None:
                        grid[side, rows] = cells.reshape(len(cells), *flat)
                kept += [picture.path for picture in batch.pictures]
                bar.update(len(batch.pictures) + len(batch.skipped))
        if not kept:
            raise EmptyGalleryError(
                f"None of the {len(names)} pictures in {folder.images} can be opened "
                f"({next(iter(skipped.values()), 'the list is empty')})."
            )
        pooled.flush()
        if grid is not None:
            grid.flush()
        del pooled, grid
    with atomic_write(listing) as temporary:  # last: where it is, the other two are whole
        temporary.write_text(json.dumps({"names": kept, "skipped": skipped}), encoding="utf8")


def _array(files: ExitStack, file: Path, shape: tuple[int, ...]) -> Any:
    """An array in a file, which takes its place when `files` ends well."""
    temporary = files.enter_context(atomic_write(file))
    return np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float16, shape=shape)


def _key(
    folder: DataFolder,
    names: Sequence[str],
    tower: PictureTower,
    mirrored: bool,
) -> str:
    digest = hashlib.blake2b(tower.fingerprint.encode(), digest_size=12)
    digest.update(f"{mirrored}\t{folder.images.resolve()}\n".encode("utf8", "replace"))
    add_files(digest, folder.images, names)
    return digest.hexdigest()
