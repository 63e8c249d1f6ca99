"""Approximate indexes on text queries: recall, milliseconds, building and memory, beside numpy.

Each is given the least effort that finds 99 of 100 of the ten nearest, on texts that it was not
made for; two steps are beside them, with an eighth to three eighths of the numbers scanned. What
the same effort finds for pictures that are not in the gallery is beside that. Times are taken at
the end, of all ways and numpy in turn.

    python benchmarks/ann.py [--count 100000] [--kinds ivf hnsw] [--threads 1]
        [--pictures clip_pictures.npy --texts clip_texts.npy]
"""

import argparse
import time
from pathlib import Path
from typing import Any

import clip_like
import numpy as np
from common import keep
from search import by_numpy, in_turn, set_threads

from timanh.vectors.index.coding import Coding
from timanh.vectors.index.layer import Layer
from timanh.vectors.index.two_step import TwoStep
from timanh.vectors.scan.exact import search_exact
from timanh.vectors.scan.threads import cores
from timanh.vectors.store.row_blocks import RowBlocks
from timanh.vectors.tune.measure import K, Tuner

ROUNDS = 25
SHARES = (1 / 8, 3 / 16, 1 / 4, 3 / 8)
# Fewer deviations scan as much but score fewer again.
DEVIATIONS = 4.0


def main() -> None:
    """One table; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--kinds", nargs="*", default=["ivf", "hnsw"])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--texts", type=Path)
    args = parser.parse_args()
    set_threads(args.threads)
    pictures, texts, words = clip_like.real(args.pictures, args.texts)
    vectors = clip_like.gallery(args.count, pictures)
    parts = RowBlocks([vectors], vectors.shape[1])
    tuner = Tuner(parts, texts, 0.99, args.threads or cores(), print)
    found = [narrow(tuner, share) for share in SHARES]
    found += [(vars(choice), index) for choice, index in map(tuner.approximate, args.kinds)]
    rows = [row for row, _ in found]
    strangers = clip_like.gallery(len(tuner.queries), pictures, seed=1)
    truth = search_exact(parts, strangers, K)[0][:, -1:] - 1e-5
    for row, index in found:
        scores = [index.search(parts, query, K)[0][0] for query in strangers]
        row["recall_of_pictures"] = round(float((np.stack(scores) >= truth).mean()), 4)
    ways = {str(place): look(index, parts) for place, (_, index) in enumerate(found)}
    ways["numpy"] = lambda query: by_numpy(vectors, query)
    took = in_turn(ways, list(tuner.queries[:ROUNDS]))
    numpy_ms = took["numpy"]
    print(f"\n{args.count:,} × {clip_like.DIM}, numpy {numpy_ms:.2f} ms")
    for place, row in enumerate(rows):
        row["ms"] = took[str(place)]
        row["times_numpy"] = round(numpy_ms / row["ms"], 1)
        print(
            f"  {row['kind']:<9}{row['ms']:8.3f} ms {row['times_numpy']:7.1f} × numpy  recall@{K} "
            f"{row['recall']:.4f}, of pictures {row['recall_of_pictures']:.4f}  built in "
            f"{row['build_s']:6.1f} s  {row['megabytes']:7.1f} MB  {row['detail']}"
        )
    document = {"count": args.count, "geometry": words, "threads": args.threads or "all"}
    keep(f"ann_{args.count}", {**document, "numpy_ms": numpy_ms, "ways": rows})


def look(index: Any, parts: RowBlocks) -> Any:
    """One query through an index."""
    return lambda query: index.search(parts, query, K)


def narrow(tuner: Tuner, share: float) -> tuple[dict[str, Any], TwoStep]:
    """Two steps that scan a share of the numbers and allow for fewer deviations than usual."""
    began = time.perf_counter()
    width = round(share * tuner.parts.dim)
    coarse = Layer.build(tuner.parts, Coding.short(tuner.parts, width, tuner.known))
    index = TwoStep(tuner.fine, coarse, DEVIATIONS)
    spent = time.perf_counter() - began
    recall, ms = tuner.measure(lambda query, k: index.search(tuner.parts, query, k)[0])
    size = index.fine.codes.nbytes + index.scanned.codes.nbytes
    row = {
        "kind": "two-step",
        "detail": f"{width} numbers scanned, {DEVIATIONS:.0f} deviations",
        "recall": recall,
        "ms": ms,
        "build_s": spent,
        "megabytes": size / 1e6,
    }
    return row, index


if __name__ == "__main__":
    main()
