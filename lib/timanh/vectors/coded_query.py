"""A query in eight bits, with the scores that its products stand for."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.coding import MOST, Bounds, Coding

# What float32 may lose in products of unit vectors of some thousand numbers.
ROUNDING = 5e-6
INT32 = np.iinfo(np.int32)


@dataclass(frozen=True)
class CodedQuery:
    """One query against rows of one coding.

    Attributes:
        query: (dim,) float32, as it was asked.
        codes: (1, cut) int8.
        unit, offset: unit · product + offset is about the cosine.
        margin: by how much it may be too low or too high, for the first part alone.
        rest: (dim − cut,) float32, the query in the rest of the basis, times the scale there.
        margin_rest: what is left of the margin once the rest has been added.
    """

    query: NDArray[np.float32]
    codes: NDArray[np.int8]
    unit: float
    offset: float
    margin: float
    rest: NDArray[np.float32]
    margin_rest: float

    def product_at(self, score: float) -> int:
        """The lowest product of a row whose cosine may be `score`."""
        product = math.floor((score - self.margin - self.offset) / self.unit)
        return max(int(INT32.min), min(int(INT32.max), product))

    def refined(self, products: NDArray[np.int32], codes: NDArray[np.int8]) -> NDArray[np.float32]:
        """(n,) float32 cosines of rows within `margin_rest`, from (n, dim − cut) codes."""
        return np.asarray(products * np.float32(self.unit) + codes @ self.rest + self.offset)


def encode_query(
    query: NDArray[np.float32], coding: Coding, bounds: Bounds, deviations: float
) -> CodedQuery:
    """Codes of a (dim,) query, and its margins.

    By Cauchy and Schwarz, rounding the rows costs at most |y| · lost, and rounding the query at
    most |its rounding| · reach. The rest of the basis, where there is one, is allowed for by
    `deviations` standard deviations: that is no bound, and is checked on samples.
    """
    turned = query @ coding.basis
    first, rest = turned[: coding.cut], turned[coding.cut :]
    unit = float(np.abs(first).max()) / MOST or 1.0
    codes = np.rint(first / unit)
    rounding = first - codes * np.float32(unit)
    own = _length(first) * bounds.lost + _length(rounding) * bounds.reach + ROUNDING
    margin_rest = own + _length(rest) * bounds.lost_rest
    outside = deviations * _length(coding.spread @ query) if len(rest) else 0.0
    return CodedQuery(
        query=query,
        # A new axis by None would have stride 0, which the kernel takes for something else.
        codes=codes.astype(np.int8).reshape(1, -1),
        unit=unit * coding.scales[0],
        offset=float(query @ coding.mean),
        margin=own + outside,
        rest=rest * np.float32(coding.scales[1]),
        margin_rest=margin_rest,
    )


def _length(vector: NDArray[np.float32]) -> float:
    return math.sqrt(float(vector @ vector))
