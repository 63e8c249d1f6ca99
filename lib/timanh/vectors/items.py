"""What is known about each picture of a dictionary, and the JSON lines it is stored as."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import overload

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DictionaryDamagedError, UnknownPictureError

ID_DIGITS = 16


@dataclass(frozen=True)
class Item:
    """One picture of a dictionary.

    Attributes:
        id: URL-safe and stable: it depends on `path` alone.
        path: below the gallery, with forward slashes.
        captions: in the order of the caption files, English before Vietnamese.
        width, height: upright, in pixels; 0 where the picture was not at hand.
        size: of the file, in bytes.
        mtime: when the file was changed last, in seconds since 1970.
        hash: blake2b of the file's bytes, 32 hex digits; empty where it was not at hand.
    """

    id: str
    path: str
    captions: tuple[str, ...]
    width: int
    height: int
    size: int
    mtime: float
    hash: str


def item_id(path: str, taken: dict[str, str] | None = None) -> str:
    """The id of the picture at `path`: 16 hex digits.

    `taken` maps ids in use to their paths. Two paths that share 16 digits are told apart by
    hashing the later one again with a number behind it.
    """
    path = str(PurePosixPath(path))
    attempt = 0
    while True:
        candidate = _digest(f"{path}\0{attempt}" if attempt else path)
        if not taken or taken.get(candidate, path) == path:
            return candidate
        attempt += 1


def _digest(text: str) -> str:
    digest = hashlib.blake2b(text.encode("utf8", "surrogatepass"), digest_size=ID_DIGITS // 2)
    return digest.hexdigest()


def content_hash(content: bytes) -> str:
    """32 hex digits of blake2b over a file's bytes."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def write_lines(items: Iterable[Item]) -> bytes:
    """One JSON object a line, `id` always first: `ItemTable` relies on it."""
    return b"".join(_to_line(item) for item in items)


def _to_line(item: Item) -> bytes:
    fields = {
        "id": item.id,
        "path": item.path,
        "captions": list(item.captions),
        "width": item.width,
        "height": item.height,
        "size": item.size,
        "mtime": item.mtime,
        "hash": item.hash,
    }
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf8", "surrogatepass") + b"\n"


def read_line(line: bytes) -> Item:
    """The opposite of one line of `write_lines`.

    Raises:
        ValueError, KeyError, TypeError: the line holds something else.
    """
    fields = json.loads(line.decode("utf8", "surrogatepass"))
    return Item(
        id=str(fields["id"]),
        path=str(fields["path"]),
        captions=tuple(str(caption) for caption in fields["captions"]),
        width=int(fields["width"]),
        height=int(fields["height"]),
        size=int(fields["size"]),
        mtime=float(fields["mtime"]),
        hash=str(fields["hash"]),
    )


class ItemTable(Sequence[Item]):
    """Items by row, parsed only when they are asked for.

    A million items are some 300 MB of lines and would be several GB of objects.
    """

    def __init__(self, blocks: Sequence[bytes], names: Sequence[str] = ()) -> None:
        self._blocks = tuple(blocks)
        self._names = tuple(names) or ("items",) * len(blocks)
        self._ends = [_line_ends(block) for block in blocks]
        self._firsts = np.cumsum([0, *(len(ends) for ends in self._ends)])
        self._rows: dict[str, int] | None = None

    @property
    def blocks(self) -> tuple[bytes, ...]:
        """The lines as they are stored, a block for each segment."""
        return self._blocks

    def __len__(self) -> int:
        return int(self._firsts[-1])

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        row = index + len(self) if index < 0 else index
        if not 0 <= row < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        block = int(np.searchsorted(self._firsts, row, side="right")) - 1
        return self._read(block, row - int(self._firsts[block]))[1]

    def _read(self, block: int, index: int) -> tuple[bytes, Item]:
        line = self._line(block, index)
        try:
            return line + b"\n", read_line(line)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DictionaryDamagedError(
                f"{self._names[block]}: line {index + 1} is no item ({error}). Build the "
                "dictionary again, which mends only what is damaged:",
                cli="`timanh index build`.",
                notebook="run notebook 03.",
            ) from error

    def __iter__(self) -> Iterator[Item]:
        return (item for _, item in self.lines())

    def lines(self) -> Iterator[tuple[bytes, Item]]:
        """Each line as it is stored, and the item in it."""
        for block in range(len(self._blocks)):
            for index in range(len(self._ends[block])):
                yield self._read(block, index)

    def row_of(self, id: str) -> int:
        """The row of the picture with this id.

        Raises:
            UnknownPictureError: there is none.
        """
        if self._rows is None:
            self._rows = {known: row for row, known in enumerate(self.ids())}
        row = self._rows.get(id)
        if row is None:
            raise UnknownPictureError(
                f"No picture has the id {id!r}. Ids come with search results and are kept as "
                "long as a picture's path stays the same."
            )
        return row

    def ids(self) -> Iterator[str]:
        """Ids by row, without parsing the rest of the lines."""
        for block in range(len(self._blocks)):
            for index in range(len(self._ends[block])):
                yield _id_of(self._line(block, index))

    def _line(self, block: int, index: int) -> bytes:
        ends = self._ends[block]
        start = int(ends[index - 1]) + 1 if index else 0
        return self._blocks[block][start : int(ends[index])]


def _line_ends(block: bytes) -> NDArray[np.int64]:
    return np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))


def _id_of(line: bytes) -> str:
    opening = b'{"id":"'
    if line.startswith(opening):
        return line[len(opening) : line.index(b'"', len(opening))].decode("ascii", "replace")
    try:
        return str(json.loads(line)["id"])
    except (ValueError, KeyError, TypeError):
        return ""
