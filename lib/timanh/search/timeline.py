"""Pictures of a gallery by the time at which they were taken, the newest first."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timanh.search.filters import Filter, FilterIndex
from timanh.vectors import Searchable
from timanh.vectors.store.columns import read_columns

FOLDERS = 8  # whose orders are kept
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class TimelinePage:
    """Some pictures of an order.

    Attributes:
        rows: of the dictionary, the newest first.
        offset: the place of the first one in the order.
        total: pictures in the order.
        next: what `Timeline.page` takes to go on behind the last one; None at the end.
    """

    rows: Rows
    offset: int
    total: int
    next: str | None


class Timeline:
    """The order of one dictionary, sorted once; may be used from many threads.

    A picture's time is that of its camera, else that of its file's last change.
    """

    def __init__(self, dictionary: Searchable, filters: FilterIndex) -> None:
        self.dictionary, self._filters = dictionary, filters
        self._times: NDArray[np.float64] | None = None
        self._orders: OrderedDict[str, Rows] = OrderedDict()
        self._lock = threading.Lock()

    def page(
        self,
        limit: int,
        *,
        offset: int = 0,
        cursor: str | None = None,
        folder: str | None = None,
        tag: str | None = None,
    ) -> TimelinePage:
        """At most `limit` pictures of a folder, or of all; with a tag, those that have it.

        Args:
            offset: how many are left out before.
            cursor: `next` of an earlier page, also of another state of the dictionary; counts
                more than `offset`.

        Raises:
            UnknownFolderError: the gallery has no such folder.
            ValueError: what was given is no cursor.
        """
        times, order = self._order(folder, tag)
        start = offset if cursor is None else self._behind(cursor, times, order)
        rows = order[start : start + limit]
        more = start + len(rows) < len(order) and len(rows)
        return TimelinePage(rows, start, len(order), self._cursor(rows[-1]) if more else None)

    def place_of(self, id: str, folder: str | None = None, tag: str | None = None) -> int | None:
        """How many pictures come before this one; None where it is not among them.

        Raises:
            UnknownPictureError, UnknownFolderError.
        """
        row = self.dictionary.row_of(id)
        times, order = self._order(folder, tag)
        place = _place(times, order, times[row], row)
        return place if place < len(order) and order[place] == row else None

    def _order(self, folder: str | None, tag: str | None) -> tuple[NDArray[np.float64], Rows]:
        among = self._filters.rows(Filter(folder=folder, tag=tag)) if folder or tag else None
        with self._lock:
            if self._times is None:
                columns = read_columns(self.dictionary.items)
                here = time.localtime().tm_gmtoff or 0
                self._times = np.where(columns.taken > 0, columns.taken, columns.mtime + here)
                self._orders[""] = np.argsort(-self._times, kind="stable").astype(np.int64)
            # Tags change without another state of the dictionary: their orders are not kept.
            order = None if tag else self._orders.get(folder or "")
            if order is None:
                kept = np.zeros(len(self._times), bool)
                kept[among] = True
                whole = self._orders[""]
                order = whole[kept[whole]]
                if tag:
                    return self._times, order
                self._orders[folder or ""] = order
                while len(self._orders) > FOLDERS:
                    del self._orders[next(name for name in self._orders if name)]
            return self._times, order

    def _cursor(self, row: int) -> str:
        assert self._times is not None
        id = self.dictionary.item(int(row)).id
        return f"{float(self._times[row]).hex()}~{row}~{id}"

    def _behind(self, cursor: str, times: NDArray[np.float64], order: Rows) -> int:
        """The place of the first picture behind the one that a cursor names."""
        written, number, id = cursor.split("~")
        wanted, row = float.fromhex(written), int(number)
        place = _place(times, order, wanted, row)
        if place < len(order) and self.dictionary.item(int(order[place])).id == id:
            return place + 1
        there = self.dictionary.items.find_row(id)
        if there is not None and times[there] == wanted:
            return _place(times, order, wanted, there) + 1
        return place  # it was deleted: the next one has its place


def _place(times: NDArray[np.float64], order: Rows, wanted: float, row: int) -> int:
    """Where a row with this time stands in the order, or would."""
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) // 2
        other = order[middle]
        if (-times[other], other) < (-wanted, row):
            low = middle + 1
        else:
            high = middle
    return low
