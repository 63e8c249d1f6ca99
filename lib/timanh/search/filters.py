"""Which pictures a search may return: by folder, date, size and words of captions."""

import math
import posixpath
import threading
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from timanh.errors import QueryError
from timanh.search.near import unknown_folder
from timanh.vectors import Searchable
from timanh.vectors.store.columns import (
    Columns,
    count_folders,
    read_columns,
    rows_in_folder,
    rows_with_words,
)
from timanh.vectors.store.tags import State, Tags

REMEMBERED = 16
WHOLE = "."  # the gallery as a folder


@dataclass(frozen=True)
class Filter:
    """Conditions that all must hold; None or empty for none.

    Attributes:
        folder: within the gallery, its letters composed or not; folders within it count too.
            `./a`, `a/` and `a/b/..` are `a`; `.` and `/` are the whole gallery.
        after, before: days of the file's last change, local time, both included.
        min_side: the least pixels of the shorter side.
        min_bytes, max_bytes: of the file.
        words: that the picture's captions must have, all of them; capitals do not matter.
        machine_words: captions that machines wrote count too.
        tag: that a person gave the picture.
    """

    folder: str | None = None
    after: date | None = None
    before: date | None = None
    min_side: int | None = None
    min_bytes: int | None = None
    max_bytes: int | None = None
    words: str | None = None
    machine_words: bool = True
    tag: str | None = None

    def __bool__(self) -> bool:
        # How words are looked for narrows nothing by itself.
        conditions = {name: value for name, value in vars(self).items() if name != "machine_words"}
        return any(value not in (None, "") for value in conditions.values())


def parse_day(text: str) -> date:
    """A day written as 2026-01-31.

    Raises:
        QueryError: it is not in this form.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise QueryError(f"Unknown day {text!r}. Write it as 2026-01-31.") from error


class FilterIndex:
    """Finds the rows that pass a filter, and keeps the results of the last few filters.

    The first filter by date or size reads through the items once, which takes a second or two
    for a million pictures; by folder or words, every new filter does. May be called from many
    threads.
    """

    def __init__(self, dictionary: Searchable) -> None:
        self._items = dictionary.items
        self._columns: Columns | None = None
        self._folders: dict[str, int] | None = None
        self._tags = Tags(dictionary.folder)
        self._known: dict[tuple[Filter, State], NDArray[np.int64]] = {}
        self._lock = threading.Lock()

    def rows(self, where: Filter) -> NDArray[np.int64] | None:
        """Rows, rising; None where every picture passes.

        Raises:
            UnknownFolderError: the gallery has no such folder.
        """
        if not where:
            return None
        # Tags change without another state of the dictionary.
        key = (where, self._tags.state if where.tag else (0, 0))
        with self._lock:
            rows = self._known.pop(key, None)
        if rows is None:
            rows = self._find(where)
        with self._lock:
            self._known[key] = rows
            while len(self._known) > REMEMBERED:
                self._known.pop(next(iter(self._known)))
        return rows

    def folders(self) -> dict[str, int]:
        """How many pictures each folder has, by its path."""
        if self._folders is None:
            self._folders = count_folders(self._items)
        return self._folders

    def _find(self, where: Filter) -> NDArray[np.int64]:
        found = []
        if where.folder and _tidied(where.folder) != WHOLE:
            found.append(self._in_folder(where.folder))
        if where.words:
            found.append(rows_with_words(self._items, [where.words], machine=where.machine_words))
        if where.tag:
            found.append(self._with_tag(where.tag))
        found.append(self._by_numbers(where))
        return reduce(lambda one, other: np.intersect1d(one, other, assume_unique=True), found)

    def _in_folder(self, folder: str) -> NDArray[np.int64]:
        # On Windows people write folders with backslashes.
        for written in dict.fromkeys((folder, folder.replace("\\", "/"))):
            path = _tidied(written)
            rows = np.arange(len(self._items))
            if path != WHOLE:
                rows = rows_in_folder(self._items, path)
            if len(rows):
                return rows
        raise unknown_folder(_tidied(folder), self.folders())

    def _with_tag(self, tag: str) -> NDArray[np.int64]:
        rows = (self._items.rows_of_hash(digest) for digest in self._tags.tagged(tag))
        return np.array(sorted({row for some in rows for row in some}), np.int64)

    def _by_numbers(self, where: Filter) -> NDArray[np.int64]:
        numbers = (where.after, where.before, where.min_side, where.min_bytes, where.max_bytes)
        if all(number is None for number in numbers):
            return np.arange(len(self._items))
        columns = self._columns = self._columns or read_columns(self._items)
        passed = np.ones(len(self._items), bool)
        if where.after is not None:
            passed &= columns.mtime >= _midnight(where.after)
        if where.before is not None:
            passed &= columns.mtime < _midnight_after(where.before)
        if where.min_side is not None:
            passed &= np.minimum(columns.width, columns.height) >= where.min_side
        if where.min_bytes is not None:
            passed &= columns.size >= where.min_bytes
        if where.max_bytes is not None:
            passed &= columns.size <= where.max_bytes
        return np.flatnonzero(passed)


def _tidied(folder: str) -> str:
    """Without what a path may have besides its names; `..` stays where it leaves the gallery."""
    return posixpath.normpath(folder.strip("/"))


def _midnight(day: date) -> float:
    try:
        return datetime.combine(day, time()).timestamp()
    except (OverflowError, ValueError, OSError):  # before or after what this system counts
        return math.copysign(math.inf, day.year - 1970)


def _midnight_after(day: date) -> float:
    return math.inf if day == date.max else _midnight(day + timedelta(days=1))
