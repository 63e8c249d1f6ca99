"""What a graph index is built over, so that it works for texts.

A graph that joins a picture with the pictures most like it is of little use to texts, which lie
elsewhere. The short coding (see `coding`) is that of LeanVec-OOD: the squared distance of two
rows in it is how differently they score, in the mean, for queries of the known kind. So rows
that are near in it serve the same queries, and a graph among them leads there.

A query is far longer than a row: then the squared distance, |row|² − 2 row · query + |query|²,
ranks rows by their products, and one index of distances is right for building and for asking.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.index.coding import Coding
from timanh.vectors.store.row_blocks import RowBlocks

# Of the vectors' numbers, and how many times as long as a row a query is made.
SHARE, LENGTHS = 1 / 4, 300
# As sixteen-bit floats: the widest has 65,504.
MOST_LENGTH = 20_000.0


def graph_coding(parts: RowBlocks, queries: NDArray[np.float32], share: float = SHARE) -> Coding:
    """A short coding for the rows of `parts` and queries like the (n, dim) `queries`, which it
    makes so long that squared distances rank as products do.

    Args:
        share: of the vectors' numbers that it keeps.
    """
    coding = Coding.short(parts, max(1, round(share * parts.dim)), queries)
    sample = parts.sample(1000)
    row_length = float(np.linalg.norm((sample - coding.mean) @ coding.to_row, axis=1).mean()) or 1.0
    query_length = float(np.linalg.norm(queries @ coding.to_query, axis=1).mean()) or 1.0
    factor = min(LENGTHS * row_length, MOST_LENGTH) / query_length
    return replace(coding, to_query=np.asarray(coding.to_query * factor, np.float32))
