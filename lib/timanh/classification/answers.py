"""What became of one picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timanh.models.zero_shot import NONE


@dataclass(frozen=True)
class Answer:
    """A picture with its labels.

    Attributes:
        path: in the gallery, with slashes.
        labels: those that fit: one, or with several labels at once as many as reach the
            threshold; "none of these" alone where none does.
        ranked: answers with their probabilities, 0..1, the likeliest first.
    """

    path: str
    labels: tuple[str, ...]
    ranked: tuple[tuple[str, float], ...]

    @property
    def label(self) -> str:
        """The first of the labels."""
        return self.labels[0]

    @property
    def probability(self) -> float:
        """Of the first label; of "none of these" by several labels, 1 − the likeliest."""
        found = dict(self.ranked).get(self.label)
        return 1 - self.ranked[0][1] if found is None else found


def answer_for(
    path: str,
    shares: NDArray[np.float32],
    answers: Sequence[str],
    *,
    multi: bool = False,
    threshold: float = 0.5,
    top: int | None = None,
) -> Answer:
    """The answer for one row of probabilities.

    Args:
        shares: (A,) of `answers`.
        multi: each label by itself: all that reach `threshold` fit.
        top: keep so many of the likeliest; None for all.
    """
    order = np.argsort(-shares, kind="stable")
    kept = order if top is None else order[:top]
    ranked = tuple((answers[row], round(float(shares[row]), 6)) for row in kept)
    if multi:
        fitting = tuple(answers[row] for row in order if shares[row] >= threshold)
        return Answer(path, fitting or (NONE,), ranked)
    return Answer(path, (answers[order[0]],), ranked)
