"""Exact nearest neighbours: one matrix product, then a partial sort."""

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DictionaryError

# Scores of so many bytes at a time, so that many queries need little memory.
SCORE_BYTES = 128 * 1024 * 1024


def search_exact(
    vectors: NDArray[np.float32], queries: NDArray[np.float32], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k rows of `vectors` with the highest dot product for each query, best first.

    Args:
        vectors: (N, dim) float32 rows of unit length.
        queries: (Q, dim) float32 rows of unit length, or (dim,) for a single one.
        k: how many; with k > N there are N columns.

    Returns:
        scores (Q, min(k, N)) float32 cosines and rows (Q, min(k, N)) int64. Equal scores are
        in the order of their rows.

    Raises:
        DictionaryError: a query of another length, of length zero, or with NaN or infinity.
    """
    checked = check_queries(queries, vectors.shape[1])
    width = min(check_k(k), len(vectors))
    scores = np.empty((len(checked), width), np.float32)
    rows = np.empty((len(checked), width), np.int64)
    if not width:
        return scores, rows
    block = max(1, SCORE_BYTES // (4 * len(vectors)))
    for start in range(0, len(checked), block):
        part = checked[start : start + block]
        # A product with a single vector reads the matrix once and transposes nothing.
        products = (vectors @ part[0])[None] if len(part) == 1 else part @ vectors.T
        for index, line in enumerate(products, start):
            rows[index] = top_rows(line, width)
            scores[index] = line[rows[index]]
    return scores, rows


def top_rows(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Indices of the k highest of (N,) scores, 1 ≤ k ≤ N, best first, ties by index."""
    if k < len(scores):
        lowest = np.partition(scores, len(scores) - k)[len(scores) - k]
        candidates = np.flatnonzero(scores >= lowest)
    else:
        candidates = np.arange(len(scores))
    order = np.argsort(-scores[candidates], kind="stable")[:k]
    return candidates[order].astype(np.int64, copy=False)


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
            f"The query is no array of numbers ({error}). Encode it with the dictionary's encoder."
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
