"""Pictures from disk to pixels, in threads, while the encoder works on those before."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.data import open_reduced
from timanh.errors import DataError
from timanh.models.encoder import Encoder
from timanh.vectors.store.items import content_hash


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells one version of a picture's file from another."""

    size: int
    mtime: float
    hash: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was read: `path` below the gallery, upright size in pixels."""

    path: str
    width: int
    height: int
    state: FileState


@dataclass(frozen=True)
class Prepared:
    """A picture as the encoder takes it: `pixels` (3, H, W) float32."""

    picture: Picture
    pixels: NDArray[np.float32]


@dataclass(frozen=True)
class Skipped:
    """A picture that cannot be read, and why."""

    path: str
    reason: str


def prepare_pictures(
    images: Path, names: Iterable[str], encoder: Encoder, *, ahead: int = 64
) -> Iterator[Prepared | Skipped]:
    """One result per name, in order; at most `ahead` pictures are in memory at once."""
    remaining = iter(names)
    waiting: deque[Future[Prepared | Skipped]] = deque()
    pool = ThreadPoolExecutor(thread_count(), thread_name_prefix="pictures")
    try:
        for name in islice(remaining, ahead):
            waiting.append(pool.submit(prepare_picture, images, name, encoder))
        while waiting:
            result = waiting.popleft().result()
            for name in islice(remaining, 1):
                waiting.append(pool.submit(prepare_picture, images, name, encoder))
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def prepare_picture(images: Path, name: str, encoder: Encoder) -> Prepared | Skipped:
    """Read one picture, its file once; what is wrong with it is returned, not raised."""
    path = images / name
    try:
        content, state = read_file(path)
        opened = open_reduced(content, encoder.enough_pixels, label=str(path))
        with opened.image as picture:
            pixels = encoder.prepare_images([picture])[0]
        return Prepared(Picture(name, opened.width, opened.height, state), pixels)
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
    with path.open("rb") as stream:
        stat = os.fstat(stream.fileno())
        content = stream.read()
    return content, FileState(stat.st_size, stat.st_mtime, content_hash(content))


def thread_count() -> int:
    """Enough to keep an encoder fed; more only take cores away from it."""
    return min(8, core_count())


def core_count() -> int:
    """Cores that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return cores or 2
