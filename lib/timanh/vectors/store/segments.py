"""Segments: files of vectors and items that are written once and never changed."""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.errors import (
    DictionaryDamagedError,
    DictionaryError,
    DictionaryNotFoundError,
    advice,
)
from timanh.vectors.store import generations
from timanh.vectors.store.items import Item, write_lines
from timanh.vectors.store.lines import count_lines
from timanh.vectors.store.manifest import (
    DTYPE,
    ChecksumSpan,
    Manifest,
    Segment,
    StoredFile,
    file_hash,
    parse,
)
from timanh.vectors.store.removed import Rows
from timanh.vectors.store.row_blocks import RowBlocks, VectorArray
from timanh.workspace import atomic_write

VECTORS, ITEMS = ".vectors.npy", ".items.jsonl"
NOTHING = StoredFile("", 0, "")
PART_ROWS = 1024
# Another process may be writing what is younger; its manifest will name it.
YOUNG_S = 3600.0


def write_segment(
    folder: Path, vectors: NDArray[np.float32], items: Sequence[Item], dtype: str = DTYPE
) -> Segment:
    """Write (n, dim) vectors and their n items as the next two files of `folder`."""
    return write_blocks(folder, RowBlocks([vectors], vectors.shape[1]), [write_lines(items)], dtype)


