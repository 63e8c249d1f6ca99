"""One query and 64 at once: the report's loop, numpy, faiss, the memory's limit, and ours.

The report keeps a dict of path → vector and computes one cosine after the other. The memory's
limit is the time that summing up the vectors takes. Each way answers the same texts, in turn, five
times over; recall is over texts that no coding has seen.

    python benchmarks/search.py [--count 8091 100000 1000000] [--threads 1]
        [--pictures clip_pictures.npy --texts clip_texts.npy]
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import clip_like
import numpy as np
from common import RESULTS, keep

from timanh.vectors.index.coding import Coding
from timanh.vectors.index.layer import Layer
from timanh.vectors.index.two_step import TwoStep
from timanh.vectors.scan.exact import search_exact
from timanh.vectors.store.row_blocks import RowBlocks

K, ROUNDS, BATCH, BATCH_ROUNDS, ASKED = 10, 15, 64, 8, 200
BLOCKS = 5
MOST_FOR_LOOP, MOST_FOR_BATCH = 10_000, 200_000
Way = Callable[[Any], Any]


def main() -> None:
    """A table per size; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, nargs="+", default=[8091, 100_000])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--texts", type=Path)
    args = parser.parse_args()
    set_threads(args.threads)
    pictures, texts, words = clip_like.real(args.pictures, args.texts)
    found = []
    for count in args.count:
        found.append(measure(count, pictures, texts))
        show(found[-1])
    document = {"dim": clip_like.DIM, "k": K, "rounds": ROUNDS, "geometry": words}
    document["threads"] = args.threads or "all"
    keep("search", {**document, "sizes": [*earlier(document, args.count), *found]})


def earlier(document: dict[str, Any], counts: list[int]) -> list[Any]:
    """Sizes of the last run under the same conditions that were not measured again."""
    try:
        last = json.loads((RESULTS / "search.json").read_text(encoding="utf8"))
    except (OSError, ValueError):
        return []
    if any(last.get(key) != value for key, value in document.items()):
        return []
    return [entry for entry in last["sizes"] if entry["count"] not in counts]


def set_threads(count: int | None) -> None:
    """The same for torch and faiss; numpy's are set by OMP_NUM_THREADS before it starts."""
    import torch

    if count:
        torch.set_num_threads(count)
        if (faiss := load_faiss()) is not None:
            faiss.omp_set_num_threads(count)


def load_faiss() -> Any:
    """faiss where it is installed."""
    try:
        import faiss
    except ImportError:
        return None
    return faiss


def measure(count: int, pictures: Any, texts: Any) -> dict[str, Any]:
    """Median milliseconds per way; all of them in turn in each round."""
    import torch

    vectors = clip_like.gallery(count, pictures)
    parts = RowBlocks([vectors], vectors.shape[1])
    half = RowBlocks([vectors.astype(np.float16)], vectors.shape[1])
    order = np.random.default_rng(0).permutation(len(texts))
    queries, known = texts[order[:ASKED]], texts[order[ASKED:]]
    began = time.perf_counter()
    fine = Layer.build(parts, Coding.whole(parts))
    short = TwoStep(fine, Layer.build(parts, Coding.short(parts, 3 * clip_like.DIM // 8, known)))
    built = time.perf_counter() - began
    proven = TwoStep(fine)
    ways: dict[str, Way] = {
        "numpy, product and partition": lambda query: by_numpy(vectors, query),
        "the memory's limit (a sum)": lambda query: torch.from_numpy(vectors).sum(),
        "timanh, every vector": lambda query: search_exact(parts, query, K),
        "timanh, every vector, float16": lambda query: search_exact(half, query, K),
        "timanh, two steps, proven": lambda query: proven.search(parts, query, K),
        "timanh, two steps, 192 numbers": lambda query: short.search(parts, query, K),
    }
    if count <= MOST_FOR_LOOP:
        named = {f"{row}.jpg": vector for row, vector in enumerate(vectors)}
        ways = {"the report's loop": lambda query: by_loop(named, query), **ways}
    batches: dict[str, Way] = {
        "numpy, product and partition": lambda queries: by_numpy_many(vectors, queries),
        "timanh, every vector": lambda queries: search_exact(parts, queries, K),
        "timanh, two steps, proven": lambda queries: proven.search(parts, queries, K),
    }
    if (faiss := load_faiss()) is not None:
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors)
        ways["faiss flat"] = lambda query: flat.search(query[None], K)
        batches["faiss flat"] = lambda queries: flat.search(queries, K)
    if count > MOST_FOR_BATCH:
        batches = {}
    return {
        "count": count,
        "ms": in_turn(ways, [queries[turn] for turn in range(ROUNDS)]),
        "batch_ms": in_turn(
            batches, [queries[turn : turn + BATCH] for turn in range(BATCH_ROUNDS)]
        ),
        "recall_at_10": {
            "two steps, proven": recall(proven, parts, queries),
            "two steps, 192 numbers": recall(short, parts, queries),
        },
        "codes": {
            "build_s": round(built, 1),
            "megabytes": round((short.fine.codes.nbytes + short.scanned.codes.nbytes) / 1e6, 1),
        },
    }


def in_turn(ways: dict[str, Way], queries: list[Any]) -> dict[str, float]:
    """Median milliseconds of each way: in each round it answers all queries, one by one.

    Between the queries of one way nothing else runs, as in a search server; another way's
    gallery would push this one's out of the processor's cache.
    """
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(BLOCKS):
        for name, way in ways.items():
            way(queries[0])
            for query in queries:
                began = time.perf_counter()
                way(query)
                took[name].append(1000 * (time.perf_counter() - began))
    return {name: round(statistics.median(each), 4) for name, each in took.items()}


def recall(index: TwoStep, parts: RowBlocks, queries: Any) -> float:
    """Share of the true ten nearest that is found, one query at a time."""
    truth = search_exact(parts, queries, K)[0][:, -1] - 1e-6
    found = [index.search(parts, query, K)[0][0] for query in queries]
    return float(np.mean([(own >= least).mean() for own, least in zip(found, truth, strict=True)]))


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


def by_numpy_many(vectors: Any, queries: Any) -> Any:
    """The same for many queries."""
    scores = queries @ vectors.T
    return np.argpartition(-scores, K, axis=1)[:, :K]


def show(entry: dict[str, Any]) -> None:
    """Milliseconds, and how many times as fast as numpy."""
    for title, key in (("one query", "ms"), (f"{BATCH} queries", "batch_ms")):
        print(f"\n{entry['count']:,} × {clip_like.DIM}, {K} best, {title}")
        if not entry[key]:
            continue
        peer = entry[key]["numpy, product and partition"]
        for name, ms in entry[key].items():
            print(f"  {name:<32}{ms:10.3f} ms {peer / ms:8.1f} × numpy")
    print("  recall@10", entry["recall_at_10"], "codes", entry["codes"])


if __name__ == "__main__":
    main()
