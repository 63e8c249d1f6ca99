"""The highest of many scores: without sorting, or even partitioning, all of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[Any]

# Maxima of groups of at least so many scores stand for them when a threshold is looked for; of so
# many groups for each that is wanted, so that the best rarely share one.
GROUP, GROUPS = 16, 64


def top_rows(scores: Scores, k: int) -> NDArray[np.int64]:
    """Indices of the k highest of (N,) scores, 1 ≤ k ≤ N, best first, ties by index."""
    candidates = rows_above(scores, lower_bound(scores, k))
    order = np.argsort(-scores[candidates], kind="stable")[:k]
    return candidates[order]


def lower_bound(scores: Scores, k: int) -> Any:
    """A score that at least k of (N,) scores reach, and not many more; 1 ≤ k ≤ N.

    The k-th highest maximum of groups of scores is such a one. Finding it reads the scores once
    and partitions few of them, which is some ten times faster than partitioning all.
    """
    columns = min(len(scores) // GROUP, GROUPS * k)
    if columns < 4 * k:
        return np.partition(scores, len(scores) - k)[len(scores) - k]
    rows = len(scores) // columns
    maxima = scores[: rows * columns].reshape(rows, columns).max(axis=0)
    return np.partition(maxima, columns - k)[columns - k]


def rows_above(scores: Scores, lowest: Any) -> NDArray[np.int64]:
    """Indices of the scores of at least `lowest`, in order."""
    return np.flatnonzero(scores >= lowest).astype(np.int64, copy=False)


class TopK:
    """The k best (score, row) pairs of one query so far, as blocks of rows go by in order.

    Attributes:
        scores, rows: best first; equal scores in the order of their rows.
    """

    def __init__(self, k: int) -> None:
        self.k = k
        self.scores = np.empty(0, np.float32)
        self.rows = np.empty(0, np.int64)

    @property
    def full(self) -> bool:
        return len(self.rows) == self.k

    def offer_block(self, scores: NDArray[np.float32], first: int) -> None:
        """Take in the (n,) float32 scores of rows first, first + 1, …"""
        if not self.full:
            found = top_rows(scores, min(self.k, len(scores)))
        else:
            # A later row with the same score as the k-th comes behind it, so it is left out.
            found = np.flatnonzero(scores > self.scores[-1])
            if not len(found):
                return
            if len(found) > self.k:
                found = found[top_rows(scores[found], self.k)]
        self.add(scores[found], found + first)

    def add(self, scores: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
        """Take in pairs of rows that were not seen before."""
        scores = np.concatenate([self.scores, scores])
        rows = np.concatenate([self.rows, rows])
        order = np.lexsort((rows, -scores))[: self.k]
        self.scores, self.rows = scores[order], rows[order]


def merge(
    one: tuple[NDArray[np.float32], NDArray[np.int64]],
    other: tuple[NDArray[np.float32], NDArray[np.int64]],
    k: int,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k best of two answers, each (Q, ≤ k) scores and rows, to the same queries."""
    scores = np.concatenate([one[0], other[0]], axis=1)
    rows = np.concatenate([one[1], other[1]], axis=1)
    order = np.lexsort((rows, -scores))[:, :k]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(rows, order, 1)
