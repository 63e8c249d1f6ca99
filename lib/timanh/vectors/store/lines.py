"""The lines of one segment's items, found by row, id or content without parsing the others."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DictionaryDamagedError
from timanh.vectors.store.items import Item, read_line

Rows = NDArray[np.int64]

OPENING, ID_DIGITS = b'{"id":"', 16
USUAL_ID = re.compile(r"[0-9a-f]{16}")
ENDING, HASH_DIGITS = b'"}\n', 32
# A quotation mark within a JSON string has a backslash before it, so these match no caption.
NUMBERS = re.compile(
    rb'"width":(\d+),"height":(\d+),"size":(\d+),"mtime":([-+.\deE]+)[,}]', re.ASCII
)
TAKEN = re.compile(rb'"mtime":[-+.\deE]+(?:,"taken":([-+.\deE]+))?[,}]', re.ASCII)
PATH = re.compile(rb'"path":("(?:[^"\\]|\\.)*")')
# Bytes that stay in a processor's cache while they are looked through twice.
CACHED = 1 << 18
# So many are looked for one by one; an index over all is made for more.
FEW = 8
# To mix the eight-byte words of a key into one.
MIX = np.uint64(0x9E3779B97F4A7C15)


class Lines:
    """JSON lines as `write_lines` writes them; what is computed once is kept.

    Attributes:
        block: the lines as they are stored.
        name: of their file, for messages.
    """

    def __init__(self, block: bytes, name: str = "items") -> None:
        self.block = block
        self.name = name
        self._searched: dict[str, list[int]] = {}

    @cached_property
    def ends(self) -> Rows:
        """The place of each line's newline."""
        return np.flatnonzero(np.frombuffer(self.block, np.uint8) == ord("\n"))

    def __len__(self) -> int:
        return len(self.ends)

    def line(self, row: int) -> bytes:
        """With its newline."""
        start = int(self.ends[row - 1]) + 1 if row else 0
        return self.block[start : int(self.ends[row]) + 1]

    def item(self, row: int) -> Item:
        """Raises DictionaryDamagedError."""
        try:
            return read_line(self.line(row))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DictionaryDamagedError(
                f"{self.name}: line {row + 1} cannot be read as an item ({error}). Build the "
                "dictionary again, which mends only what is damaged:",
                cli="`timanh index build`.",
                notebook="run notebook 03.",
            ) from error

    def without(self, removed: Rows) -> Iterator[bytes]:
        """The block in pieces, without these rows."""
        begin = 0
        for row in removed.tolist():
            start = int(self.ends[row - 1]) + 1 if row else 0
            yield self.block[begin:start]
            begin = int(self.ends[row]) + 1
        yield self.block[begin:]

    def rows_of_ids(self, ids: Iterable[str]) -> dict[str, list[int]]:
        """The rows of those ids that are here."""
        wanted = list(dict.fromkeys(ids))
        usual = self.block.startswith(OPENING)
        if usual and "_by_id" not in self.__dict__ and len(self._searched) + len(wanted) <= FEW:
            for id in wanted:
                if id not in self._searched:
                    self._searched[id] = self._search(id) if USUAL_ID.fullmatch(id) else []
            found = {id: self._searched[id] for id in wanted}
        else:
            found = {id: self._by_id.rows(id) for id in wanted}
        return {id: rows for id, rows in found.items() if rows}

    def rows_of_hash(self, digest: str) -> list[int]:
        """The rows of the pictures with this content hash."""
        return self._by_hash.rows(digest)

    def id(self, row: int) -> str:
        """Without parsing the rest of the line."""
        return _id_of(self.line(row))

    def _search(self, id: str) -> list[int]:
        """The row with this id; there is one at most, and no caption looks like it."""
        place = self.block.find(OPENING + id.encode() + b'"')
        return [] if place < 0 else [self._row_at(place)]

    def _row_at(self, place: int) -> int:
        if "ends" in self.__dict__:
            return int(np.searchsorted(self.ends, place))
        return self.block.count(b"\n", 0, place)

    @cached_property
    def _by_id(self) -> "_Keys":
        return _Keys(self, OPENING, ID_DIGITS)

    @cached_property
    def _by_hash(self) -> "_Keys":
        return _Keys(self, b"", HASH_DIGITS)

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """(n, 4): width, height, size and mtime of each row."""
        found = NUMBERS.findall(self.block)
        if len(found) != len(self):
            items = [self.item(row) for row in range(len(self))]
            found = [(item.width, item.height, item.size, item.mtime) for item in items]
        return np.array(found).astype(np.float64).reshape(-1, 4)

    @cached_property
    def taken(self) -> NDArray[np.float64]:
        """(n,): `Item.taken` of each row, 0 where it is unknown."""
        found = TAKEN.findall(self.block)
        if len(found) != len(self):
            return np.array([self.item(row).taken or 0.0 for row in range(len(self))])
        return np.array([each or b"0" for each in found]).astype(np.float64).reshape(-1)

    @cached_property
    def folders(self) -> Counter[bytes]:
        """How many rows each folder has, by its path as it is quoted, without the last mark."""
        return count_quoted(self.block)


