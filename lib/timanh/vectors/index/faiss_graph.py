"""A graph of FAISS (HNSW) over shortened vectors, in eight bits a number.

By squared distance: `timanh.vectors.index.graph` says why that leads texts to their pictures.
"""

from typing import Any

import faiss
import numpy as np

from timanh.vectors.index.coding import Coding
from timanh.vectors.index.faiss_index import FaissIndex, untyped
from timanh.vectors.store.row_blocks import RowBlocks

NEIGHBOURS, EXPANSION_ADD = 32, 100
LEARNT = 20_000


class FaissGraph(FaissIndex):
    """See `timanh.vectors.index.approximate.CandidateIndex`."""

    @classmethod
    def new(cls, parts: RowBlocks, coding: Coding, threads: int) -> "FaissGraph":
        """Over vectors that `coding` has moved to its mean, turned and cut."""
        faiss.omp_set_num_threads(threads)
        bits: Any = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexHNSWSQ(coding.width, bits, NEIGHBOURS, faiss.METRIC_L2)
        index.hnsw.efConstruction = EXPANSION_ADD
        learnt = parts.sample(LEARNT)
        index.train(np.asarray((learnt - coding.mean) @ coding.to_row, np.float32))
        return cls(index)

    def _parameters(self, effort: int) -> Any:
        return untyped.SearchParametersHNSW(efSearch=effort)

    def bytes(self) -> int:
        """Codes, and the graph's links."""
        return int(self._index.ntotal) * (int(self._index.d) + 2 * NEIGHBOURS * 4)
