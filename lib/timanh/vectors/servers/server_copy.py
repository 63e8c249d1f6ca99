"""A dictionary whose vectors a server holds a copy of: what all such servers have in common.

The folder stays the place where pictures come and go, and where what is known about them is
looked up; the server searches the vectors.
"""

import hashlib
import json
from abc import abstractmethod
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DictionaryError
from timanh.models.encoder import Encoder
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.scan.exact import check_k, check_queries, search_exact
from timanh.vectors.scan.searchable import Searchable
from timanh.vectors.servers.copied_rows import CopiedRows
from timanh.vectors.store.items import Item
from timanh.vectors.store.manifest import Manifest
from timanh.workspace import readable

# Of an index, that `tune` tries; more than 1,000 pgvector does not take.
EFFORTS = (40, 80, 120, 160, 180, 200, 215, 230, 250, 300, 400, 600, 1000)

# (row, cosine) of what was found for one query, best first.
Found = list[tuple[int, float]]


class ServerCopy(Searchable):
    """A copy follows the dictionary: what an edit adds and removes is added and removed there, and
    who still has an earlier state open searches that in the folder. When the server does not
    answer, a query fails with an `EngineGoneError`; the next one tries again.

    Attributes:
        dictionary: what is copied, as it was when this was opened.
        address: of the server, without its password.
        copied: which rows the copy has; None of a version that numbered them as the dictionary
            does.
    """

    kind: ClassVar[str]
    # Whether the server can read every vector while it has an index.
    scans_beside_index: ClassVar[bool]

    def __init__(self, dictionary: VectorDictionary, engine: str, address: str) -> None:
        self.dictionary = dictionary
        self.engine = engine
        self.address = address
        self.folder, self.gallery = dictionary.folder, dictionary.gallery
        self.dim, self.items = dictionary.dim, dictionary.items
        self.copied: CopiedRows | None = None

    @abstractmethod
    def nearest(self, queries: NDArray[np.float32], k: int, *, exact: bool) -> list[Found]:
        """For each of (Q, dim) queries the k nearest; fewer only where an index finds no more.

        Args:
            exact: read every vector even where there is an index.
        """

    @abstractmethod
    def nearest_among(
        self, queries: NDArray[np.float32], k: int, rows: NDArray[np.int64]
    ) -> list[Found]:
        """For each of (Q, dim) queries the k nearest of these rows, exactly."""

    @abstractmethod
    def make_index(self, queries: NDArray[np.float32]) -> None:
        """Build the server's HNSW over all rows.

        From then on searches may miss a picture, and are faster.

        Args:
            queries: (n, dim) float32, like those to come.
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
        return len(self.dictionary)

    def vectors_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.dictionary.vectors_of(rows)

    def load_encoder(self, model: str | Path | None = None, *, device: str = "auto") -> Encoder:
        return self.dictionary.load_encoder(model, device=device)

    def require(self, encoder: Encoder) -> None:
        self.dictionary.require(encoder)

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        among: NDArray[np.int64] | None = None,
        *,
        exact: bool = False,
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """As `Searchable.search`."""
        checked = check_queries(queries, self.dim)
        width = min(check_k(k), len(self) if among is None else len(among))
        scores = np.empty((len(checked), width), np.float32)
        rows = np.empty((len(checked), width), np.int64)
        if not scores.size:
            return scores, rows
        if among is None:
            answers = self.nearest(checked, width, exact=exact)
        else:
            answers = self.nearest_among(checked, width, among)
        for place, found in enumerate(answers):
            # An index may give no more than its effort; then everything is read.
            if len(found) < width and among is None and not exact:
                found = self.nearest(checked[place : place + 1], width, exact=True)[0]
            if len(found) < width:
                raise DictionaryError(
                    f"{self.address} found {len(found)} of {width} pictures: rows of its copy are "
                    "gone. Delete the copy; the next search makes it again."
                )
            rows[place] = [row for row, _ in found]
            scores[place] = [score for _, score in found]
        return scores, rows

    def numbers(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """What the copy calls these rows."""
        return rows if self.copied is None else self.copied.numbers(rows)

    def to_rows(self, found: Found) -> Found:
        """(row, cosine) of (number in the copy, cosine)."""
        if self.copied is None or not found:
            return found
        rows = self.copied.rows(np.array([number for number, _ in found], np.int64))
        return list(zip(rows.tolist(), (score for _, score in found), strict=True))

    def search_folder(
        self, queries: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> list[Found]:
        """The same from the vectors in the folder, exactly."""
        scores, rows = search_exact(self.dictionary.parts, queries, k, among)
        pairs = zip(rows.tolist(), scores.tolist(), strict=True)
        return [list(zip(*pair, strict=True)) for pair in pairs]


def machine_captions(item: Item) -> list[dict[str, str]]:
    """What machines wrote about a picture, fit for any database."""
    return [{name: readable(text) for name, text in asdict(each).items()} for each in item.machine]


def state_of(manifest: Manifest) -> str:
    """32 hex digits that differ wherever vectors, or what is known about pictures, do."""
    fields = manifest.to_json()
    stored = [manifest.fingerprint, manifest.dim, manifest.dtype, fields["segments"]]
    text = json.dumps(stored, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
