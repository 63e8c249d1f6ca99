"""The vectors of a dictionary as they are on disk: one mapped array for each segment.

Nothing here copies more than the rows that are wanted, so a dictionary of several segments
is searched from the page cache as one of a single segment is.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.store.removed import NO_ROWS, LiveRows, Rows

VectorArray = NDArray[np.float32] | NDArray[np.float16]
# Around removed rows blocks are copied, so there they end.
COPIED_ROWS = 16_384


class RowBlocks:
    """(N, dim) rows in arrays of (n, dim), float32 or float16, that stay where they are.

    Rows that were removed are still in the arrays and in no result: N is counted without them.

    Attributes:
        living: which of the stored rows count.
    """

    def __init__(self, arrays: Sequence[VectorArray], dim: int, gone: Rows = NO_ROWS) -> None:
        self.arrays = tuple(array for array in arrays if len(array))
        self.dim = dim
        self._ends = np.cumsum([len(array) for array in self.arrays], dtype=np.int64)
        self.living = LiveRows(int(self._ends[-1]) if self.arrays else 0, gone)

    def __len__(self) -> int:
        return len(self.living)

    @cached_property
    def stored(self) -> "RowBlocks":
        """All rows of the arrays, the removed ones too."""
        return RowBlocks(self.arrays, self.dim) if len(self.living.gone) else self

    def blocks(
        self, most: int | None = None, first: int = 0, last: int | None = None
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(row, (n, dim) float32) over rows first … last − 1, in order, n ≤ most.

        float32 arrays are given as they are; float16 is converted, so `most` bounds the memory.
        """
        if not len(self.living.gone):
            yield from self._stored_blocks(most, first, last)
            return
        last = len(self) if last is None else min(last, len(self))
        if first >= last:
            return
        begin, end = self.living.stored(np.array([first, last - 1], np.int64)).tolist()
        most = min(most or COPIED_ROWS, COPIED_ROWS)
        row = first
        for start, block in self._stored_blocks(most, begin, end + 1):
            removed = self.living.within(start, start + len(block))
            left = np.delete(block, removed, axis=0) if len(removed) else block
            if len(left):
                yield row, left
                row += len(left)

    def _stored_blocks(
        self, most: int | None, first: int, last: int | None
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        begin = 0
        for array in self.arrays:
            low = max(first - begin, 0)
            high = len(array) if last is None else min(len(array), last - begin)
            step = most or max(high - low, 1)
            for start in range(low, high, step):
                block = array[start : min(start + step, high)]
                yield begin + start, np.asarray(block, np.float32)
            begin += len(array)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, dim) float32, a copy of these rows, in their order."""
        rows = self.living.stored(rows)
        if len(self.arrays) == 1:
            return np.asarray(self.arrays[0][rows], np.float32)
        taken = np.empty((len(rows), self.dim), np.float32)
        owners = np.searchsorted(self._ends, rows, side="right")
        for owner in np.unique(owners):
            mine = owners == owner
            array = self.arrays[owner]
            taken[mine] = array[rows[mine] - (self._ends[owner] - len(array))]
        return taken

    def sample(self, count: int, seed: int = 0) -> NDArray[np.float32]:
        """(≤ count, dim) float32, a copy of rows drawn without replacement, in order."""
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(self), min(count, len(self)), replace=False)
        return self.take(np.sort(rows))

    def split(self, stored: int) -> "tuple[RowBlocks, RowBlocks]":
        """The first `stored` rows of the arrays, and those behind them."""
        if stored >= self.living.total:
            return self, RowBlocks([], self.dim)
        heads, tails, begin = [], [], 0
        for array in self.arrays:
            cut = min(max(stored - begin, 0), len(array))
            heads.append(array[:cut])
            tails.append(array[cut:])
            begin += len(array)
        first, last = self.living.split(stored)
        return RowBlocks(heads, self.dim, first.gone), RowBlocks(tails, self.dim, last.gone)

    def head(self, stored: int) -> "RowBlocks":
        """The first `stored` rows of the arrays."""
        return self.split(stored)[0]

    def tail(self, stored: int) -> "RowBlocks":
        """The rows of the arrays from `stored` on."""
        return self.split(stored)[1]

    def joined(self) -> NDArray[np.float32]:
        """(N, dim) float32: itself where it is one float32 array, else a copy of all."""
        if len(self.arrays) == 1 and not len(self.living.gone):
            return np.asarray(self.arrays[0], np.float32)
        blocks = [block for _, block in self.blocks()]
        return np.concatenate(blocks) if blocks else np.zeros((0, self.dim), np.float32)
