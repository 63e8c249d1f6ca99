"""Lists of FAISS around centres (IVF), with what is left of each shortened vector in few bits.

What a vector differs from its centre in is coded in four bits for two numbers, and looked up in
registers, 32 rows at a time (André et al. 2015, “Cache locality is not enough”): a twentieth of
what the stored vectors take is read of the lists that a query asks for.
"""

from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from timanh.vectors.index.coding import Coding
from timanh.vectors.index.faiss_index import FaissIndex, untyped
from timanh.vectors.store.row_blocks import RowBlocks

BITS, NUMBERS = 4, 2
# Fewer and longer lists than usual: texts lie far from all pictures, so many lists are read.
LISTS_PER_ROOT = 1 / 4
LEARNT_PER_LIST, LEARNT = 40, 40_000
ROUNDS = 8


class FaissLists(FaissIndex):
    """See `timanh.vectors.index.approximate.CandidateIndex`."""

    @classmethod
    def new(cls, parts: RowBlocks, coding: Coding, threads: int) -> "FaissLists":
        """Over vectors that `coding` has moved to its mean, cut and set in pairs."""
        faiss.omp_set_num_threads(threads)
        width = coding.width
        count = int(2 ** np.round(np.log2(LISTS_PER_ROOT * np.sqrt(len(parts)))))
        count = max(1, min(count, len(parts) // LEARNT_PER_LIST))
        index: Any = faiss.IndexIVFPQFastScan(
            faiss.IndexFlatL2(width),
            width,
            count,
            width // NUMBERS,
            BITS,
            faiss.METRIC_INNER_PRODUCT,
        )
        index.by_residual = True
        # Centres are means: at length 1, as FAISS makes them for products, they are far from all.
        index.cp.spherical = False
        index.cp.niter = ROUNDS
        index.train(coding.rows(parts.sample(max(LEARNT, LEARNT_PER_LIST * count))))
        ranking = _with_centres(faiss.IndexFlatIP(width), index)
        index.quantizer = ranking
        # FAISS itself keeps an address only.
        index.referenced_objects = [ranking]
        return cls(index)

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Rows go to the nearest centre; queries ask for the centres with the highest product."""
        asked = self._index.quantizer
        nearest = _with_centres(faiss.IndexFlatL2(self._index.d), self._index)
        self._index.quantizer = nearest
        try:
            super().add(vectors)
        finally:
            self._index.quantizer = asked

    def _parameters(self, effort: int) -> Any:
        return untyped.SearchParametersIVF(nprobe=min(effort, self._index.nlist))

    def bytes(self) -> int:
        """Codes and numbers of rows."""
        return int(self._index.ntotal) * (int(self._index.d) // NUMBERS * BITS // 8 + 8)


def _with_centres(ranking: Any, index: Any) -> Any:
    """`ranking`, an empty index, with the centres of `index`."""
    ranking.add(index.quantizer.reconstruct_n(0, index.nlist))
    return ranking
