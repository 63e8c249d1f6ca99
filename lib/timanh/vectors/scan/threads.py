"""Threads for one query over many rows, for kernels that work in the thread that calls them.

They only run while they have something to do. Pools that spin while they wait for the next
product, as numpy's and torch's do, take the cores from each other.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

T = TypeVar("T")


@cache
def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(work: Callable[[int], T], count: int) -> list[T]:
    """`work(0)` … `work(count - 1)`, each in a thread; a single one in this thread."""
    if count == 1:
        return [work(0)]
    return list(_pool().map(work, range(count)))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="timanh-scan")


if hasattr(os, "register_at_fork"):
    # A forked process has the pool, but none of its threads.
    os.register_at_fork(after_in_child=_pool.cache_clear)
