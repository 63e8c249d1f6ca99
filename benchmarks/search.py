"""One query against a dictionary: the report's loop, numpy, and ours.

The report keeps a dict of path → vector and computes one cosine after the other.

    python benchmarks/search.py [--count 8091 100000]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common import keep

from timanh.vectors.exact import search_exact

DIM, K, ROUNDS = 512, 5, 15
MOST_FOR_LOOP = 10_000


def main() -> None:
    """A table per size; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, nargs="+", default=[8091, 100_000])
    found = [measure(count) for count in parser.parse_args().count]
    for entry in found:
        print(f"\n{entry['count']:,} × {DIM}, {K} best of one query, median of {ROUNDS}")
        for name, ms in entry["ms"].items():
            print(f"  {name:<26}{ms:10.3f} ms")
    keep("search", {"dim": DIM, "k": K, "rounds": ROUNDS, "sizes": found})


def measure(count: int) -> dict[str, Any]:
    """Median milliseconds per way; all of them in turn in each round."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((count, DIM), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query = vectors[rng.integers(count)] + 0.05 * rng.standard_normal(DIM).astype(np.float32)
    query /= np.linalg.norm(query)
    ways: dict[str, Callable[[], Any]] = {
        "numpy, product and sort": lambda: by_numpy(vectors, query),
        "timanh": lambda: search_exact(vectors, query, K),
    }
    if count <= MOST_FOR_LOOP:
        named = {f"{row}.jpg": vector for row, vector in enumerate(vectors)}
        ways = {"the report's loop": lambda: by_loop(named, query), **ways}
    assert by_numpy(vectors, query).tolist() == search_exact(vectors, query, K)[1][0].tolist()
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            took[name].append(1000 * (time.perf_counter() - began))
    return {
        "count": count,
        "ms": {name: round(statistics.median(each), 4) for name, each in took.items()},
    }


def by_loop(named: dict[str, Any], query: Any) -> list[tuple[str, float]]:
    """As the report has it: a cosine for each entry, then a sort of all."""
    scores = {
        path: np.dot(query, vector) / (np.linalg.norm(query) * np.linalg.norm(vector))
        for path, vector in named.items()
    }
    return sorted(scores.items(), key=lambda entry: entry[1], reverse=True)[:K]


def by_numpy(vectors: Any, query: Any) -> Any:
    """What a careful user writes: one product, a partial sort, a sort of the few."""
    scores = vectors @ query
    best = np.argpartition(-scores, K)[:K]
    return best[np.argsort(-scores[best])]


if __name__ == "__main__":
    main()
