"""What a graph index is built over, so that it works for texts.

A graph that joins a picture with the pictures most like it is of little use to texts, which lie
elsewhere. The short coding (see `coding`) is that of LeanVec-OOD: the squared distance of two
rows in it is how differently they score, in the mean, for queries of the known kind. So rows
that are near in it serve the same queries, and a graph among them leads there.

A query is far longer than a row: then the squared distance, |row|² − 2 row · query + |query|²,
ranks rows by their products, and one index of distances is right for building and for asking.
"""

import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.coding import Coding
from timanh.vectors.parts import Parts

# Of the vectors' numbers, and how many times as long as a row a query is made.
SHARE, LENGTHS = 1 / 4, 300
# As sixteen-bit floats: the widest has 65,504.
MOST_LENGTH = 20_000.0


def graph_coding(parts: Parts, queries: NDArray[np.float32]) -> Coding:
    """A short coding for the rows of `parts` and queries like the (n, dim) `queries`, which it
    makes so long that squared distances rank as products do."""
    coding = Coding.short(parts, max(1, round(SHARE * parts.dim)), queries)
    sample = parts.sample(1000)
    long = float(np.linalg.norm((sample - coding.mean) @ coding.to_row, axis=1).mean()) or 1.0
    asked = float(np.linalg.norm(queries @ coding.to_query, axis=1).mean()) or 1.0
    longer = min(LENGTHS * long, MOST_LENGTH) / asked
    return replace(coding, to_query=np.asarray(coding.to_query * longer, np.float32))


@dataclass(frozen=True)
class GraphCoding:
    """How rows and queries go into the graph.

    Attributes:
        mean: (dim,) float32, taken off each row.
        to_row, to_query: (dim, width) float32.
    """

    mean: NDArray[np.float32]
    to_row: NDArray[np.float32]
    to_query: NDArray[np.float32]

    @property
    def width(self) -> int:
        return int(self.to_row.shape[1])

    @classmethod
    def build(cls, parts: Parts, queries: NDArray[np.float32]) -> "GraphCoding":
        """For the rows of `parts` and queries like the (n, dim) `queries`."""
        coding = graph_coding(parts, queries)
        return cls(coding.mean, coding.to_row, coding.to_query)

    def rows(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, width) float32 of (n, dim) rows."""
        return np.asarray((block - self.mean) @ self.to_row, np.float32)

    def to_bytes(self) -> bytes:
        """Arrays only, as `from_bytes` reads them."""
        out = io.BytesIO()
        np.savez(out, mean=self.mean, to_row=self.to_row, to_query=self.to_query)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "GraphCoding":
        """What `to_bytes` wrote."""
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            return cls(kept["mean"], kept["to_row"], kept["to_query"])
