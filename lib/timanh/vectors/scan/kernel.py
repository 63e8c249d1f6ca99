"""Products of eight-bit codes and of float16 vectors, by numkong where it is there.

numkong works in the thread that calls it, so the rows are shared out among threads.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.scan.threads import cores, in_threads

# A thread is worth waking for so many bytes of codes.
SHARE_BYTES = 4 * 1024 * 1024
# float32 holds whole numbers up to this one.
FLOAT32_WHOLE = 2**24
# What float16 leaves of a number is so many times smaller than the number.
HALF_STEP = np.float32(2**11)

MOST_CODE = 127  # of eight bits, either way from 0

Products = NDArray[np.int32] | NDArray[np.float32] | NDArray[np.float64]


def multiply(
    queries: NDArray[np.int8], codes: NDArray[np.int8], out: NDArray[np.int32] | None = None
) -> Products:
    """(Q, n) whole numbers, exact, of contiguous (Q, width) and (n, width) codes.

    Args:
        out: (Q, n) memory for the products of more than one query.
    """
    numkong = _numkong()
    if numkong is None or len(queries) > 1:
        return _by_torch(queries, codes, out)
    found = np.empty(
        (1, len(codes)),
        np.float32 if codes.shape[1] * MOST_CODE * MOST_CODE <= FLOAT32_WHOLE else np.float64,
    )

    def work(part: int) -> None:
        first, last = part * len(codes) // count, (part + 1) * len(codes) // count
        shared = found[:, first:last]
        numkong.cdist(queries, codes[first:last], "dot", out=shared, out_dtype=str(shared.dtype))

    count = max(1, min(cores(), codes.nbytes // SHARE_BYTES))
    in_threads(work, count)
    return found


def multiply_half(query: NDArray[np.float32], rows: NDArray[Any], out: NDArray[np.float32]) -> bool:
    """Write the products of (n, dim) float16 `rows` with a (dim,) query to the (n,) `out`.

    The query goes in as the sum of two of float16, so nothing of it that float32 could show is
    lost. False where numkong is not there; then nothing is written.
    """
    numkong = _numkong()
    if numkong is None:
        return False
    high = query.astype(np.float16)
    low = ((query - high) * HALF_STEP).astype(np.float16)
    both = np.stack([high, low])

    def work(part: int) -> None:
        share = slice(part * len(rows) // count, (part + 1) * len(rows) // count)
        found = np.asarray(numkong.cdist(both, rows[share], "dot"))
        out[share] = found[0] + found[1] / HALF_STEP

    count = max(1, min(cores(), rows.nbytes // SHARE_BYTES))
    in_threads(work, count)
    return True


def _by_torch(
    queries: NDArray[np.int8], codes: NDArray[np.int8], out: NDArray[np.int32] | None
) -> NDArray[np.int32]:
    import torch

    found = np.empty((len(queries), len(codes)), np.int32) if out is None else out
    both = torch.from_numpy(queries), torch.from_numpy(codes).T
    torch._int_mm(*both, out=torch.from_numpy(found))
    return found


@cache
def kernel_is_exact() -> bool:
    """Whether `multiply` is right here: kernels for old processors saturate at 16 bits."""
    rng = np.random.default_rng(0)
    left, right = rng.choice(np.array([-MOST_CODE, 1, MOST_CODE], np.int8), (2, 64, 256))
    right[:8], left[:8] = MOST_CODE, MOST_CODE
    wanted = left.astype(np.int64) @ right.T.astype(np.int64)
    try:
        many, one = multiply(left, right), multiply(left[:1], right)
    except (AttributeError, RuntimeError):
        return False
    return bool((many == wanted).all() and (one == wanted[:1]).all())


@cache
def _numkong() -> Any:
    try:
        import numkong
    except ImportError:
        return None
    return numkong
