"""A dictionary that a server holds a copy of: what all such servers have in common.

The folder stays where pictures come and go; the server answers. Vectors and items are asked for
as they are needed, so opening one reads neither.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DictionaryError, UnknownPictureError
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.exact import check_k, check_queries
from timanh.vectors.items import Item, ItemTable, read_line, write_lines
from timanh.vectors.manifest import Manifest, place_of
from timanh.vectors.parts import Parts
from timanh.vectors.segments import next_number
from timanh.vectors.writer import DictionaryWriter

COPIED_ROWS = 4096
# Of an index, that `tune` tries; more than 1,000 pgvector does not take.
EFFORTS = (40, 80, 120, 160, 180, 200, 215, 230, 250, 300, 400, 600, 1000)


class HeldParts(Parts):
    """Rows of vectors that a server holds."""

    def __init__(self, dictionary: "HeldDictionary", dim: int) -> None:
        super().__init__([], dim)
        self._dictionary = dictionary

    def __len__(self) -> int:
        return len(self._dictionary)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, dim) float32 of these rows, in their order."""
        taken = np.empty((len(rows), self.dim), np.float32)
        for first in range(0, len(rows), COPIED_ROWS):
            asked = [int(row) for row in rows[first : first + COPIED_ROWS]]
            found = self._dictionary.fetch_vectors(asked)
            for place, row in enumerate(asked, first):
                taken[place] = found[row]
        return taken

    def joined(self) -> NDArray[np.float32]:
        """All rows, in memory."""
        return self.take(np.arange(len(self)))


class HeldDictionary(VectorDictionary, ABC):
    """As `VectorDictionary`, but searched by a server.

    May be used from many threads. When the server cannot be asked, a query fails with an
    `EngineGoneError`; the next one tries again.

    Attributes:
        address: of the server, fit to be shown.
    """

    def __init__(self, address: str, folder: Path, manifest: Manifest, count: int) -> None:
        super().__init__(folder, manifest, [], ItemTable([]))
        self.address = address
        self._count = count
        self.parts = HeldParts(self, manifest.dim)
        self.index = None

    @abstractmethod
    def fetch_vectors(self, rows: list[int]) -> dict[int, NDArray[np.float32]]:
        """Row → (dim,) float32 for at most `COPIED_ROWS` rows."""

    @abstractmethod
    def fetch_items(self, rows: list[int]) -> dict[int, bytes]:
        """Row → its item as JSON, for at most `COPIED_ROWS` rows."""

    @abstractmethod
    def find_row(self, id: str) -> int | None:
        """The row of the picture with this id, if there is one."""

    @abstractmethod
    def nearest(self, query: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        """(row, cosine) of the k nearest or fewer, best first."""

    @abstractmethod
    def nearest_among(
        self, query: NDArray[np.float32], k: int, rows: NDArray[np.int64]
    ) -> list[tuple[int, float]]:
        """(row, cosine) of the k nearest of these rows, exactly, best first."""

    @abstractmethod
    def make_index(self, source: Parts, queries: NDArray[np.float32]) -> None:
        """Build the server's HNSW over the rows of `source`, which are those it holds.

        From then on searches may miss a picture, and are faster.

        Args:
            queries: (n, dim) float32, of the kind that will be asked.
        """

    @abstractmethod
    def set_effort(self, effort: int, measured: dict[str, Any]) -> None:
        """How many candidates a search of the index keeps, and what `tune` found of it."""

    @abstractmethod
    def drop_index(self) -> None:
        """Let searches read every vector again."""

    @abstractmethod
    def index_bytes(self) -> int:
        """What the index takes beside the vectors."""

    @abstractmethod
    def close(self) -> None:
        """Give the connection back; the next query opens another."""

    def __len__(self) -> int:
        return self._count

    @cached_property
    def items(self) -> ItemTable:
        """Fetched once, when first asked for."""
        return ItemTable([write_lines(self.items_of(range(len(self))))])

    def items_of(self, rows: Iterable[int]) -> list[Item]:
        """What is known about the pictures of these rows."""
        asked, known = [int(row) for row in rows], []
        for first in range(0, len(asked), COPIED_ROWS):
            block = asked[first : first + COPIED_ROWS]
            found = self.fetch_items(block)
            known += [read_line(found[row]) for row in block if row in found]
        return known

    def item(self, row: int) -> Item:
        """What is known about the picture of this row."""
        found = self.items_of([row])
        if not found:
            raise IndexError(f"row {row} of {len(self)}")
        return found[0]

    def row_of(self, id: str) -> int:
        """As `VectorDictionary.row_of`."""
        row = self.find_row(id)
        if row is None:
            raise UnknownPictureError(f"No picture has the id {id!r} in {self.address}.")
        return row

    def search(
        self, queries: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """As `VectorDictionary.search`; exactly, unless the server has an index."""
        checked = check_queries(queries, self.dim)
        width = min(check_k(k), len(self) if among is None else len(among))
        scores = np.empty((len(checked), width), np.float32)
        rows = np.empty((len(checked), width), np.int64)
        for index, query in enumerate(checked if width else ()):
            found = self.nearest(query, width) if among is None else []
            # An index may give no more than its effort; then everything is read.
            if len(found) < width:
                every = np.arange(len(self)) if among is None else among
                found = self.nearest_among(query, width, every)
            rows[index] = [row for row, _ in found]
            scores[index] = [score for _, score in found]
        return scores, rows


def write_folder(source: HeldDictionary, folder: Path) -> VectorDictionary:
    """Write what a server holds as a dictionary in the new or empty `folder`.

    Raises:
        DictionaryError: something is in `folder`, or the server is gone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if next_number(folder) > 1 or any(folder.iterdir()):
        raise DictionaryError(f"{folder} is not empty. Name a new folder.")
    fields = source.manifest
    manifest = Manifest(
        encoder_name=fields.encoder_name,
        fingerprint=fields.fingerprint,
        dim=fields.dim,
        source=fields.source,
        gallery=place_of(source.gallery, folder),
        square_padding=fields.square_padding,
        dtype=fields.dtype,
    )
    writer = DictionaryWriter(folder, manifest.save(folder))
    for first in range(0, len(source), COPIED_ROWS):
        rows = np.arange(first, min(first + COPIED_ROWS, len(source)))
        writer.append(source.parts.take(rows), source.items_of(rows.tolist()))
    writer.finish()
    return VectorDictionary.open(folder)
