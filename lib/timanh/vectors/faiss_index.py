"""Indexes of FAISS: a graph (HNSW) or lists around centres (IVF), both in eight bits a number."""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from timanh.vectors.coding import Coding
from timanh.vectors.parts import Parts

NEIGHBOURS, EXPANSION_ADD = 32, 100
LEARNT_PER_LIST = 40
ROUNDS = 8
EIGHT_BITS: Any = faiss.ScalarQuantizer.QT_8bit


class FaissIndex:
    """See `timanh.vectors.approximate.Proposer`."""

    def __init__(self, kind: str, index: Any) -> None:
        self._kind = kind
        self._index = index

    @classmethod
    def graph(cls, parts: Parts, threads: int) -> "FaissIndex":
        faiss.omp_set_num_threads(threads)
        index = faiss.IndexHNSWSQ(parts.dim, EIGHT_BITS, NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = EXPANSION_ADD
        index.train(_sample(parts, 20_000))
        return cls("hnsw", index)

    @classmethod
    def lists(cls, parts: Parts, coding: Coding, threads: int) -> "FaissIndex":
        """Over vectors that `coding` has moved to its mean, turned and cut."""
        faiss.omp_set_num_threads(threads)
        width = coding.width
        count = int(2 ** np.round(np.log2(2 * np.sqrt(len(parts)))))
        count = max(1, min(count, len(parts) // LEARNT_PER_LIST))
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(width),
            width,
            count,
            EIGHT_BITS,
            faiss.METRIC_INNER_PRODUCT,
            False,
        )
        index.cp.niter = ROUNDS
        learnt = _sample(parts, max(4096, LEARNT_PER_LIST * count))
        index.train(np.asarray((learnt - coding.mean) @ coding.to_row, np.float32))
        return cls("ivf", index)

    @classmethod
    def read(cls, kind: str, file: Path) -> "FaissIndex":
        return cls(kind, faiss.read_index(str(file)))

    def add(self, vectors: NDArray[np.float32]) -> None:
        self._index.add(vectors)

    def find(self, queries: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        return np.asarray(self._index.search(queries, count)[1], np.int64)

    def set_effort(self, effort: int) -> None:
        if self._kind == "hnsw":
            self._index.hnsw.efSearch = effort
        else:
            self._index.nprobe = min(effort, self._index.nlist)

    def bytes(self) -> int:
        """Codes and numbers of rows, and the graph's links."""
        links = 2 * NEIGHBOURS * 4 if self._kind == "hnsw" else 8
        return int(self._index.ntotal) * (int(self._index.d) + links)

    def write(self, file: Path) -> None:
        faiss.write_index(self._index, str(file))


def _sample(parts: Parts, count: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    rows = rng.choice(len(parts), min(count, len(parts)), replace=False)
    return parts.take(np.sort(rows))
