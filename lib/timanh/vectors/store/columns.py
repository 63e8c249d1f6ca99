"""Numbers and words of all items without parsing each: a million lines in a second or two."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.store.items import read_line
from timanh.vectors.store.lines import PATH, count_quoted
from timanh.vectors.store.table import ItemTable
from timanh.workspace import name_key

WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Columns:
    """By row: `width` and `height` in pixels, `size` in bytes, `mtime` in seconds since 1970,
    `taken` as `Item` has it, 0 where it is unknown."""

    width: NDArray[np.float64]
    height: NDArray[np.float64]
    size: NDArray[np.float64]
    mtime: NDArray[np.float64]
    taken: NDArray[np.float64]


def read_columns(items: ItemTable) -> Columns:
    """The numbers of all rows."""
    table = np.concatenate([lines.numbers for lines in items.parts] or [np.zeros((0, 4))])
    table = np.delete(table, items.living.gone, axis=0)
    taken = np.concatenate([lines.taken for lines in items.parts] or [np.zeros(0)])
    width, height, size, mtime = np.ascontiguousarray(table.T)
    return Columns(width, height, size, mtime, np.delete(taken, items.living.gone))


def rows_in_folder(items: ItemTable, folder: str) -> NDArray[np.int64]:
    """Rows of the pictures below `folder`, a path within the gallery, however it is written."""
    wanted = f"{name_key(folder).strip('/')}/"
    opens: dict[bytes, bool] = {}
    matching = []
    for found in _folders(items):
        if found not in opens:
            opens[found] = f"{_folder(found)}/".startswith(wanted)
        matching.append(opens[found])
    return _rows(matching)


def count_folders(items: ItemTable) -> dict[str, int]:
    """How many pictures are in each folder of the gallery, and in folders within it, by path.

    Paths are as `name_key` writes them: folders that people cannot tell apart are one.
    """
    quoted_counts: Counter[bytes] = Counter()
    for lines, removed in items.removed():
        quoted_counts.update(lines.folders)
        quoted_counts.subtract(count_quoted(b"".join(lines.line(row) for row in removed)))
    counts: Counter[str] = Counter()
    for quoted, count in quoted_counts.items():
        folder = _folder(quoted)
        while folder and count:
            counts[folder] += count
            folder = folder.rpartition("/")[0]
    return dict(sorted(counts.items()))


def _folders(items: ItemTable) -> Iterator[bytes]:
    """The folder of each row as it is stored: JSON without the quotation mark at its end."""
    for line in items.lines():
        found = PATH.search(line)
        yield found[1].rpartition(b"/")[0] if found else b""


def _folder(quoted: bytes) -> str:
    return name_key(json.loads(quoted.decode("utf8", "surrogatepass") + '"')) if quoted else ""


def rows_with_words(
    items: ItemTable, words: Iterable[str], *, machine: bool = True
) -> NDArray[np.int64]:
    """Rows of the pictures whose captions, taken together, have all of the words.

    Capitals do not matter, marks do: "ma" is not "má".

    Args:
        machine: captions that machines wrote count too.
    """
    wanted = {word for text in words for word in WORD.findall(_folded(text))}
    return _rows(_has_words(line, wanted, machine) for line in items.lines())


def _has_words(line: bytes, wanted: set[str], machine: bool) -> bool:
    text = _folded(line.decode("utf8", "surrogatepass"))
    if not all(word in text for word in wanted):
        return False
    item = read_line(line)
    captions = [*item.captions, *(each.text for each in item.machine if machine)]
    return wanted.issubset(WORD.findall(_folded(" ".join(captions))))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _rows(matching: Iterable[bool]) -> NDArray[np.int64]:
    return np.flatnonzero(np.fromiter(matching, bool)).astype(np.int64, copy=False)
