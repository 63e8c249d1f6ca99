"""PostgreSQL with pgvector: a naive table beside ours, exact and with the graph, on text queries.

Each way gets some queries in a row, as a server that is used one way is, and all of them
several times over, so that they share a machine's good and bad moments. Targets for 100,000:
exact in 60 ms, the graph in 3 ms at recall@10 ≥ 0.98.

    python benchmarks/postgres.py [--count 100000] [--recall 0.98]
        [--pictures clip_pictures.npy --texts clip_texts.npy]
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import clip_like
from common import keep
from engines_like import race, say, stored_gallery

from timanh.vectors import VectorDictionary, open_copy
from timanh.vectors.servers.postgres.copy import PostgresCopy
from timanh.vectors.tune.measure import K, Tuner
from timanh.vectors.tune.servers import tune_engine

NAIVE = (
    "SELECT row_number, 1 - (embedding <=> %s::vector) FROM naive "
    "ORDER BY embedding <=> %s::vector LIMIT %s"
)


def main() -> None:
    """One table; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--recall", type=float, default=0.98)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--texts", type=Path)
    args = parser.parse_args()
    pictures, texts, words = clip_like.real(args.pictures, args.texts)
    # The embedded server refuses a folder that only its owner may enter.
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "gallery"
        stored_gallery(folder, clip_like.gallery(args.count, pictures))
        document = measure(folder, texts, args.recall)
    document = {"count": args.count, "geometry": words, "target_recall": args.recall, **document}
    keep("postgres", document)
    print(f"\n{args.count:,} × {clip_like.DIM} in PostgreSQL")
    for row in document["ways"]:
        print(f"  {row['way']:<8}{row['ms']:9.2f} ms  recall@{K} {row['recall']:.4f}")


def measure(folder: Path, texts: Any, recall: float) -> dict[str, Any]:
    """Milliseconds and recall of the naive table, the exact function and the graph."""
    began = time.perf_counter()
    copy = open_copy(folder, "postgres")
    copied = time.perf_counter() - began
    if not isinstance(copy, PostgresCopy):
        raise TypeError("The engine postgres gave another copy.")
    naive_table(copy)
    tuned = tune_engine(folder, "postgres", texts, method="hnsw", recall=recall, say=say)
    tuner = Tuner(VectorDictionary.open(folder).parts, texts, recall, 1, print)
    ways = {
        "naive": lambda query: copy.request(NAIVE, [(query, query, K)])[0],
        "exact": lambda query: copy.nearest(query[None], K, exact=True)[0],
        "hnsw": lambda query: copy.nearest(query[None], K, exact=False)[0],
    }
    rows = race(ways, tuner)
    settings = ("shared_buffers", "maintenance_work_mem", "max_parallel_workers_per_gather")
    server = {name: copy.request(f"SHOW {name}")[0][0][0] for name in ("server_version", *settings)}
    copy.close()
    return {
        "server": server, "copied_s": round(copied, 1), "graph": vars(tuned.chosen), "ways": rows,
        "tried": [vars(choice) for choice in tuned.tried],
    }  # fmt: skip


def naive_table(copy: PostgresCopy) -> None:
    """As one would write it down first: pgvector's own type, stored as PostgreSQL stores it."""
    copy.request("CREATE TABLE naive (row_number bigint PRIMARY KEY, embedding vector(512))")
    copy.request(
        "INSERT INTO naive SELECT row_number, embedding FROM timanh_copy.pictures_{copy} "
        "ORDER BY row_number"
    )
    copy.request("ANALYZE naive")


if __name__ == "__main__":
    main()
