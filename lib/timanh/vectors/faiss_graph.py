"""A graph of FAISS (HNSW) over all numbers, in eight bits each."""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from timanh.vectors.parts import Parts

NEIGHBOURS, EXPANSION_ADD = 32, 100
LEARNT = 20_000


class FaissGraph:
    """See `timanh.vectors.approximate.Proposer`."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def new(cls, parts: Parts, threads: int) -> "FaissGraph":
        faiss.omp_set_num_threads(threads)
        bits: Any = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexHNSWSQ(parts.dim, bits, NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = EXPANSION_ADD
        index.train(parts.sample(LEARNT))
        return cls(index)

    @classmethod
    def read(cls, file: Path) -> "FaissGraph":
        return cls(faiss.read_index(str(file)))

    def add(self, vectors: NDArray[np.float32]) -> None:
        self._index.add(vectors)

    def find(self, queries: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        return np.asarray(self._index.search(queries, count)[1], np.int64)

    def set_effort(self, effort: int) -> None:
        self._index.hnsw.efSearch = effort

    def bytes(self) -> int:
        """Codes, and the graph's links."""
        return int(self._index.ntotal) * (int(self._index.d) + 2 * NEIGHBOURS * 4)

    def write(self, file: Path) -> None:
        faiss.write_index(self._index, str(file))
