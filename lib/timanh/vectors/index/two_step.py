"""Exact results in two steps: a scan of eight-bit codes, then the few that may count in float32.

The scan gives each row a score that is off by at most a known margin. Rows that the margin
leaves possible are scored again with the stored vectors; the others cannot be among the best k.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.index.layer import CodedQuery, Layer
from timanh.vectors.scan.exact import check_k, check_queries, search_exact
from timanh.vectors.scan.kernel import Products, kernel_is_exact, multiply
from timanh.vectors.scan.topk import TopK, lower_bound, rows_above
from timanh.vectors.store.row_blocks import RowBlocks

# Products of so many bytes at a time where there are many queries.
BLOCK_BYTES = 32 * 1024 * 1024
# Scored at once to learn how good the k-th best must be.
FIRST_LOOK = 16
# With more candidates than this share of the rows, reading them all in order is faster.
TOO_MANY = 0.1
# For what a short coding leaves out: a normal rest is further off once in a thousand million.
DEVIATIONS = 6.0
# What stands for the product of a removed row: lower than any.
LOWEST = np.iinfo(np.int32).min


class _Memory(threading.local):
    """For products, one piece a thread, kept: fresh memory costs as much time as the products."""

    numbers = np.empty(0, np.int32)

    def of(self, count: int) -> NDArray[np.int32]:
        if len(self.numbers) < count:
            self.numbers = np.empty(count, np.int32)
        return self.numbers[:count]


_memory = _Memory()


@dataclass(frozen=True)
class TwoStep:
    """Codes of the first rows of a dictionary.

    Attributes:
        fine: a whole coding.
        coarse: a short one that is scanned in its place; then `fine` thins out what it leaves.
        deviations: how far a query allows for what `coarse` leaves out.
    """

    fine: Layer
    coarse: Layer | None = None
    deviations: float = DEVIATIONS

    @property
    def proven(self) -> bool:
        """Whether results are those of a full search for certain, not only as far as measured."""
        return self.coarse is None

    @property
    def scanned(self) -> Layer:
        """The layer that every query reads from end to end."""
        return self.coarse or self.fine

    def __len__(self) -> int:
        return len(self.fine.codes)

    def search(
        self, parts: RowBlocks, queries: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """As `search_exact` over the rows that have codes; scores are of the stored vectors."""
        queries = check_queries(queries, parts.dim)
        parts = parts.head(len(self))
        width = min(check_k(k), len(parts))
        if not width or not kernel_is_exact():
            return search_exact(parts, queries, k)
        coded = [self.scanned.encode_query(query, self.deviations) for query in queries]
        found = [TopK(width) for _ in coded]
        given_up: set[int] = set()
        for first, products in self._products(coded):
            removed = parts.living.within(first, first + products.shape[1])
            products[:, removed] = LOWEST
            for index, line in enumerate(products):
                if index in given_up:
                    continue
                done = self._look(parts, queries[index], coded[index], line, first, found[index])
                if not done:
                    found[index] = self._all(parts, queries[index], width)
                    given_up.add(index)
        rows = parts.living.counted(np.stack([best.rows for best in found]))
        return np.stack([best.scores for best in found]), rows

    def _all(self, parts: RowBlocks, query: NDArray[np.float32], k: int) -> TopK:
        """Read every vector: the codes say too little, as where most rows are alike."""
        scores, rows = search_exact(parts, query, k)
        best = TopK(k)
        best.add(scores[0], parts.living.stored(rows[0]))
        return best

    def _products(self, coded: Sequence[CodedQuery]) -> Iterator[tuple[int, Products]]:
        if len(coded) == 1:
            yield 0, multiply(coded[0].codes, self.scanned.codes)
            return
        queries = np.concatenate([one.codes for one in coded])
        step = max(4096, BLOCK_BYTES // (4 * len(coded)))
        for first in range(0, len(self), step):
            codes = self.scanned.codes[first : first + step]
            out = _memory.of(len(coded) * len(codes)).reshape(len(coded), -1)
            yield first, multiply(queries, codes, out)

    def _look(
        self,
        parts: RowBlocks,
        query: NDArray[np.float32],
        coded: CodedQuery,
        line: NDArray[Any],
        first: int,
        best: TopK,
    ) -> bool:
        """Put into `best` the stored rows that count in a block; False where too many might."""
        living, vectors = parts.living, parts.stored
        most = int(TOO_MANY * len(self)) + 10 * best.k + FIRST_LOOK
        seen = None
        if not best.full:
            seen = lower_bound(line, min(len(line), max(best.k, FIRST_LOOK)))
            rows = living.keep(rows_above(line, seen) + first)
            if len(rows) > most:
                return False
            best.add(np.vecdot(vectors.take(rows), query), rows)
        score = float(best.scores[-1])
        lowest = coded.product_at(score) if best.full else int(line.min())
        if seen is not None and lowest >= seen:
            return True
        rows = rows_above(line, lowest)
        if len(rows) > most:
            return False
        if seen is not None:
            rows = rows[line[rows] < seen]
        rows = living.keep(rows + first)
        if best.full and self.coarse is not None:
            rows = self.fine.possible(query, rows, score)
        if len(rows):
            best.add(np.vecdot(vectors.take(rows), query), rows)
        return True
