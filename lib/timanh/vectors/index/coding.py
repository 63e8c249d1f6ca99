"""Vectors in eight bits a number, and how far a product of codes may be from the true cosine.

A row x becomes y = to_row' · (x − mean), written as scale · code with codes in −127..127; a
query q becomes p = to_query' · q, and p · y stands for q · (x − mean). Both are turned by a
random rotation, which spreads what a vector holds evenly over its numbers, so that one scale
serves them all. Where numbers are to be quantized in pairs, `pairs` sets each strong one beside
a weak one in place of that.

A whole coding has as many numbers as the vectors, and loses nothing but the rounding. A short
one keeps what matters for products of this gallery with queries of a given kind: pictures and
texts lie in different directions, so far fewer numbers do than for pictures among themselves.
It is the best linear one in the mean square (LeanVec-OOD; Tepper et al. 2023, arXiv 2312.16335).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.scan.kernel import MOST_CODE
from timanh.vectors.store.row_blocks import RowBlocks

SAMPLE_ROWS = 20_000
# Codes reach so far beyond the largest number of the sample. What is larger still is cut, and
# the bounds count that in.
ROOM = 1.1
# Added to each direction of the queries, as a share of the mean, where few queries are known.
SMOOTHING = 0.05


@dataclass(frozen=True)
class Coding:
    """How rows become codes, and queries what they are multiplied with.

    Attributes:
        mean: (dim,) float32, of the sample.
        to_row, to_query: (dim, width) float32.
        scale: of one step of a row's code.
        spread: (any, dim) float32; |spread · q| is the standard deviation, over the gallery, of
            what a short coding leaves out of the cosine with q. No rows where it is whole.
    """

    mean: NDArray[np.float32]
    to_row: NDArray[np.float32]
    to_query: NDArray[np.float32]
    scale: float
    spread: NDArray[np.float32]

    @property
    def width(self) -> int:
        return int(self.to_row.shape[1])

    @classmethod
    def whole(cls, parts: RowBlocks, seed: int = 0) -> "Coding":
        """As wide as the vectors, from a sample of `parts`, which has at least one row."""
        sample, mean = _sample(parts, seed)
        turn = np.asarray(_rotation(parts.dim, seed), np.float32)
        none = np.zeros((0, parts.dim), np.float32)
        return cls(mean, turn, turn, _scale(sample @ turn), none)

    @classmethod
    def short(
        cls,
        parts: RowBlocks,
        width: int,
        queries: NDArray[np.float32] | None = None,
        seed: int = 0,
        pairs: bool = False,
    ) -> "Coding":
        """`width` numbers, chosen for queries like the (n, dim) `queries`; None for any.

        Args:
            pairs: numbers 2 i and 2 i + 1 hold about as much together for every i, as product
                quantizers need it (Ge et al. 2013, “Optimized product quantization”), instead
                of every single number; then `width` is even.
        """
        sample, mean = _sample(parts, seed)
        dim = parts.dim
        rows = np.asarray(sample.T @ sample, np.float64) / len(sample)
        of_queries = np.eye(dim)
        if queries is not None:
            of_queries = np.asarray(queries.T @ queries, np.float64) / len(queries)
            of_queries += SMOOTHING * np.trace(of_queries) / dim * np.eye(dim)
        root_rows, _ = _roots(rows)
        root_queries, inverse = _roots(of_queries)
        axes = np.linalg.svd(root_queries @ root_rows)[0][:, :width]
        turn = axes[:, _strong_beside_weak(width)] if pairs else axes @ _rotation(width, seed)
        to_row, to_query = np.asarray(root_queries @ turn), np.asarray(inverse @ turn)
        spread = root_rows @ (np.eye(dim) - to_row @ to_query.T)
        short = np.asarray(to_row, np.float32)
        to_query32 = np.asarray(to_query, np.float32)
        return cls(mean, short, to_query32, _scale(sample @ short), np.asarray(spread, np.float32))

    def rows(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, width) of (n, dim) rows, before they are rounded."""
        return np.asarray((block - self.mean) @ self.to_row, np.float32)

    def encode(self, block: NDArray[np.float32]) -> tuple[NDArray[np.int8], "Bounds"]:
        """(n, width) int8, and what they may be off by."""
        turned = self.rows(block)
        scale = np.float32(self.scale)
        steps = np.clip(np.rint(turned / scale), -MOST_CODE, MOST_CODE)
        meant = np.asarray(steps * scale, np.float32)
        lost = np.asarray(turned - meant, np.float32)
        cut = np.maximum(np.abs(lost) - scale / 2, np.float32(0))
        return steps.astype(np.int8), Bounds(_longest(lost), _longest(meant), _longest(cut))

    def write(self, file: Path | BinaryIO) -> None:
        """Arrays only, as `read` takes them."""
        np.savez(
            file,
            mean=self.mean,
            to_row=self.to_row,
            to_query=self.to_query,
            scale=np.float64(self.scale),
            spread=self.spread,
        )

    @classmethod
    def read(cls, file: Path | BinaryIO) -> "Coding":
        """What `write` wrote.

        Raises:
            OSError, ValueError, KeyError, TypeError: it is something else.
        """
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return cls(**{**arrays, "scale": float(arrays["scale"])})


@dataclass(frozen=True)
class Bounds:
    """Greatest lengths over all rows.

    Attributes:
        lost: of what rounding and cutting off left out.
        reach: of codes times scale.
        cut: of what was cut off, beyond the rounding.
    """

    lost: float = 0.0
    reach: float = 0.0
    cut: float = 0.0

    def join(self, other: "Bounds") -> "Bounds":
        return Bounds(
            max(self.lost, other.lost), max(self.reach, other.reach), max(self.cut, other.cut)
        )


def _sample(parts: RowBlocks, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    sample = parts.sample(SAMPLE_ROWS, seed)
    mean = sample.mean(axis=0)
    return sample - mean, mean


def _rotation(width: int, seed: int) -> NDArray[np.float64]:
    normal = np.random.default_rng(seed).standard_normal((width, width))
    return np.asarray(np.linalg.qr(normal)[0])


def _strong_beside_weak(width: int) -> NDArray[np.int64]:
    first = np.arange(width // 2)
    return np.stack([first, width - 1 - first], axis=1).ravel()


def _roots(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The square root of a symmetric positive matrix, and its inverse."""
    values, axes = np.linalg.eigh(matrix)
    roots = np.sqrt(np.maximum(values, 0))
    inverse = 1 / np.maximum(roots, max(float(roots.max()), 1e-30) * 1e-6)
    return (axes * roots) @ axes.T, (axes * inverse) @ axes.T


def _scale(turned: NDArray[np.float32]) -> float:
    return ROOM * (float(np.abs(turned).max(initial=0.0)) or 1.0) / MOST_CODE


def _longest(rows: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.einsum("ij,ij->i", rows, rows)).max(initial=0.0))
