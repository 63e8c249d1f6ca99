"""Rows that were removed: marked, and left where they are until the dictionary is compacted.

All rows that people and other modules see are counted without them: row 5 is the sixth picture
that is there. *Stored* rows are places in the files.
"""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
NO_ROWS: Rows = np.zeros(0, np.int64)
# Above this share of all rows a table of them is faster than a search for each.
MANY = 1 / 16


@lru_cache(maxsize=256)
def parse_rows(text: str) -> Rows:
    """Rows, rising, of a text such as "5 17-19 400".

    Raises:
        ValueError: it is something else, or not rising.
    """
    if not text:
        return NO_ROWS
    runs = [run.partition("-") for run in text.split(" ")]
    first = np.array([int(low) for low, _, _ in runs], np.int64)
    last = np.array([int(high if dash else low) for low, dash, high in runs], np.int64)
    if (last < first).any() or (first[1:] <= last[:-1]).any() or first[0] < 0:
        raise ValueError(f"rows that are not rising: {text[:40]}")
    lengths = last - first + 1
    begins = np.cumsum(lengths) - lengths
    rows = np.repeat(first - begins, lengths) + np.arange(lengths.sum())
    rows.flags.writeable = False
    return rows


def write_rows(rows: Rows) -> str:
    """The opposite of `parse_rows`, of rows in any order."""
    rising = np.unique(rows)
    if not len(rising):
        return ""
    breaks = np.flatnonzero(np.diff(rising) != 1)
    first = rising[np.concatenate([[0], breaks + 1])]
    last = rising[np.concatenate([breaks, [len(rising) - 1]])]
    pairs = zip(first.tolist(), last.tolist(), strict=True)
    return " ".join(str(low) if low == high else f"{low}-{high}" for low, high in pairs)


class LiveRows:
    """Turns rows without the removed ones into stored rows, and back.

    Attributes:
        total: how many rows are stored.
        gone: those that were removed, rising.
    """

    def __init__(self, total: int, gone: Rows = NO_ROWS) -> None:
        self.total = total
        self.gone = gone
        # All removed rows up to here are before the row with this number.
        self._shift = gone - np.arange(len(gone))
        self._table: Rows | None = None

    @classmethod
    def of_segments(cls, segments: Iterable[tuple[int, Rows]]) -> "LiveRows":
        """Of (rows stored, rows removed) one behind the other."""
        total, gone = 0, []
        for count, removed in segments:
            gone.append(removed + total)
            total += count
        return cls(total, np.concatenate(gone) if gone else NO_ROWS)

    def __len__(self) -> int:
        return self.total - len(self.gone)

    def stored(self, rows: Rows) -> Rows:
        """The places of these rows in the files."""
        if not len(self.gone):
            return rows
        if len(rows) > MANY * self.total:
            if self._table is None:
                self._table = np.flatnonzero(~self.mask(0, self.total)).astype(np.int64, copy=False)
            return self._table[rows]
        return rows + np.searchsorted(self._shift, rows, side="right")

    def counted(self, stored: Rows) -> Rows:
        """The opposite of `stored`, of places that are not removed."""
        return stored - np.searchsorted(self.gone, stored) if len(self.gone) else stored

    def within(self, first: int, last: int) -> Rows:
        """Removed rows among the stored rows first … last − 1, counted from `first`."""
        low, high = np.searchsorted(self.gone, (first, last))
        return self.gone[low:high] - first

    def mask(self, first: int, last: int) -> NDArray[np.bool_]:
        """(last − first,) whether each of the stored rows is removed."""
        removed = np.zeros(last - first, bool)
        removed[self.within(first, last)] = True
        return removed

    def keep(self, stored: Rows) -> Rows:
        """Those of the stored rows that are not removed."""
        if not len(self.gone):
            return stored
        near = np.minimum(np.searchsorted(self.gone, stored), len(self.gone) - 1)
        return np.asarray(stored[self.gone[near] != stored], np.int64)

    def split(self, stored: int) -> "tuple[LiveRows, LiveRows]":
        """Of the first `stored` rows, and of those behind them."""
        first, last = self.within(0, stored), self.within(stored, self.total)
        return LiveRows(stored, first), LiveRows(self.total - stored, last)
