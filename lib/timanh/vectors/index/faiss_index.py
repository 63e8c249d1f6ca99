"""What indexes of FAISS have in common."""

from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
from numpy.typing import NDArray

# Its type hints leave out the parameters of a search.
untyped: Any = faiss


class FaissIndex:
    """See `timanh.vectors.index.approximate.CandidateIndex`."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def read(cls, file: Path) -> Self:
        return cls(faiss.read_index(str(file)))

    def write(self, file: Path) -> None:
        faiss.write_index(self._index, str(file))

    def add(self, vectors: NDArray[np.float32]) -> None:
        self._index.add(vectors)

    def find(self, queries: NDArray[np.float32], count: int, effort: int) -> NDArray[np.int64]:
        """(Q, count) rows. A single query keeps to the thread that asks: FAISS would wake others
        for nothing, and they would spin on cores that the next step needs."""
        threads = faiss.omp_get_max_threads()
        if len(queries) == 1:
            faiss.omp_set_num_threads(1)
        try:
            found = self._index.search(queries, count, params=self._parameters(effort))[1]
            return np.asarray(found, np.int64)
        finally:
            faiss.omp_set_num_threads(threads)

    def _parameters(self, effort: int) -> Any:
        """What FAISS calls the effort of one search."""
        raise NotImplementedError
