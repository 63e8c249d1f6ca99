"""Exact results in two steps: a scan of eight-bit codes, then the few that may count in float32.

The scan gives each row a score that is off by at most a known margin. Rows that the margin
leaves possible are scored again with the stored vectors; the others cannot be among the best k.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.coded_query import CodedQuery, encode_query
from timanh.vectors.coding import Bounds, Coding, kernel_is_exact, multiply
from timanh.vectors.exact import check_k, check_queries, search_exact
from timanh.vectors.parts import Parts
from timanh.vectors.topk import Best, lower_bound, rows_above

ENCODED_ROWS = 16_384
# Products of so many bytes at a time where there are many queries.
BLOCK_BYTES = 8 * 1024 * 1024
# Scored at once to learn how good the k-th best must be.
FIRST_LOOK = 16
# With more candidates than this share of the rows, reading them all in order is faster.
TOO_MANY = 0.1
# For what the rest of a cut basis adds: a normal one is further off once in 3.5 million rows.
DEVIATIONS = 5.0


@dataclass(frozen=True)
class TwoStep:
    """Codes of the first rows of a dictionary.

    Attributes:
        codes: (n, cut) int8, which each query reads; mapped or in memory.
        rest: (n, dim − cut) int8, read for candidates only; no columns where the basis is whole.
        coding, bounds: how they were made, and what they are off by.
        deviations: how far a query allows for the rest.
    """

    codes: NDArray[np.int8]
    rest: NDArray[np.int8]
    coding: Coding
    bounds: Bounds
    deviations: float = DEVIATIONS

    @property
    def proven(self) -> bool:
        """Whether results are those of a full search for certain, not only as far as measured."""
        return self.coding.cut == self.coding.dim

    @classmethod
    def build(cls, parts: Parts, cut: int | None = None) -> "TwoStep":
        """Codes of all rows of `parts`, in memory."""
        coding = Coding.fit(parts, cut)
        codes = np.empty((len(parts), coding.cut), np.int8)
        rest = np.empty((len(parts), parts.dim - coding.cut), np.int8)
        bounds = fill(parts, coding, codes, rest)
        return cls(codes, rest, coding, bounds)

    def __len__(self) -> int:
        return len(self.codes)

    def search(
        self, parts: Parts, queries: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """As `search_exact` over the rows that have codes; scores are of the stored vectors."""
        queries = check_queries(queries, parts.dim)
        width = min(check_k(k), len(self))
        if not width or not kernel_is_exact():
            return search_exact(parts.head(len(self)), queries, k)
        asked = [encode_query(q, self.coding, self.bounds, self.deviations) for q in queries]
        found = [Best(width) for _ in asked]
        given_up: set[int] = set()
        for first, products in self._products(asked):
            for index, line in enumerate(products):
                if index in given_up:
                    continue
                if not self._look(parts, asked[index], line, first, found[index]):
                    found[index] = self._all(parts, queries[index], width)
                    given_up.add(index)
        return np.stack([best.scores for best in found]), np.stack([best.rows for best in found])

    def _all(self, parts: Parts, query: NDArray[np.float32], k: int) -> Best:
        """Read every vector: the codes tell too little, as where most rows are alike."""
        scores, rows = search_exact(parts.head(len(self)), query, k)
        best = Best(k)
        best.add(scores[0], rows[0])
        return best

    def _products(self, asked: Sequence[CodedQuery]) -> Iterator[tuple[int, NDArray[np.int32]]]:
        if len(asked) == 1:
            yield 0, multiply(asked[0].codes, self.codes)
            return
        queries = np.concatenate([one.codes for one in asked])
        step = max(4096, BLOCK_BYTES // (4 * len(asked)))
        for first in range(0, len(self), step):
            yield first, multiply(queries, self.codes[first : first + step])

    def _look(
        self, parts: Parts, asked: CodedQuery, line: NDArray[np.int32], first: int, best: Best
    ) -> bool:
        """Put into `best` what counts in a block; False where too many rows might."""
        most = int(TOO_MANY * len(self)) + 10 * best.k + FIRST_LOOK
        seen = None
        if not best.full:
            seen = lower_bound(line, min(len(line), max(best.k, FIRST_LOOK)))
            rows = rows_above(line, seen)
            if len(rows) > most:
                return False
            best.add(parts.take(rows + first) @ asked.query, rows + first)
        lowest = asked.product_at(float(best.scores[-1])) if best.full else int(line.min())
        if seen is not None and lowest >= seen:
            return True
        rows = rows_above(line, lowest)
        if len(rows) > most:
            return False
        if seen is not None:
            rows = rows[line[rows] < seen]
        if best.full and self.rest.shape[1]:
            refined = asked.refined(line[rows], self.rest[rows + first])
            rows = rows[refined >= best.scores[-1] - asked.margin_rest]
        if len(rows):
            best.add(parts.take(rows + first) @ asked.query, rows + first)
        return True


def fill(parts: Parts, coding: Coding, codes: NDArray[np.int8], rest: NDArray[np.int8]) -> Bounds:
    """Write the codes of all rows into the two arrays."""
    bounds = Bounds()
    for first, block in parts.blocks(ENCODED_ROWS):
        coded, worst = coding.encode(block)
        codes[first : first + len(block)] = coded[:, : coding.cut]
        rest[first : first + len(block)] = coded[:, coding.cut :]
        bounds = bounds.join(worst)
    return bounds
