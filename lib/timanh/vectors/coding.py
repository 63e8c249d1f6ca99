"""Vectors in eight bits a number, and how far a product of codes may be from the true cosine.

A row x is written as mean + basis · y with an orthonormal basis, and y as scale · code with codes
in −127..127. The basis is a random rotation, which spreads what a vector holds evenly over its
numbers, so that one scale serves them all. It may be cut in two: first the directions in which
the gallery varies most, then the rest, each rotated by itself.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.parts import Parts

MOST = 127
SAMPLE_ROWS = 20_000
# Numbers beyond this many standard deviations of the sample are cut; the bounds count that in.
RANGE = 7.0


@dataclass(frozen=True)
class Coding:
    """How rows become codes.

    Attributes:
        mean: (dim,) float32, of the sample.
        basis: (dim, dim) float32, orthonormal.
        cut: where its first part ends; dim where there is one part only.
        scales: of one step of a code, in the first part and in the rest.
        spread: (dim − cut, dim) float32; |spread · q| is the standard deviation, over the
            gallery, of what the rest adds to the cosine with q.
    """

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]
    cut: int
    scales: tuple[float, float]
    spread: NDArray[np.float32]

    @property
    def dim(self) -> int:
        return len(self.mean)

    @classmethod
    def fit(cls, parts: Parts, cut: int | None = None, seed: int = 0) -> "Coding":
        """From a sample of the rows of `parts`, which has at least one."""
        dim = parts.dim
        cut = dim if cut is None else min(cut, dim)
        rng = np.random.default_rng(seed)
        count = min(SAMPLE_ROWS, len(parts))
        sample = parts.take(np.sort(rng.choice(len(parts), count, replace=False)))
        mean = sample.mean(axis=0)
        sample -= mean
        axes, spread = np.eye(dim), np.zeros((0, dim))
        if cut < dim:
            variances, axes = np.linalg.eigh(sample.T @ sample / count)
            variances, axes = np.maximum(variances[::-1], 0), axes[:, ::-1]
            spread = np.sqrt(variances[cut:, None]) * axes[:, cut:].T
        turns = [axes[:, :cut] @ _rotation(cut, rng), axes[:, cut:] @ _rotation(dim - cut, rng)]
        basis = np.concatenate(turns, axis=1).astype(np.float32)
        turned = sample @ basis
        scales = _scale(turned[:, :cut]), _scale(turned[:, cut:])
        return cls(mean, basis, cut, scales, spread.astype(np.float32))

    def encode(self, block: NDArray[np.float32]) -> tuple[NDArray[np.int8], "Bounds"]:
        """(n, dim) int8, and what they may be off by."""
        turned = (block - self.mean) @ self.basis
        scale = np.array(self.scales, np.float32).repeat((self.cut, self.dim - self.cut))
        steps = np.clip(np.rint(turned / scale), -MOST, MOST)
        lost = np.asarray(turned - steps * scale, np.float32)
        bounds = Bounds(
            _longest(lost[:, : self.cut]),
            _longest(lost[:, self.cut :]),
            _longest(np.asarray(steps * scale, np.float32)[:, : self.cut]),
        )
        return steps.astype(np.int8), bounds


@dataclass(frozen=True)
class Bounds:
    """Greatest lengths over all rows.

    Attributes:
        lost, lost_rest: of what rounding left out, in the first part and in the rest.
        reach: of the codes of the first part times their scale.
    """

    lost: float = 0.0
    lost_rest: float = 0.0
    reach: float = 0.0

    def join(self, other: "Bounds") -> "Bounds":
        return Bounds(
            max(self.lost, other.lost),
            max(self.lost_rest, other.lost_rest),
            max(self.reach, other.reach),
        )


def _rotation(width: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(np.linalg.qr(rng.standard_normal((width, width)))[0])


def _scale(turned: NDArray[np.float32]) -> float:
    deviation = float(turned.std()) if turned.size else 0.0
    return RANGE * (deviation or 1.0) / MOST


def _longest(rows: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.einsum("ij,ij->i", rows, rows)).max(initial=0.0))


def multiply(queries: NDArray[np.int8], codes: NDArray[np.int8]) -> NDArray[np.int32]:
    """(Q, n) int32, exact, of (Q, width) and (n, width) codes, by torch's int8 kernel (oneDNN)."""
    import torch

    product = torch._int_mm(torch.from_numpy(queries), torch.from_numpy(codes).T)
    return np.asarray(product.numpy())


@cache
def kernel_is_exact() -> bool:
    """Whether `multiply` is right here: kernels for old processors saturate at 16 bits."""
    rng = np.random.default_rng(0)
    left, right = rng.choice(np.array([-MOST, 1, MOST], np.int8), (2, 64, 256))
    right[:8], left[:8] = MOST, MOST
    wanted = left.astype(np.int64) @ right.T.astype(np.int64)
    try:
        many, one = multiply(left, right), multiply(left[:1], right)
    except (AttributeError, RuntimeError):
        return False
    return bool((many == wanted).all() and (one == wanted[:1]).all())
