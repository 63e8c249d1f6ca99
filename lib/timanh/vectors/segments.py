"""Segments: files of vectors and items that are written once and never changed."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DictionaryDamagedError, advice
from timanh.vectors.items import Item, write_lines
from timanh.vectors.manifest import DTYPE, FILE, Part, Segment, StoredFile, file_hash
from timanh.workspace import atomic_write

VECTORS, ITEMS = ".vectors.npy", ".items.jsonl"
NOTHING = StoredFile("", 0, "")
PART_ROWS = 1024
# As vectors lie on disk; numbers are computed with in float32.
Stored = NDArray[np.float32] | NDArray[np.float16]


def write_segment(
    folder: Path, vectors: NDArray[np.float32], items: Sequence[Item], dtype: str = DTYPE
) -> Segment:
    """Write (n, dim) vectors and their n items as the next two files of `folder`."""
    return write_blocks(folder, [vectors], [write_lines(items)], dtype)


def write_blocks(
    folder: Path, vectors: Sequence[Stored], items: Iterable[bytes], dtype: str = DTYPE
) -> Segment:
    """Write (n, dim) blocks of vectors and blocks of lines, one after the other, as the next two
    files of `folder`. Blocks may be memory-mapped: no more than one is in memory at once."""
    number = next_number(folder)
    count = sum(len(block) for block in vectors)
    name = f"{number:06d}{VECTORS}"
    with atomic_write(folder / name) as temporary, temporary.open("wb") as stream:
        if len(vectors) == 1:
            np.save(stream, np.ascontiguousarray(vectors[0], dtype=dtype), allow_pickle=False)
        else:
            shape = (count, vectors[0].shape[1])
            header = {"descr": dtype, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(stream, header)
            for block in vectors:
                for start in range(0, len(block), PART_ROWS):
                    rows = np.ascontiguousarray(block[start : start + PART_ROWS], dtype=dtype)
                    stream.write(rows.data)
    return with_items(folder, Segment(count, _stored(folder / name), NOTHING), items, number)


def with_items(
    folder: Path, segment: Segment, items: Iterable[bytes], number: int | None = None
) -> Segment:
    """`segment` with other lines beside the same vectors."""
    name = f"{next_number(folder) if number is None else number:06d}{ITEMS}"
    with atomic_write(folder / name) as temporary, temporary.open("wb") as stream:
        for block in items:
            stream.write(block)
    changed = replace(segment, items=_stored(folder / name), parts=())
    return replace(changed, parts=tuple(_parts(folder, changed)))


def _parts(folder: Path, segment: Segment) -> Iterator[Part]:
    vectors = np.load(folder / segment.vectors.name, mmap_mode="r", allow_pickle=False)
    with (folder / segment.items.name).open("rb") as lines:
        for start in range(0, segment.count, PART_ROWS):
            rows = vectors[start : start + PART_ROWS]
            block = b"".join(islice(lines, len(rows)))
            yield Part(len(rows), len(block), _digest(rows.data), _digest(block))


def salvage(folder: Path, segment: Segment, dim: int, dtype: str) -> tuple[Stored, bytes]:
    """The parts of a damaged segment that are what was written: (n, dim) vectors, n lines."""
    try:
        numbers = (folder / segment.vectors.name).read_bytes()
        lines = (folder / segment.items.name).read_bytes()
    except OSError:
        return np.zeros((0, dim), dtype), b""
    width = dim * np.dtype(dtype).itemsize
    here, line = segment.vectors.bytes - width * segment.count, 0
    vectors, items = [], []
    for part in segment.parts:
        rows = numbers[here : here + part.rows * width]
        block = lines[line : line + part.items_bytes]
        if (_digest(rows), _digest(block)) == (part.vectors, part.items):
            vectors.append(rows)
            items.append(block)
        here, line = here + part.rows * width, line + part.items_bytes
    return np.frombuffer(b"".join(vectors), dtype).reshape(-1, dim), b"".join(items)


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


def map_vectors(folder: Path, segment: Segment, dim: int, dtype: str) -> Stored:
    """(count, dim) of `dtype`, memory-mapped and read-only.

    Raises:
        DictionaryDamagedError: missing, of another size, or not what the manifest promises.
    """
    path = folder / segment.vectors.name
    _check_size(path, segment.vectors)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DictionaryDamagedError(f"{path} cannot be read ({error}). {_mend()}") from error
    if array.shape != (segment.count, dim) or array.dtype.newbyteorder("<") != np.dtype(dtype):
        raise DictionaryDamagedError(
            f"{path} holds {array.dtype} {array.shape}; the manifest promises "
            f"{np.dtype(dtype).name} ({segment.count}, {dim}). {_mend()}"
        )
    return np.asarray(array) if array.size else np.zeros((0, dim), dtype)


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
        raise DictionaryDamagedError(f"{path} cannot be read ({error}). {_mend()}") from error
    if block.count(b"\n") != segment.count:
        raise DictionaryDamagedError(
            f"{path} has {block.count(bytes([10]))} lines; the manifest promises "
            f"{segment.count}. {_mend()}"
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
            f"{path} is not what was written: its checksum differs. {_mend()}"
        )


def _check_size(path: Path, stored: StoredFile) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise DictionaryDamagedError(f"{path} is missing. {_mend()}") from error
    if found != stored.bytes:
        raise DictionaryDamagedError(
            f"{path} has {found} bytes; the manifest promises {stored.bytes}. {_mend()}"
        )


def _stored(path: Path) -> StoredFile:
    return StoredFile(path.name, path.stat().st_size, file_hash(path))


def _digest(content: bytes | memoryview) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


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


def _mend() -> str:
    return advice(
        cli="Run `timanh index build` again: it makes only the damaged part anew; or `timanh index "
        "compact`, which keeps all but that part.",
        notebook="Run notebook 03 again: it makes only the damaged part anew.",
    )
