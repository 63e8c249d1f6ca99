"""Approximate search: an index of a well-kept library proposes rows, stored vectors score them.

Scores are therefore true cosines whatever the index is; what it may do is miss a picture. How
often it does is measured when it is built, on queries like those to come.
"""

import math
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from timanh.errors import SettingsError
from timanh.vectors.index import gpu
from timanh.vectors.index.coding import Coding
from timanh.vectors.index.graph import graph_coding
from timanh.vectors.scan.exact import check_k, check_queries, search_exact
from timanh.vectors.scan.topk import TopK
from timanh.vectors.store.removed import NO_ROWS
from timanh.vectors.store.row_blocks import RowBlocks

KINDS = ("gpu", "ivf", "hnsw")
ADDED_ROWS = 65_536
# Of how many of the vectors' numbers an IVF keeps one.
SHORTER = 2
# Asked for more than this share of everything, an index is no faster than reading it all.
TOO_MANY = 0.1
# Among the rows that an index proposes, so much of the share of living rows among all is enough.
ENOUGH = 0.75


class CandidateIndex(Protocol):
    """An index of some library over vectors of one length."""

    def add(self, vectors: NDArray[np.float32]) -> None: ...
    def find(self, queries: NDArray[np.float32], count: int, effort: int) -> NDArray[np.int64]:
        """(Q, count) rows, −1 where there are fewer; for `effort` see `SearchBudget`."""

    def write(self, file: Path) -> None: ...
    def bytes(self) -> int:
        """About what it takes in memory."""


@dataclass(frozen=True)
class SearchBudget:
    """How much of an index is looked at for one query.

    Attributes:
        effort: candidates of a graph, lists of an IVF; 0 where the index looks at everything.
        candidates: how many rows it proposes.
    """

    effort: int
    candidates: int

    def joined(self, other: "SearchBudget") -> "SearchBudget":
        """The more of both."""
        return SearchBudget(max(self.effort, other.effort), max(self.candidates, other.candidates))


