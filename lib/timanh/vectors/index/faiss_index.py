"""Candidate indexes of FAISS over shortened vectors: lists around centres, and a graph."""

from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np
from numpy.typing import NDArray

from timanh.vectors.index.coding import Coding
from timanh.vectors.store.row_blocks import RowBlocks

# Its type hints leave out the parameters of a search.
untyped: Any = faiss

# Lists: bits for so many numbers of a vector.
BITS, NUMBERS = 4, 2
# Fewer and longer lists than usual: texts lie far from all pictures, so many lists are read.
LISTS_PER_ROOT = 1 / 4
LEARNT_PER_LIST, LEARNT = 40, 40_000
ROUNDS = 8
# Graph.
NEIGHBOURS, EXPANSION_ADD = 32, 100
GRAPH_LEARNT = 20_000


class FaissIndex:
    """What both have in common; see `timanh.vectors.index.approximate.CandidateIndex`."""

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


class FaissLists(FaissIndex):
    """Lists around centres (IVF), with what is left of each shortened vector in few bits.

    What a vector differs from its centre in is coded in four bits for two numbers, and looked up
    in registers, 32 rows at a time (André et al. 2015, “Cache locality is not enough”): a
    twentieth of what the stored vectors take is read of the lists that a query asks for.
    """

    @classmethod
    def new(cls, parts: RowBlocks, coding: Coding, threads: int) -> Self:
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
        ranking = self._index.quantizer
        nearest = _with_centres(faiss.IndexFlatL2(self._index.d), self._index)
        self._index.quantizer = nearest
        try:
            super().add(vectors)
        finally:
            self._index.quantizer = ranking

    def _parameters(self, effort: int) -> Any:
        return untyped.SearchParametersIVF(nprobe=min(effort, self._index.nlist))

    def bytes(self) -> int:
        """Codes and numbers of rows."""
        return int(self._index.ntotal) * (int(self._index.d) // NUMBERS * BITS // 8 + 8)


def _with_centres(ranking: Any, index: Any) -> Any:
    """`ranking`, an empty index, with the centres of `index`."""
    ranking.add(index.quantizer.reconstruct_n(0, index.nlist))
    return ranking


class FaissGraph(FaissIndex):
    """A graph (HNSW) in eight bits a number, by squared distance.

    `timanh.vectors.index.graph` says why that leads texts to their pictures.
    """

    @classmethod
    def new(cls, parts: RowBlocks, coding: Coding, threads: int) -> Self:
        """Over vectors that `coding` has moved to its mean, turned and cut."""
        faiss.omp_set_num_threads(threads)
        bits: Any = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexHNSWSQ(coding.width, bits, NEIGHBOURS, faiss.METRIC_L2)
        index.hnsw.efConstruction = EXPANSION_ADD
        learnt = parts.sample(GRAPH_LEARNT)
        index.train(coding.rows(learnt))
        return cls(index)

    def _parameters(self, effort: int) -> Any:
        return untyped.SearchParametersHNSW(efSearch=effort)

    def bytes(self) -> int:
        """Codes, and the graph's links."""
        return int(self._index.ntotal) * (int(self._index.d) + 2 * NEIGHBOURS * 4)
