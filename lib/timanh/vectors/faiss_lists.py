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
from timanh.vectors.threads import at_once, cores

BITS = 4
# Fewer and longer lists than usual: texts lie far from all pictures, so many lists are read.
LISTS_PER_ROOT = 1 / 4
LEARNT_PER_LIST, LEARNT = 40, 40_000
ROUNDS = 8
# A thread is worth waking for so many rows.
SHARE_ROWS = 50_000


class FaissLists:
    """See `timanh.vectors.approximate.Proposer`."""

    def __init__(self, index: Any) -> None:
        self._index = index
        self._shares = 1

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
        near, lists = self._index.quantizer.search(queries, self._shares * self._index.nprobe)

        def part(share: int) -> Any:
            own, close = lists[:, share :: self._shares], near[:, share :: self._shares]
            return self._index.search_preassigned(queries, count, own, close)

        found = at_once(part, self._shares)
        if self._shares == 1:
            return np.asarray(found[0][1], np.int64)
        scores = np.concatenate([one[0] for one in found], axis=1)
        rows = np.concatenate([one[1] for one in found], axis=1)
        best = np.argpartition(scores, -count, axis=1)[:, -count:]
        return np.asarray(np.take_along_axis(rows, best, 1), np.int64)

    def set_effort(self, effort: int) -> None:
        """How many lists are read; threads share them out where they hold many rows."""
        lists = min(effort, self._index.nlist)
        rows = int(self._index.ntotal) * lists // self._index.nlist
        self._shares = max(1, min(cores(), rows // SHARE_ROWS, lists))
        self._index.nprobe = lists // self._shares

    def bytes(self) -> int:
        """Codes and numbers of rows."""
        return int(self._index.ntotal) * (int(self._index.d) * BITS // 8 + 8)

    def write(self, file: Path) -> None:
        faiss.write_index(self._index, str(file))
