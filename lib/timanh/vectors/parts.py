"""The vectors of a dictionary as they lie on disk: one mapped array for each segment.

Nothing here copies more than the rows that are asked for, so a dictionary of several segments
is searched from the page cache as one of a single segment is.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Part = NDArray[np.float32] | NDArray[np.float16]


class Parts:
    """(N, dim) rows in arrays of (n, dim), float32 or float16, that stay where they are."""

    def __init__(self, arrays: Sequence[Part], dim: int) -> None:
        self.arrays = tuple(array for array in arrays if len(array))
        self.dim = dim
        self._ends = np.cumsum([len(array) for array in self.arrays], dtype=np.int64)

    def __len__(self) -> int:
        return int(self._ends[-1]) if self.arrays else 0

    def blocks(
        self, most: int | None = None, first: int = 0, last: int | None = None
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(row, (n, dim) float32) over rows first … last − 1, in order, n ≤ most.

        float32 arrays are given as they lie; float16 is converted, so `most` bounds the memory.
        """
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

    def head(self, count: int) -> "Parts":
        """The first `count` rows."""
        return self._cut(0, count)

    def tail(self, first: int) -> "Parts":
        """The rows from `first` on."""
        return self._cut(first, len(self))

    def _cut(self, first: int, last: int) -> "Parts":
        begins = self._ends - [len(array) for array in self.arrays] if self.arrays else ()
        cut = [
            array[max(first - begin, 0) : max(last - begin, 0)]
            for array, begin in zip(self.arrays, begins, strict=True)
        ]
        return Parts(cut, self.dim)

    def joined(self) -> NDArray[np.float32]:
        """(N, dim) float32: as it lies where it is one float32 array, else a copy of all."""
        if len(self.arrays) == 1:
            return np.asarray(self.arrays[0], np.float32)
        blocks = [block for _, block in self.blocks()]
        return np.concatenate(blocks) if blocks else np.zeros((0, self.dim), np.float32)
