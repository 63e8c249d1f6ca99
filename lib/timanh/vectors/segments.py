"""Segments: files of vectors and items that are written once and never changed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DictionaryDamagedError
from timanh.vectors.items import Item, write_lines
from timanh.vectors.manifest import DTYPE, FILE, Segment, StoredFile, file_hash
from timanh.workspace import atomic_write

VECTORS, ITEMS = ".vectors.npy", ".items.jsonl"
MEND = "Run `timanh index build` again: it makes only the damaged part anew."


def write_segment(folder: Path, vectors: NDArray[np.float32], items: Sequence[Item]) -> Segment:
    """Write (n, dim) vectors and their n items as the next two files of `folder`."""
    number = next_number(folder)
    stored = StoredFile(f"{number:06d}{VECTORS}", 0, "")
    with atomic_write(folder / stored.name) as temporary, temporary.open("wb") as stream:
        np.save(stream, np.ascontiguousarray(vectors, dtype=DTYPE), allow_pickle=False)
    return Segment(len(items), _stored(folder / stored.name), write_items(folder, items, number))


def write_items(folder: Path, items: Sequence[Item], number: int | None = None) -> StoredFile:
    """Write items alone, for vectors that stay as they are."""
    name = f"{next_number(folder) if number is None else number:06d}{ITEMS}"
    with atomic_write(folder / name) as temporary:
        temporary.write_bytes(write_lines(items))
    return _stored(folder / name)


def next_number(folder: Path) -> int:
    """One more than the highest number of any segment file, finished or left over."""
    return max((_number(path) or 0 for path in folder.iterdir()), default=0) + 1


def sweep(folder: Path, keep: set[str]) -> list[str]:
    """Remove segment files and temporary files that no manifest names; returns their names."""
    removed = []
    for path in sorted(folder.iterdir()):
        if path.name in keep or not _is_ours(path):
            continue
        try:
            path.unlink()
        except OSError:
            # Windows keeps a file that another process has mapped; the next sweep takes it.
            continue
        removed.append(path.name)
    return removed


def map_vectors(folder: Path, segment: Segment, dim: int) -> NDArray[np.float32]:
    """(count, dim) float32, memory-mapped and read-only.

    Raises:
        DictionaryDamagedError: missing, of another size, or not what the manifest promises.
    """
    path = folder / segment.vectors.name
    _check_size(path, segment.vectors)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DictionaryDamagedError(f"{path} cannot be read ({error}). {MEND}") from error
    if array.shape != (segment.count, dim) or array.dtype.newbyteorder("<") != np.dtype(DTYPE):
        raise DictionaryDamagedError(
            f"{path} holds {array.dtype} {array.shape}; the manifest promises float32 "
            f"({segment.count}, {dim}). {MEND}"
        )
    return np.asarray(array) if array.size else np.zeros((0, dim), np.float32)


def read_items(folder: Path, segment: Segment) -> bytes:
    """The lines of a segment's items.

    Raises:
        DictionaryDamagedError: missing, of another size, or another number of lines.
    """
    path = folder / segment.items.name
    _check_size(path, segment.items)
    try:
        block = path.read_bytes()
    except OSError as error:
        raise DictionaryDamagedError(f"{path} cannot be read ({error}). {MEND}") from error
    if block.count(b"\n") != segment.count:
        raise DictionaryDamagedError(
            f"{path} has {block.count(bytes([10]))} lines; the manifest promises "
            f"{segment.count}. {MEND}"
        )
    return block


def check_hash(folder: Path, stored: StoredFile) -> None:
    """Raises:
    DictionaryDamagedError: the bytes are not those that were written.
    """
    path = folder / stored.name
    _check_size(path, stored)
    if file_hash(path) != stored.blake2b:
        raise DictionaryDamagedError(
            f"{path} is not what was written: its checksum differs. {MEND}"
        )


def _check_size(path: Path, stored: StoredFile) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise DictionaryDamagedError(f"{path} is missing. {MEND}") from error
    if found != stored.bytes:
        raise DictionaryDamagedError(
            f"{path} has {found} bytes; the manifest promises {stored.bytes}. {MEND}"
        )


def _stored(path: Path) -> StoredFile:
    return StoredFile(path.name, path.stat().st_size, file_hash(path))


def _number(path: Path) -> int | None:
    stem, _, rest = path.name.partition(".")
    return int(stem) if stem.isdecimal() and f".{rest}" in (VECTORS, ITEMS) else None


def _is_ours(path: Path) -> bool:
    if _number(path) is not None:
        return True
    # atomic_write's own names: .000001.vectors.npy.abcdefgh.part, .manifest.json.abcdefgh.part
    inner = Path(path.name[1:].rpartition(".part")[0]).stem
    hidden = path.name.startswith(".") and path.name.endswith(".part")
    return hidden and (inner == FILE or _number(Path(inner)) is not None)
