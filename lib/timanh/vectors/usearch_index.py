"""A graph of usearch, in bfloat16: half the memory of float32, and mapped from disk as it is."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from usearch.index import Index

CONNECTIVITY, EXPANSION_ADD = 16, 128


class UsearchGraph:
    """See `timanh.vectors.approximate.Proposer`."""

    def __init__(self, index: Any, threads: int) -> None:
        self._index = index
        self._threads = threads

    @classmethod
    def new(cls, dim: int, threads: int) -> "UsearchGraph":
        index = Index(
            ndim=dim,
            metric="ip",
            dtype="bf16",
            connectivity=CONNECTIVITY,
            expansion_add=EXPANSION_ADD,
        )
        return cls(index, threads)

    @classmethod
    def read(cls, file: Path) -> "UsearchGraph":
        index = Index.restore(str(file), view=True)
        if index is None:
            raise ValueError("it holds no usearch index")
        return cls(index, 0)

    def add(self, vectors: NDArray[np.float32]) -> None:
        first = len(self._index)
        keys = np.arange(first, first + len(vectors), dtype=np.uint64)
        self._index.add(keys, vectors, threads=self._threads)

    def find(self, queries: NDArray[np.float32], count: int, effort: int) -> NDArray[np.int64]:
        self._index.expansion_search = effort
        found = np.full((len(queries), count), -1, np.int64)
        if len(queries) == 1:
            keys = self._index.search(queries[0], count, threads=1).keys
            found[0, : len(keys)] = keys
            return found
        matches = self._index.search(queries, count, threads=self._threads)
        keys = np.asarray(matches.keys).astype(np.int64)
        valid = np.arange(keys.shape[1]) < np.asarray(matches.counts)[:, None]
        found[:, : keys.shape[1]] = np.where(valid, keys, -1)
        return found

    def bytes(self) -> int:
        """As usearch counts it."""
        return int(self._index.memory_usage)

    def write(self, file: Path) -> None:
        self._index.save(str(file))
