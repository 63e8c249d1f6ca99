"""Milvus Lite beside the folder itself, on text queries: copying, searching, memory and disk.

Each way gets some queries in a row, and all of them several times over. The graph is left out
where Milvus Lite builds none in reasonable time.

    python benchmarks/milvus.py [--count 10000 100000] [--recall 0.98]
        [--pictures clip_pictures.npy --texts clip_texts.npy]
"""

import argparse
import resource
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import clip_like
from common import keep
from engines_like import race, say, stored_gallery

from timanh.vectors import VectorDictionary, open_copy, tune_dictionary, tune_engine
from timanh.vectors.servers.milvus.copy import MOST_IN_LITE
from timanh.vectors.tune.measure import K, Tuner


def main() -> None:
    """A table for each size; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--recall", type=float, default=0.98)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--texts", type=Path)
    args = parser.parse_args()
    pictures, texts, words = clip_like.real(args.pictures, args.texts)
    sizes = []
    for count in sorted(args.count):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "gallery"
            stored_gallery(folder, clip_like.gallery(count, pictures))
            sizes.append({"count": count, **measure(folder, texts, args.recall)})
        show(sizes[-1])
    packages = {name: version(name) for name in ("pymilvus", "milvus-lite")}
    found = {"geometry": words, "target_recall": args.recall, **packages, "sizes": sizes}
    keep("milvus", found)


def measure(folder: Path, texts: Any, recall: float) -> dict[str, Any]:
    """Milliseconds and recall of Milvus Lite and of the folder, exact and as each was tuned."""
    dictionary = VectorDictionary.open(folder)
    tuner = Tuner(dictionary.parts, texts, recall, 1, say)
    tune_dictionary(folder, texts, method="two-step", recall=recall, say=say)
    two_steps = VectorDictionary.open(folder)
    dictionary.index = None
    before = memory()
    began = time.perf_counter()
    copy = open_copy(folder, "milvus")
    copied = time.perf_counter() - began
    ways = {
        "folder, exact": pairs(dictionary),
        "folder, two steps": pairs(two_steps),
        "milvus, exact": lambda query: copy.nearest(query[None], K, exact=False)[0],
    }
    rows = race(ways, tuner)
    graph = None
    if len(dictionary) <= MOST_IN_LITE:
        copy.close()
        graph = vars(
            tune_engine(folder, "milvus", texts, method="hnsw", recall=recall, say=say).chosen
        )
        tuned = open_copy(folder, "milvus")
        way = {"milvus, hnsw": lambda query: tuned.nearest(query[None], K, exact=False)[0]}
        rows += race(way, tuner)
        tuned.close()
    copy.close()
    files = [file.stat().st_size for file in (folder / "milvus").rglob("*") if file.is_file()]
    return {
        "copied_s": round(copied, 1), "disk_mb": round(sum(files) / 1e6, 1),
        "peak_mb_before": before, "peak_mb_after": memory(), "graph": graph, "ways": rows,
    }  # fmt: skip


def pairs(dictionary: VectorDictionary) -> Any:
    """One query of a folder, answered as a server does."""

    def way(query: Any) -> list[tuple[int, float]]:
        scores, rows = dictionary.search(query, K)
        return list(zip(rows[0].tolist(), scores[0].tolist(), strict=True))

    return way


def memory() -> int:
    """The peak of this process in MB; Milvus Lite runs within it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def show(size: dict[str, Any]) -> None:
    """One table."""
    print(
        f"\n{size['count']:,} × {clip_like.DIM}: copied in {size['copied_s']} s, "
        f"{size['disk_mb']:.0f} MB on disk"
    )
    for row in size["ways"]:
        print(f"  {row['way']:<20}{row['ms']:9.2f} ms  recall@{K} {row['recall']:.4f}")


if __name__ == "__main__":
    main()
