"""Pictures from disk to pixels, in threads that read ahead while an encoder works.

All that encodes a folder reads it here: dictionaries, measures and trainings see the same pixels.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from timanh.data import open_reduced, taken_at
from timanh.data.tar_members import member_bytes
from timanh.errors import DataError
from timanh.models.encoder import Encoder

PreparePixels = Callable[[Image.Image], NDArray[Any]]  # from an upright RGB picture of any size


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells one version of a picture's file from another."""

    size: int
    mtime: float
    hash: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was read: `path` below the gallery, upright size in pixels, and when it was
    taken, as `taken_at` says it."""

    path: str
    width: int
    height: int
    state: FileState
    taken: float


@dataclass(frozen=True)
class Prepared:
    """A picture with the pixels that were made of it."""

    picture: Picture
    pixels: NDArray[Any]


@dataclass(frozen=True)
class Skipped:
    """A picture that cannot be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class PixelBatch:
    """n pictures that were read, their pixels (n, …), which the next batch overwrites, and the
    pictures that cannot be read."""

    pictures: tuple[Picture, ...]
    pixels: NDArray[Any]
    skipped: tuple[Skipped, ...]


def pixel_batches(
    images: Path, names: Iterable[str], encoder: Encoder, batch_size: int
) -> Iterator[PixelBatch]:
    """Pixels (n, 3, H, W) float32 as `encoder` takes them, of the pictures `names` below `images`,
    in order; the next batches are read while the caller encodes one."""
    ahead, side = 2 * max(batch_size, thread_count()), encoder.min_decode_side
    prepare: PreparePixels = lambda image: encoder.prepare_images([image])[0]  # noqa: E731
    return in_batches(prepare_pictures(images, names, prepare, side, ahead=ahead), batch_size)


def in_batches(results: Iterable[Prepared | Skipped], batch_size: int) -> Iterator[PixelBatch]:
    """Batches of `batch_size` pictures that were read, and of those skipped among them."""
    # One for all batches: fresh memory of this size costs more than the copy.
    buffer = np.empty(0)
    pictures: list[Picture] = []
    skipped: list[Skipped] = []
    for result in results:
        if isinstance(result, Skipped):
            skipped.append(result)
            continue
        if not buffer.size:
            buffer = np.empty((batch_size, *result.pixels.shape), result.pixels.dtype)
        buffer[len(pictures)] = result.pixels
        pictures.append(result.picture)
        if len(pictures) == batch_size:
            yield PixelBatch(tuple(pictures), buffer, tuple(skipped))
            pictures, skipped = [], []
    if pictures or skipped:
        yield PixelBatch(tuple(pictures), buffer[: len(pictures)], tuple(skipped))


def prepare_pictures(
    images: Path,
    names: Iterable[str],
    prepare: PreparePixels,
    min_decode_side: int | None,
    *,
    ahead: int = 64,
) -> Iterator[Prepared | Skipped]:
    """One result per name, in order; at most `ahead` pictures are in memory at once. `prepare` is
    called in threads; `min_decode_side` is as of `Encoder`."""
    remaining = iter(names)
    waiting: deque[Future[Prepared | Skipped]] = deque()
    pool = ThreadPoolExecutor(thread_count(), thread_name_prefix="pictures")

    def read_next(count: int) -> None:
        for name in islice(remaining, count):
            waiting.append(pool.submit(prepare_picture, images, name, prepare, min_decode_side))

    try:
        read_next(ahead)
        while waiting:
            result = waiting.popleft().result()
            read_next(1)
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def prepare_picture(
    images: Path, name: str, prepare: PreparePixels, min_decode_side: int | None
) -> Prepared | Skipped:
    """Read one picture, its file once; what is wrong with it is returned, not raised."""
    path = images / name
    try:
        content, state = read_file(path)
        opened = open_reduced(content, min_decode_side, label=str(path))
        with opened.image as picture:
            pixels = prepare(picture)
        seen = Picture(name, opened.width, opened.height, state, taken_at(content))
        return Prepared(seen, pixels)
    except DataError as error:
        return Skipped(name, str(error))
    except OSError as error:
        return Skipped(name, f"{path} cannot be read ({error.strerror or error}).")


def file_state(path: Path) -> FileState:
    """Size, time and checksum of a file.

    Raises:
        OSError: it cannot be read.
    """
    return read_file(path)[1]


def size_and_time(path: Path) -> tuple[int, float]:
    """Of a file, without reading it.

    Raises:
        OSError: the disk does not say.
    """
    stat = path.stat()
    return stat.st_size, stat.st_mtime


def read_file(path: Path) -> tuple[bytes, FileState]:
    """The bytes of a file, and its state when they were read.

    Raises:
        OSError: it cannot be read.
    """
    inside = member_bytes(path)
    if inside is not None:
        return inside, FileState(len(inside), 0.0, content_hash(inside))
    with path.open("rb") as stream:
        stat = os.fstat(stream.fileno())
        content = stream.read()
    return content, FileState(stat.st_size, stat.st_mtime, content_hash(content))


def content_hash(content: bytes) -> str:
    """32 hex digits of blake2b over a file's bytes."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def thread_count() -> int:
    """Enough to keep an encoder fed; more only take cores away from it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(8, cores or 2)
