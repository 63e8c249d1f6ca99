"""What is usual in a gallery: some of its vectors, spread over all of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timanh.vectors import Searchable

MOST = 1024


@dataclass(frozen=True)
class GallerySample:
    """Some pictures of a gallery.

    Attributes:
        rows: of the dictionary, rising.
        vectors: theirs, (n, dim) float32 of unit length, n ≤ 1,024.
        mean: (dim,) of these.
    """

    rows: NDArray[np.int64]
    vectors: NDArray[np.float32]
    mean: NDArray[np.float32]

    @classmethod
    def of(cls, dictionary: Searchable, most: int = MOST) -> "GallerySample":
        """`most` pictures at equal distances, or all."""
        count = len(dictionary)
        rows = np.unique(np.linspace(0, max(count - 1, 0), min(most, count)).astype(np.int64))
        vectors = dictionary.vectors_of(rows)
        mean = vectors.mean(0) if len(rows) else np.zeros(dictionary.dim, np.float32)
        return cls(rows, vectors, mean)

    def spread(self, vector: NDArray[np.float32]) -> float:
        """How much the products of a (dim,) vector with these pictures differ: their standard
        deviation."""
        return float((self.vectors @ vector).std()) if len(self.rows) else 0.0
