"""Products of eight-bit codes, exact, by the kernels of numkong where it is there, or of torch.

numkong works in the thread that calls it, so the rows are shared out among threads.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.coding import MOST
from timanh.vectors.threads import at_once, cores

# A thread is worth waking for so many bytes of codes.
SHARE_BYTES = 4 * 1024 * 1024
# float32 holds whole numbers up to this one.
FLOAT32_WHOLE = 2**24

Products = NDArray[np.int32] | NDArray[np.float32] | NDArray[np.float64]


def multiply(queries: NDArray[np.int8], codes: NDArray[np.int8]) -> Products:
    """(Q, n) whole numbers, exact, of contiguous (Q, width) and (n, width) codes."""
    numkong = _numkong()
    if numkong is None or len(queries) > 1:
        return _by_torch(queries, codes)
    found = np.empty(
        (1, len(codes)),
        np.float32 if codes.shape[1] * MOST * MOST <= FLOAT32_WHOLE else np.float64,
    )

    def work(part: int) -> None:
        first, last = part * len(codes) // count, (part + 1) * len(codes) // count
        shared = found[:, first:last]
        numkong.cdist(queries, codes[first:last], "dot", out=shared, out_dtype=str(shared.dtype))

    count = max(1, min(cores(), codes.nbytes // SHARE_BYTES))
    at_once(work, count)
    return found


def _by_torch(queries: NDArray[np.int8], codes: NDArray[np.int8]) -> NDArray[np.int32]:
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


@cache
def _numkong() -> Any:
    try:
        import numkong
    except ImportError:
        return None
    return numkong
