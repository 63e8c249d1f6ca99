"""Products of eight-bit codes, exact, by the kernels of numkong where it is there, or of torch.

numkong works in the calling thread, so the rows of one query are shared out among threads of
this module. They only work while a product runs: a pool of threads that spins, waiting for the
next product, would take the cores from the ones that numpy and torch keep.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.vectors.coding import MOST

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

    count = max(1, min(_threads(), codes.nbytes // SHARE_BYTES))
    if count == 1:
        work(0)
    else:
        list(_pool().map(work, range(count)))
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


@cache
def _threads() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_threads(), thread_name_prefix="timanh-scan")
