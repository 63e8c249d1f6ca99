"""The codes of all rows in one coding, and a query as it is put to them."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.index.coding import Bounds, Coding
from timanh.vectors.scan.kernel import MOST_CODE
from timanh.vectors.store.row_blocks import RowBlocks

ENCODED_ROWS = 16_384
# What float32 may lose in products of unit vectors of some thousand numbers.
ROUNDING = 5e-6
INT32 = np.iinfo(np.int32)


@dataclass(frozen=True)
class CodedQuery:
    """One query against the rows of one layer.

    Attributes:
        codes: (1, width) int8.
        unit, offset: unit · product + offset is about the cosine.
        margin: by how much it may be too low or too high.
    """

    codes: NDArray[np.int8]
    unit: float
    offset: float
    margin: float

    def product_at(self, score: float) -> int:
        """The lowest product of a row whose cosine may be `score`."""
        product = math.floor((score - self.margin - self.offset) / self.unit)
        return max(int(INT32.min), min(int(INT32.max), product))


@dataclass(frozen=True)
class Layer:
    """All rows in one coding.

    The margin of a whole coding is a bound: by Cauchy and Schwarz, rounding the rows costs at
    most |p| · lost, and rounding the query at most |its rounding| · reach.

    Attributes:
        codes: (n, width) int8, mapped or in memory.
        coding, bounds: how they were made, and what they are off by.
    """

    codes: NDArray[np.int8]
    coding: Coding
    bounds: Bounds

    @classmethod
    def build(cls, parts: RowBlocks, coding: Coding) -> "Layer":
        """Codes of all rows stored in `parts`, in memory."""
        parts = parts.stored
        codes = np.empty((len(parts), coding.width), np.int8)
        bounds = Bounds()
        for first, block in parts.blocks(ENCODED_ROWS):
            coded, worst = coding.encode(block)
            codes[first : first + len(block)] = coded
            bounds = bounds.join(worst)
        return cls(codes, coding, bounds)

    @cached_property
    def _query_axes(self) -> NDArray[np.float32]:
        return np.ascontiguousarray(self.coding.to_query.T)

    def _turn(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        # A product by BLAS would leave its threads spinning beside those of the scan.
        return np.asarray(np.vecdot(self._query_axes, query), np.float32)

    def encode_query(self, query: NDArray[np.float32], deviations: float) -> CodedQuery:
        """Codes of a (dim,) query, and its margin."""
        turned = self._turn(query)
        unit = float(np.abs(turned).max()) / MOST_CODE or 1.0
        codes = np.rint(turned / unit)
        if len(self.coding.spread):
            margin = self._likely(query, _length(turned), unit, deviations)
        else:
            rounding = _length(turned - codes * np.float32(unit))
            margin = _length(turned) * self.bounds.lost + rounding * self.bounds.reach
        return CodedQuery(
            # A new axis by None would have stride 0, which the kernel takes for something else.
            codes=codes.astype(np.int8).reshape(1, -1),
            unit=unit * self.coding.scale,
            offset=float(query @ self.coding.mean),
            margin=margin + ROUNDING,
        )

    def _likely(
        self, query: NDArray[np.float32], length: float, unit: float, deviations: float
    ) -> float:
        """The margin of a short coding: standard deviations, and so no bound.

        What the coding leaves out, the rounding of rows and that of the query are independent;
        a number rounded to whole steps is off by a step over √12 in the mean square.
        """
        variance = _length(np.vecdot(self.coding.spread, query)) ** 2
        variance += ((length * self.coding.scale) ** 2 + (self.bounds.reach * unit) ** 2) / 12
        return deviations * math.sqrt(variance) + length * self.bounds.cut

    def possible(
        self, query: NDArray[np.float32], rows: NDArray[np.int64], score: float
    ) -> NDArray[np.int64]:
        """Those of `rows` whose cosine may be at least `score`; for a whole coding."""
        turned = self._turn(query)
        products = self.codes[rows] @ (turned * np.float32(self.coding.scale))
        lowest = score - float(query @ self.coding.mean)
        lowest -= _length(turned) * self.bounds.lost + ROUNDING
        return rows[products >= lowest]


def _length(vector: NDArray[np.float32]) -> float:
    return math.sqrt(float(vector @ vector))
