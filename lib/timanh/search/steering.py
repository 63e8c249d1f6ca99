"""A query steered by pictures that were liked, and by what is not wanted.

J. J. Rocchio: Relevance feedback in information retrieval, in The SMART Retrieval System, 1971.
"""

import numpy as np
from numpy.typing import NDArray

from timanh.errors import EmptyQueryError, QueryError
from timanh.search.query import EMPTY, SHORTEST

TOWARDS = 0.75
AWAY = 0.25
WITHOUT = 0.5


def steer(
    query: NDArray[np.float32] | None,
    like: NDArray[np.float32],
    unlike: NDArray[np.float32],
    without: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """query + 0.75 · mean(like) − 0.25 · mean(unlike) − 0.5 · without, at unit length.

    Args:
        query: (dim,) of unit length; None where only `like` asks.
        like, unlike: (n, dim) rows of unit length, n ≥ 0.
        without: (dim,) of unit length, the text that is not wanted.

    Raises:
        EmptyQueryError: neither `query` nor `like`.
        QueryError: what is wanted and what is not cancel each other out.
    """
    if query is None and not len(like):
        raise EmptyQueryError(EMPTY)
    if query is not None and not len(like) and not len(unlike) and without is None:
        return query
    mixed = np.zeros_like(like[0] if query is None else query, np.float64)
    for vector, weight in (
        (query, 1.0),
        (like.mean(axis=0) if len(like) else None, TOWARDS),
        (unlike.mean(axis=0) if len(unlike) else None, -AWAY),
        (without, -WITHOUT),
    ):
        if vector is not None:
            mixed += weight * vector
    length = float(np.linalg.norm(mixed))
    if length < SHORTEST:
        raise QueryError(
            "What is wanted and what is not cancel each other out, so no picture is near it. "
            "Change the words or the pictures."
        )
    return (mixed / length).astype(np.float32)
