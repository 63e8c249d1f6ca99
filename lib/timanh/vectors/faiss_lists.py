"""Lists of FAISS around centres (IVF) over shortened vectors, in four bits a number.

Four bits are looked up in registers, 32 rows at a time (André et al. 2015, “Cache locality is not
enough”), so reading half of the rows is cheap. What four bits cannot tell apart, eight do after.
"""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from timanh.vectors.coding import Coding
from timanh.vectors.parts import Parts

BITS = 4
# Fewer and longer lists than usual: texts lie far from all pictures, so many lists are read.
LISTS_PER_ROOT = 1 / 4
LEARNT_PER_LIST, LEARNT = 40, 40_000
ROUNDS = 8


def search(index: Any, queries: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """(Q, count) rows. A single query keeps to the thread that asks: FAISS would wake others for
    nothing, and they would spin on cores that the next step needs."""
    threads = faiss.omp_get_max_threads()
    if len(queries) == 1:
        faiss.omp_set_num_threads(1)
    try:
        return np.asarray(index.search(queries, count)[1], np.int64)
    finally:
        faiss.omp_set_num_threads(threads)


class FaissLists:
    """See `timanh.vectors.approximate.Proposer`."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def new(cls, parts: Parts, coding: Coding, threads: int) -> "FaissLists":
        """Over vectors that `coding` has moved to its mean, turned and cut."""
        faiss.omp_set_num_threads(threads)
        width = coding.width
        count = int(2 ** np.round(np.log2(LISTS_PER_ROOT * np.sqrt(len(parts)))))
        count = max(1, min(count, len(parts) // LEARNT_PER_LIST))
        index = faiss.IndexIVFPQFastScan(
            faiss.IndexFlatIP(width), width, count, width, BITS, faiss.METRIC_INNER_PRODUCT
        )
        index.by_residual = False
        index.cp.niter = ROUNDS
        learnt = parts.sample(max(LEARNT, LEARNT_PER_LIST * count))
        index.train(np.asarray((learnt - coding.mean) @ coding.to_row, np.float32))
        return cls(index)

    @classmethod
    def read(cls, file: Path) -> "FaissLists":
        return cls(faiss.read_index(str(file)))

    def add(self, vectors: NDArray[np.float32]) -> None:
        self._index.add(vectors)

    def find(self, queries: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        return search(self._index, queries, count)

    def set_effort(self, effort: int) -> None:
        """How many lists are read."""
        self._index.nprobe = min(effort, self._index.nlist)

    def bytes(self) -> int:
        """Codes and numbers of rows."""
        return int(self._index.ntotal) * (int(self._index.d) * BITS // 8 + 8)

    def write(self, file: Path) -> None:
        faiss.write_index(self._index, str(file))