@dataclass(frozen=True)
class QueryKind:
    """Distinguishes texts from pictures, which need more of an index that was made for texts.

    CLIP's pictures lie in a cone, and texts outside of it.

    Attributes:
        middle: (dim,) float32, the mean of the pictures.
        border: queries whose product with `middle` is at least so much are taken for pictures;
            those of a text and a picture together are as a rule.
    """

    middle: NDArray[np.float32]
    border: float

    @classmethod
    def between(cls, pictures: NDArray[np.float32], texts: NDArray[np.float32]) -> "QueryKind":
        """Of (n, dim) vectors of both kinds; all count as pictures where the two overlap."""
        middle = pictures.mean(axis=0)
        lower, upper = np.median(texts @ middle), np.median(pictures @ middle)
        # Products of unit vectors are never below −1.
        return cls(middle, float((lower + upper) / 2) if lower < upper else -1.0)

    def pictures(self, queries: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(Q,) whether each of (Q, dim) queries is one."""
        return np.asarray(np.vecdot(queries, self.middle) >= self.border)


@dataclass(frozen=True)
class Approximate:
    """An index over the first rows of a dictionary.

    Attributes:
        kind: "gpu", "hnsw" or "ivf".
        count: how many rows.
        candidates: the library's index.
        coding: how vectors are shortened for it; None where they are taken as they are.
        query_kind: which queries are pictures.
        for_texts, for_pictures: what is looked at.
    """

    kind: str
    count: int
    candidates: CandidateIndex
    coding: Coding | None
    query_kind: QueryKind
    for_texts: SearchBudget
    for_pictures: SearchBudget

    def __len__(self) -> int:
        return self.count

    def search(
        self, parts: RowBlocks, queries: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """As `search_exact`, but some of the nearest may be missing."""
        queries = check_queries(queries, parts.dim)
        parts = parts.head(self.count)
        k = min(check_k(k), len(parts))
        scores = np.empty((len(queries), k), np.float32)
        rows = np.empty((len(queries), k), np.int64)
        pictures = self.query_kind.pictures(queries)
        for budget, of_kind in ((self.for_texts, ~pictures), (self.for_pictures, pictures)):
            if of_kind.any():
                scores[of_kind], rows[of_kind] = self._search(parts, queries[of_kind], k, budget)
        return scores, rows

    def _search(
        self, parts: RowBlocks, queries: NDArray[np.float32], k: int, budget: SearchBudget
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        wanted = max(budget.candidates, 2 * k)
        if wanted > TOO_MANY * self.count:
            return search_exact(parts, queries, k)
        proposed = self._propose(parts, shortened(self.coding, queries), wanted, budget.effort)
        found = [self._best(parts, *pair, k) for pair in zip(queries, proposed, strict=True)]
        # A removed neighbourhood, a graph with an island, or an IVF with a short list.
        short = [index for index, best in enumerate(found) if not best.full]
        if short:
            exact = search_exact(parts, queries[short], k)
            for index, scores, rows in zip(short, *exact, strict=True):
                found[index].scores, found[index].rows = scores, parts.living.stored(rows)
        rows = parts.living.counted(np.stack([best.rows for best in found]))
        return np.stack([best.scores for best in found]), rows

    def _propose(
        self, parts: RowBlocks, queries: NDArray[np.float32], wanted: int, effort: int
    ) -> list[NDArray[np.int64]]:
        """Stored rows for each query, rising, about as many as without any that were removed.

        What an index finds is the less complete the farther from the query it is. So where a
        query's neighbourhood was removed, more rows are asked for, and of a graph with more
        effort, until removed ones are hardly more frequent among them than everywhere. A query
        has no rows at all where all might as well be read.
        """
        share = len(parts) / self.count
        found = [NO_ROWS] * len(queries)
        count = math.ceil(wanted / share)
        left = np.arange(len(queries))
        while len(left) and (share == 1 or count <= TOO_MANY * self.count):
            proposed = self.candidates.find(queries[left], count, _more(effort, count, wanted))
            again = []
            for index, rows in zip(left.tolist(), proposed, strict=True):
                # In rising order memory is read faster.
                rising = np.sort(rows[rows >= 0])
                living = parts.living.keep(rising)
                if len(living) >= ENOUGH * share * len(rising):
                    found[index] = living
                else:
                    again.append(index)
            left = np.array(again, np.int64)
            count *= 2
        return found

    def _best(
        self, parts: RowBlocks, query: NDArray[np.float32], rows: NDArray[np.int64], k: int
    ) -> TopK:
        best = TopK(k)
        best.add(np.vecdot(parts.stored.take(rows), query), rows)
        return best


def _more(effort: int, count: int, wanted: int) -> int:
    """The effort for `count` candidates, that was measured for `wanted`."""
    return -(-effort * count // wanted)


def shortened(coding: Coding | None, queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """Queries as the index takes them: turned, but not moved, so that products rank the same."""
    if coding is None:
        return queries
    return np.ascontiguousarray(queries @ coding.to_query)


def shortened_rows(coding: Coding | None, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows as the index takes them."""
    if coding is None:
        return np.ascontiguousarray(rows)
    return coding.rows(rows)


def build_candidates(
    kind: str, parts: RowBlocks, queries: NDArray[np.float32], threads: int
) -> tuple[CandidateIndex, Coding | None]:
    """An index over all rows stored in `parts`, for queries like the (n, dim) `queries`.

    Raises:
        SettingsError: the library is not installed, or there is no GPU or too small a one.
    """
    require_library(kind)
    coding = None
    if kind == "hnsw":
        coding = graph_coding(parts, queries)
    elif kind == "ivf":
        width = 2 * max(1, parts.dim // SHORTER // 2)
        coding = Coding.short(parts, width, queries, pairs=True)
    return _filled(_new(kind, parts, coding, threads), parts, coding), coding


def read_candidates(kind: str, file: Path, parts: RowBlocks) -> CandidateIndex:
    """What `write` wrote of an index over `parts`, mapped where the library can."""
    require_library(kind)
    if kind == "gpu":
        return _filled(_new(kind, parts, None, 0), parts, None)
    from timanh.vectors.index.faiss_index import FaissGraph, FaissLists

    return FaissGraph.read(file) if kind == "hnsw" else FaissLists.read(file)


def _new(kind: str, parts: RowBlocks, coding: Coding | None, threads: int) -> CandidateIndex:
    if kind == "gpu":
        return gpu.GpuScan(len(parts.stored), parts.dim, str(gpu.find_gpu()))
    if coding is None:
        raise ValueError(f"{kind} needs a coding")
    from timanh.vectors.index.faiss_index import FaissGraph, FaissLists

    made = FaissGraph if kind == "hnsw" else FaissLists
    return made.new(parts, coding, threads)


def _filled(index: CandidateIndex, parts: RowBlocks, coding: Coding | None) -> CandidateIndex:
    for _, block in parts.stored.blocks(ADDED_ROWS):
        index.add(shortened_rows(coding, block))
    return index


def is_installed(kind: str) -> bool:
    """Whether this machine has what `kind` needs."""
    if kind == "gpu":
        return gpu.find_gpu() is not None
    return find_spec("faiss") is not None


def require_library(kind: str) -> None:
    """Raises:
    SettingsError: what `kind` needs is not installed.
    """
    if is_installed(kind):
        return
    if kind == "gpu":
        raise SettingsError(
            "The search index 'gpu' needs a GPU that torch can use, and none was found.",
            cli="`timanh doctor` shows what torch sees; `timanh index tune` chooses another index.",
            notebook="Choose a runtime with a GPU, or tune the dictionary again.",
        )
    raise SettingsError(
        f"The search index {kind!r} needs faiss, which is not installed. Install it with "
        "`pip install faiss-cpu`.",
        cli="Or choose another with `timanh index tune`.",
        notebook="Or tune the dictionary again.",
    )