def count_lines(block: bytes) -> int:
    """How many lines there are; three times as fast as `bytes.count`."""
    text = np.frombuffer(block, np.uint8)
    pieces = (text[start : start + CACHED] for start in range(0, len(text), CACHED))
    return sum(int(np.count_nonzero(piece == ord("\n"))) for piece in pieces)


def count_quoted(block: bytes) -> Counter[bytes]:
    """Folders of the paths in some lines, quoted as JSON has them, without the closing mark."""
    return Counter(path.rpartition(b"/")[0] for path in PATH.findall(block))


class _Keys:
    """Rows by a key of fixed length, which is at the beginning or the end of every line.

    Of each key a mixture of its bytes is kept, sorted; lines with the wanted one are read.
    """

    def __init__(self, lines: Lines, opening: bytes, digits: int) -> None:
        self._lines = lines
        self._of_id = bool(opening)
        self._digits = digits
        self._others: dict[str, list[int]] = {}
        text, ends = np.frombuffer(lines.block, np.uint8), lines.ends
        starts = np.concatenate([[0], ends[:-1] + 1])[: len(ends)]
        places = starts + len(opening) if opening else ends - len(ENDING) + 1 - digits
        fits = (places > starts) & (places + digits < ends)
        if fits.any():
            fits &= text[np.where(fits, places + digits, 0)] == ord('"')
            fits &= text[np.where(fits, places - 1, 0)] == ord('"')
            for place, letter in enumerate(opening):
                fits &= text[starts + place] == letter
        regular = np.flatnonzero(fits)
        for row in np.flatnonzero(~fits).tolist():
            self._others.setdefault(self._key_of(row), []).append(row)
        mixed = np.zeros(0, np.uint64)
        if len(regular):
            windows = np.lib.stride_tricks.sliding_window_view(text, digits)
            mixed = _mix(windows[places[regular]].view(np.uint64))
        order = np.argsort(mixed, kind="stable")
        self._mixed, self._rows = mixed[order], regular[order]

    def rows(self, key: str) -> list[int]:
        """The rows with this key, rising."""
        found = list(self._others.get(key, ()))
        coded = key.encode("utf8", "surrogatepass")
        if len(coded) == self._digits:
            mixed = _mix(np.frombuffer(coded, np.uint64)[None])[0]
            low = np.searchsorted(self._mixed, mixed, side="left")
            high = np.searchsorted(self._mixed, mixed, side="right")
            found += [row for row in self._rows[low:high].tolist() if self._key_of(row) == key]
        return sorted(found)

    def _key_of(self, row: int) -> str:
        line = self._lines.line(row)
        return _id_of(line) if self._of_id else self._lines.item(row).hash


def _mix(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """(n,) of (n, any)."""
    mixed = words[:, 0].copy()
    for column in range(1, words.shape[1]):
        mixed = mixed * MIX ^ words[:, column]
    return mixed


def _id_of(line: bytes) -> str:
    try:
        if line.startswith(OPENING):
            return line[len(OPENING) : line.index(b'"', len(OPENING))].decode("ascii")
        return str(json.loads(line)["id"])
    except (ValueError, KeyError, TypeError):
        return ""
