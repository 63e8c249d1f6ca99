"""Exact nearest neighbours: matrix products over the stored vectors, and the best kept."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DictionaryError
from timanh.vectors.scan.kernel import multiply_half
from timanh.vectors.scan.topk import TopK, top_rows
from timanh.vectors.store.row_blocks import RowBlocks, VectorArray

# Scores of so many bytes at a time: they stay in the cache until the best are taken out.
BLOCK_BYTES = 8 * 1024 * 1024
# One product holds this many queries at most, so that a block has rows enough.
MOST_QUERIES = 256
# Reading everything in order is faster than picking this share of the rows.
WORTH_ALL = 0.2


def search_exact(
    vectors: VectorArray | RowBlocks,
    queries: NDArray[np.float32],
    k: int,
    among: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k rows of `vectors` with the highest dot product for each query, best first.

    Args:
        vectors: (N, dim) float32 or float16 rows of unit length, in one array or several.
        queries: (Q, dim) float32 rows of unit length, or (dim,) for a single one.
        k: how many; with k > N there are N columns.
        among: rows that may be found, rising; None for all. Then N is their number.

    Returns:
        scores (Q, min(k, N)) float32 cosines and rows (Q, min(k, N)) int64. Equal scores are
        in the order of their rows.

    Raises:
        DictionaryError: a query of another length, of length zero, or with NaN or infinity.
    """
    parts = vectors if isinstance(vectors, RowBlocks) else RowBlocks([vectors], vectors.shape[1])
    checked = check_queries(queries, parts.dim)
    width = min(check_k(k), len(parts) if among is None else len(among))
    scores = np.empty((len(checked), width), np.float32)
    rows = np.empty((len(checked), width), np.int64)
    if not width:
        return scores, rows
    if len(checked) == 1 and (among is None or len(among) > WORTH_ALL * len(parts)):
        scored = score_all(parts.stored, checked[0])
        if among is None:
            scored[parts.living.gone] = -np.inf
        else:
            scored = scored[parts.living.stored(among)]
        rows[0] = top_rows(scored, width)
        scores[0] = scored[rows[0]]
    else:
        for start in range(0, len(checked), MOST_QUERIES):
            some = checked[start : start + MOST_QUERIES]
            for index, best in enumerate(_best_of(parts, some, width, among), start):
                scores[index], rows[index] = best.scores, best.rows
    return scores, parts.living.counted(rows) if among is None else among[rows]


def score_all(parts: RowBlocks, query: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) float32 dot products with one (dim,) query; the vectors are read once."""
    scores = np.empty(len(parts), np.float32)
    first = 0
    for array in parts.arrays:
        target = scores[first : first + len(array)]
        first += len(array)
        if array.dtype == np.float16 and multiply_half(query, array, target):
            continue
        for row, block in RowBlocks([array], parts.dim).blocks(_block_rows(array)):
            # A product with a single vector transposes nothing and needs no other memory.
            np.dot(block, query, out=target[row : row + len(block)])
    return scores


def _best_of(
    parts: RowBlocks, queries: NDArray[np.float32], k: int, among: NDArray[np.int64] | None
) -> list[TopK]:
    """Stored rows; of `among`, places in it."""
    found = [TopK(k) for _ in queries]
    most = max(1, BLOCK_BYTES // (4 * len(queries)))
    stored = parts.stored.blocks(most) if among is None else _blocks_of(parts, among, most)
    for first, block in stored:
        products = queries @ block.T
        if among is None:
            products[:, parts.living.within(first, first + len(block))] = -np.inf
        for best, line in zip(found, products, strict=True):
            best.offer_block(line, first)
    return found


def _blocks_of(
    parts: RowBlocks, rows: NDArray[np.int64], most: int
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """As `RowBlocks.blocks`, of these rows only; copies of some MB at a time."""
    most = min(most, max(1, BLOCK_BYTES // (4 * parts.dim)))
    for first in range(0, len(rows), most):
        yield first, parts.take(rows[first : first + most])


def _block_rows(array: VectorArray) -> int | None:
    """float32 is multiplied without a copy; float16 is converted block by block."""
    return None if array.dtype == np.float32 else max(1, BLOCK_BYTES // (4 * array.shape[1]))


def check_k(k: int) -> int:
    """k as a plain int.

    Raises:
        DictionaryError: it is not a whole number of at least 1.
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise DictionaryError(f"k is {k!r}; a search needs a whole number of at least 1.")
    return int(k)


def check_queries(queries: NDArray[np.float32], dim: int) -> NDArray[np.float32]:
    """(Q, dim) float32, contiguous, from (Q, dim) or (dim,) of any real type.

    Raises:
        DictionaryError: another shape, no numbers, length zero, NaN or infinity.
    """
    try:
        checked = np.ascontiguousarray(queries, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DictionaryError(
            f"The query is not an array of numbers ({error}). Encode it with the dictionary's "
            "encoder."
        ) from error
    if checked.ndim == 1:
        checked = checked[None]
    if checked.ndim != 2 or checked.shape[1] != dim:
        raise DictionaryError(
            f"The query has the shape {np.shape(queries)}; this dictionary wants (Q, {dim}). "
            "Encode the query with the dictionary's own encoder."
        )
    lengths = np.einsum("ij,ij->i", checked, checked)
    bad = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
    if len(bad):
        raise DictionaryError(
            f"Query {bad[0]} has length zero, or numbers that are not finite, so nothing is "
            "near it. Encode it again, and check that the model was loaded whole."
        )
    return checked
