"""Lists of FAISS around centres (IVF) over shortened vectors, in four bits a number.

Four bits are looked up in registers, 32 rows at a time (André et al. 2015, “Cache locality is not
enough”), so reading half of the rows is cheap. What four bits cannot tell apart, eight do after.
"""

import faiss
import numpy as np

from timanh.vectors.coding import Coding
from timanh.vectors.faiss_index import FaissIndex
from timanh.vectors.parts import Parts

BITS = 4
# Fewer and longer lists than usual: texts lie far from all pictures, so many lists are read.
LISTS_PER_ROOT = 1 / 4
LEARNT_PER_LIST, LEARNT = 40, 40_000
ROUNDS = 8


class FaissLists(FaissIndex):
    """See `timanh.vectors.approximate.Proposer`."""

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

    def set_effort(self, effort: int) -> None:
        """How many lists are read."""
        self._index.nprobe = min(effort, self._index.nlist)

    def bytes(self) -> int:
        """Codes and numbers of rows."""
        return int(self._index.ntotal) * (int(self._index.d) * BITS // 8 + 8)
