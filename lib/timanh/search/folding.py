"""Near-duplicates in results: the best of them stays, the others are told as its doubles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Found:
    """A row with its score, and the rows folded into it."""

    row: int
    score: float
    doubles: tuple[int, ...] = ()


def fold_doubles(
    scores: NDArray[np.float32],
    rows: NDArray[np.int64],
    vectors: NDArray[np.float32],
    nearness: float,
) -> list[Found]:
    """Fold each row into the first better one whose cosine with it is at least `nearness`.

    Args:
        scores, rows: (n,), best first.
        vectors: (n, dim) float32 of unit length, of these rows.
    """
    near = vectors @ vectors.T >= nearness
    stays = np.zeros(len(rows), bool)
    doubles: dict[int, list[int]] = {}
    for place in range(len(rows)):
        better = np.flatnonzero(near[place, :place] & stays[:place])
        if len(better):
            doubles[int(better[0])].append(int(rows[place]))
        else:
            stays[place] = True
            doubles[place] = []
    return [Found(int(rows[one]), float(scores[one]), tuple(own)) for one, own in doubles.items()]