def write_blocks(
    folder: Path, vectors: RowBlocks, items: Iterable[bytes], dtype: str = DTYPE
) -> Segment:
    """Write all rows of `vectors` and blocks of lines, one after the other, as the next two files
    of `folder`. Vectors may be memory-mapped: no more than a part is in memory at once."""
    name = next_name(folder)
    path = folder / f"{name}{VECTORS}"
    with atomic_write(path) as temporary, temporary.open("wb") as stream:
        if len(vectors.arrays) == 1 and not len(vectors.living.gone):
            array = np.ascontiguousarray(vectors.arrays[0], dtype=dtype)
            np.save(stream, array, allow_pickle=False)
        else:
            shape = (len(vectors), vectors.dim)
            header = {"descr": dtype, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(stream, header)
            for _, block in vectors.blocks(PART_ROWS):
                stream.write(np.ascontiguousarray(block, dtype=dtype).data)
    return with_items(folder, Segment(len(vectors), _stored(path), NOTHING), items, name)


def with_items(
    folder: Path, segment: Segment, items: Iterable[bytes], name: str | None = None
) -> Segment:
    """`segment` with other lines beside the same vectors."""
    path = folder / f"{name or next_name(folder)}{ITEMS}"
    with atomic_write(path) as temporary, temporary.open("wb") as stream:
        for block in items:
            stream.write(block)
    changed = replace(segment, items=_stored(path))
    return replace(changed, parts=tuple(_parts(folder, changed)))


def _parts(folder: Path, segment: Segment) -> Iterator[ChecksumSpan]:
    """Checksums of the vectors are kept where the segment has some."""
    known = [part.vectors for part in segment.parts if part.rows == PART_ROWS]
    vectors = np.load(folder / segment.vectors.name, mmap_mode="r", allow_pickle=False)
    with (folder / segment.items.name).open("rb") as lines:
        for number, start in enumerate(range(0, segment.count, PART_ROWS)):
            rows = vectors[start : start + PART_ROWS]
            block = b"".join(islice(lines, len(rows)))
            digest = known[number] if number < len(known) else _digest(rows.data)
            yield ChecksumSpan(len(rows), len(block), digest, _digest(block))


@dataclass(frozen=True)
class Salvage:
    """What is left of a damaged segment.

    Attributes:
        rows: the stored rows that are what was written, rising.
        vectors: (n, dim), lines: n, of these rows.
    """

    rows: Rows
    vectors: VectorArray
    lines: bytes


def salvage(folder: Path, segment: Segment, dim: int, dtype: str) -> Salvage:
    """The parts of a damaged segment that are what was written.

    Raises:
        DictionaryError: a file is there and cannot be read now.
    """
    numbers, lines = (_bytes(folder / file.name) for file in (segment.vectors, segment.items))
    width = dim * np.dtype(dtype).itemsize
    here, line, row = segment.vectors.bytes - width * segment.count, 0, 0
    rows: list[int] = []
    vectors, items = [], []
    for part in segment.parts:
        stretch = numbers[here : here + part.rows * width]
        block = lines[line : line + part.items_bytes]
        if (_digest(stretch), _digest(block)) == (part.vectors, part.items):
            vectors.append(stretch)
            items.append(block)
            rows += range(row, row + part.rows)
        here, line, row = here + part.rows * width, line + part.items_bytes, row + part.rows
    found = np.frombuffer(b"".join(vectors), dtype).reshape(-1, dim)
    return Salvage(np.array(rows, np.int64), found, b"".join(items))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise cannot_read(path, error) from error


def cannot_read(path: Path, error: OSError) -> DictionaryError:
    """The error to raise when a file of a dictionary does not come: where it is there that is no
    damage, and nothing is left out because of it."""
    if isinstance(error, FileNotFoundError):
        return DictionaryDamagedError(f"{path} is missing. {_mend()}")
    return DictionaryError(
        f"{path} cannot be read now ({error.strerror or error}). Nothing was changed. See that "
        "the disk is there, then run the same command again."
    )


def next_name(folder: Path) -> str:
    """Above the highest number of any segment file, and no other process draws the same."""
    return f"{next_number(folder):06d}-{secrets.token_hex(4)}"


def next_number(folder: Path) -> int:
    """One more than the highest number of any segment file, finished or left over."""
    return max((_number(path.name) or 0 for path in folder.iterdir()), default=0) + 1


def sweep(folder: Path) -> list[str]:
    """Remove files of ours that no manifest names, unless another process may be writing them;
    returns their names."""
    old = [path for path in sorted(folder.iterdir()) if _is_ours(path.name) and _is_old(path)]
    removed = []
    named: set[str] | None = None
    seen = -1
    for path in old:
        # Another process may have put the file into a state since it was listed.
        if (newest := generations.highest(folder)) != seen:
            named, seen = _named(folder), newest
        if named is None:
            break
        if path.name not in named and _remove(path):
            removed.append(path.name)
    with suppress(OSError):
        for path in (folder / generations.FOLDER).iterdir():
            if path.suffix == ".part" and generations.is_state(path.name) and _is_old(path):
                _remove(path)
    return removed


def _named(folder: Path) -> set[str] | None:
    """The files of the newest state and of those that were saved shortly before; None where that
    cannot be said."""
    try:
        named = Manifest.load(folder).files()
        for text in generations.recent(folder, YOUNG_S):
            named |= parse(json.loads(text)).files()
    except DictionaryNotFoundError:
        return set()
    except (DictionaryError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return named


def retire(folder: Path, names: Iterable[str]) -> None:
    """Remove files that a manifest named and the one after it does not."""
    for name in names:
        _remove(folder / name)


def _is_old(path: Path) -> bool:
    with suppress(OSError):
        return time.time() - path.stat().st_mtime >= YOUNG_S
    return False


def _remove(path: Path) -> bool:
    # Windows keeps a file that another process has mapped; a later sweep removes it.
    with suppress(OSError):
        path.unlink()
        return True
    return False


def map_vectors(folder: Path, segment: Segment, dim: int, dtype: str) -> VectorArray:
    """(count, dim) of `dtype`, memory-mapped and read-only.

    Raises:
        DictionaryDamagedError: missing, of another size, or not what the manifest promises.
    """
    path = folder / segment.vectors.name
    _check_size(path, segment.vectors)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise cannot_read(path, error) from error
    except (ValueError, EOFError) as error:
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
        raise cannot_read(path, error) from error
    if (count := count_lines(block)) != segment.count:
        raise DictionaryDamagedError(
            f"{path} has {count} lines; the manifest promises {segment.count}. {_mend()}"
        )
    return block


def check_hash(folder: Path, stored: StoredFile) -> None:
    """Raises:
    DictionaryDamagedError: the bytes are not those that were written.
    DictionaryError: they cannot be read now.
    """
    path = folder / stored.name
    _check_size(path, stored)
    try:
        same = file_hash(path) == stored.blake2b
    except OSError as error:
        raise cannot_read(path, error) from error
    if not same:
        raise DictionaryDamagedError(
            f"{path} is not what was written: its checksum differs. {_mend()}"
        )


def _check_size(path: Path, stored: StoredFile) -> None:
    try:
        found = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DictionaryDamagedError(f"{path} is missing. {_mend()}") from error
    except OSError as error:
        raise cannot_read(path, error) from error
    if found != stored.bytes:
        raise DictionaryDamagedError(
            f"{path} has {found} bytes; the manifest promises {stored.bytes}. {_mend()}"
        )


def _stored(path: Path) -> StoredFile:
    return StoredFile(path.name, path.stat().st_size, file_hash(path))


def _digest(content: bytes | memoryview) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def _number(name: str) -> int | None:
    # Names had no random part once.
    found = re.fullmatch(r"(\d+)(-[0-9a-f]+)?(\.vectors\.npy|\.items\.jsonl)", name)
    return int(found[1]) if found else None


def _is_ours(name: str) -> bool:
    if _number(name) is not None:
        return True
    # atomic_write's own names: .000001.vectors.npy.abcdefgh.part, .manifest.json.abcdefgh.part
    inner = Path(name[1:].rpartition(".part")[0]).stem
    hidden = name.startswith(".") and name.endswith(".part")
    return hidden and (inner == generations.FILE or _number(inner) is not None)


def _mend() -> str:
    return advice(
        cli="Run `timanh index build`: it encodes only the damaged part again; or `timanh index "
        "compact`, which keeps all but that part.",
        notebook="Run notebook 03: it encodes only the damaged part again.",
    )
