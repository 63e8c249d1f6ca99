"""Items by row, parsed only when they are needed."""

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

from timanh.errors import UnknownPictureError
from timanh.vectors.store.items import Item
from timanh.vectors.store.lines import Lines
from timanh.vectors.store.removed import LiveRows, Rows


class ItemTable(Sequence[Item]):
    """Items by row; rows that were removed are left out.

    A million items are some 300 MB of lines and would be several GB of objects.

    Attributes:
        parts: the lines of each segment.
        living: which of the stored rows count.
    """

    def __init__(self, blocks: Sequence[Lines | bytes], removed: Sequence[Rows] = ()) -> None:
        """Args:
        blocks: lines of each segment.
        removed: rows of each that were removed, rising; none where it is left out.
        """
        self.parts = tuple(Lines(one) if isinstance(one, bytes) else one for one in blocks)
        counts = [len(lines) for lines in self.parts]
        if removed:
            self.living = LiveRows.of_segments(zip(counts, removed, strict=True))
        else:
            self.living = LiveRows(sum(counts))
        self._firsts = np.cumsum([0, *counts])

    def __len__(self) -> int:
        return len(self.living)

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
        stored = int(self.living.stored(np.array([row], np.int64))[0])
        block = int(np.searchsorted(self._firsts, stored, side="right")) - 1
        return self.parts[block].item(stored - int(self._firsts[block]))

    def __iter__(self) -> Iterator[Item]:
        return (lines.item(row) for lines, row in self._places())

    def lines(self) -> Iterator[bytes]:
        """Each line as it is stored, without its newline."""
        for lines, removed in self.removed():
            all = lines.block.split(b"\n")[:-1]
            for row in reversed(removed):
                del all[row]
            yield from all

    def removed(self) -> Iterator[tuple[Lines, list[int]]]:
        """The lines of each segment, and which of them were removed."""
        firsts = self._firsts.tolist()
        for number, lines in enumerate(self.parts):
            yield lines, self.living.within(firsts[number], firsts[number + 1]).tolist()

    def _places(self) -> Iterator[tuple[Lines, int]]:
        for lines, removed in self.removed():
            gone = set(removed)
            yield from ((lines, row) for row in range(len(lines)) if row not in gone)

    def row_of(self, id: str) -> int:
        """The row of the picture with this id.

        Raises:
            UnknownPictureError: there is none.
        """
        found = self.find_row(id)
        if found is None:
            raise UnknownPictureError(
                f"No picture has the id {id!r}. Ids come with search results and are kept as "
                "long as a picture's path stays the same."
            )
        return found

    def find_row(self, id: str) -> int | None:
        """The row of the picture with this id; None where there is none."""
        found = self._living([lines.rows_of_ids([id]).get(id, []) for lines in self.parts])
        return found[0] if found else None

    def rows_of_hash(self, digest: str) -> list[int]:
        """The rows of the pictures with this content hash, rising."""
        return self._living([lines.rows_of_hash(digest) for lines in self.parts])

    def _living(self, rows: Sequence[list[int]]) -> list[int]:
        """Counted rows of those stored in each segment."""
        firsts = self._firsts.tolist()
        stored = [first + row for first, here in zip(firsts, rows, strict=False) for row in here]
        there = self.living.keep(np.array(stored, np.int64))
        return [int(row) for row in self.living.counted(there)]

    def ids(self) -> Iterator[str]:
        """Ids by row, without parsing the rest of the lines."""
        return (lines.id(row) for lines, row in self._places())
