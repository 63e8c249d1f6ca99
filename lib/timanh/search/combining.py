"""The vector of a query: of its text, its pictures, what was liked, and what is not wanted.

J. J. Rocchio: Relevance feedback in information retrieval, in The SMART Retrieval System, 1971.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from timanh.errors import ContradictionError, EmptyQueryError, QueryError
from timanh.search.query import ALPHA, EMPTY, check_alpha
from timanh.search.sample import GallerySample

# Below this length, a sum of unit vectors is the rounding error of vectors that cancel out.
SHORTEST = 1e-4
# Where only pictures ask.
TOWARDS, AWAY = 0.75, 0.25
# Beside a query, for each picture and at most for all, in standard deviations of its scores.
# Chosen and judged on drawn scenes by benchmarks/steering.py: with more, fewer pictures are right.
NUDGE_TOWARDS, NUDGE_AWAY, MOST_NUDGE = 0.06, 0.15, 0.25
WITHOUT = 0.5


def combine_query(
    text: NDArray[np.float32] | None,
    images: NDArray[np.float32] | Sequence[NDArray[np.float32]] | None,
    alpha: float = ALPHA,
) -> NDArray[np.float32]:
    """One unit vector for a text, pictures, or both.

    With t the text's vector and p the mean of the pictures' vectors at unit length:
    alpha · t + (1 − alpha) · p, at unit length. With only one of the two, alpha says nothing.

    Args:
        text: (dim,) float32 of unit length, or None.
        images: (n, dim) or (dim,) float32 rows of unit length, or None or n = 0.
        alpha: 0..1.

    Returns:
        (dim,) float32 of unit length.

    Raises:
        EmptyQueryError: neither text nor picture.
        QueryError: alpha outside 0..1, vectors of different lengths or not finite, or vectors
            that cancel each other out.

    Example:
        >>> combine_query(np.array([1, 0], np.float32), np.array([[0, 1]], np.float32), 0.6)
        array([0.8320503, 0.5547002], dtype=float32)
    """
    weight = check_alpha(alpha)
    words = None if text is None else _unit(np.asarray(text, np.float64).reshape(-1), "The text")
    pictures = None if images is None or not len(images) else _mean(images)
    if words is None and pictures is None:
        raise EmptyQueryError(EMPTY)
    if words is None or pictures is None:
        only = pictures if words is None else words
        return np.asarray(only, np.float32)
    if words.shape != pictures.shape:
        raise QueryError(
            f"The text's vector has {len(words)} numbers, the picture's {len(pictures)}. Encode "
            "both with the same encoder."
        )
    mixed = weight * words + (1 - weight) * pictures
    return _unit(mixed, "The mix of text and picture").astype(np.float32)


def steer(
    query: NDArray[np.float32] | None,
    like: NDArray[np.float32],
    unlike: NDArray[np.float32],
    without: NDArray[np.float32] | None = None,
    usual: GallerySample | None = None,
) -> NDArray[np.float32]:
    """The query moved towards what was liked and away from what was not, at unit length.

    Where only pictures ask: 0.75 · mean(like) − 0.25 · mean(unlike) − 0.5 · without.

    Beside a query they nudge: query + a · s · (mean(like) − usual) − b · s′ · (mean(unlike) −
    usual) − 0.5 · without. What counts of a picture is what sets it apart in its gallery, and s
    makes the scores for that differ over the gallery as much as those for the query do. So the
    query decides, whether its words or its pictures ask: products of pictures are far larger than
    those of words with pictures, and would drown the words.

    Args:
        query: (dim,) of unit length; None where only `like` asks.
        like, unlike: (n, dim) rows of unit length, n ≥ 0.
        without: (dim,) of unit length, the text that is not wanted.
        usual: pictures of the gallery; wanted where there is a query.

    Raises:
        EmptyQueryError: neither `query` nor `like`.
        QueryError: the sum is shorter than 1e-4: its parts cancel each other out.
    """
    if query is None and not len(like):
        raise EmptyQueryError(EMPTY)
    if query is not None and not len(like) and not len(unlike) and without is None:
        return query
    mixed = np.zeros_like(like[0] if query is None else query, np.float64)
    if query is not None:
        mixed += query
    if without is not None:
        mixed -= WITHOUT * without
    for pictures, alone, each in (
        (like, TOWARDS, NUDGE_TOWARDS),
        (unlike, -AWAY, -NUDGE_AWAY),
    ):
        if not len(pictures):
            continue
        vector = pictures.mean(axis=0)
        if query is None or usual is None:
            mixed += alone * vector
            continue
        vector = vector - usual.mean
        weight = max(-MOST_NUDGE, min(MOST_NUDGE, each * len(pictures)))
        mixed += weight * usual.spread(query) / max(usual.spread(vector), SHORTEST) * vector
    return _unit(mixed, "The mix of what is wanted and what is not").astype(np.float32)


def _mean(images: NDArray[np.float32] | Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    rows = np.atleast_2d(np.asarray(images, np.float64))
    units = np.stack([_unit(row, "A picture") for row in rows])
    return _unit(units.mean(axis=0), "The mean of the pictures")


def _unit(vector: NDArray[np.float64], what: str) -> NDArray[np.float64]:
    length = float(np.linalg.norm(vector))
    if not math.isfinite(length):
        raise QueryError(f"{what} became numbers that are not finite. Check the model's weights.")
    if length < SHORTEST:
        raise ContradictionError(
            f"{what} cancels out to nothing, so no picture is near it. Change the words, the "
            "pictures, or alpha."
        )
    return vector / length
