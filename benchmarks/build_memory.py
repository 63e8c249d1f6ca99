"""Peak memory while a dictionary of a million rows is built, edited, compacted and searched.

Rows come from a generator in place of an encoder, so that the dictionary's own share is seen;
the encoder and the pictures it works on come on top and do not grow with the dictionary. What is
searched is opened in a process of its own. Its peak has two parts: pages of mapped files, which
the system takes back when others need memory, and the process's own.

    python benchmarks/build_memory.py [--count 1000000] [--dim 512]
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from common import keep

from timanh.models.reading import content_hash
from timanh.vectors import VectorDictionary, compact_dictionary, tune_dictionary
from timanh.vectors.build.encoding import SEGMENT_ROWS
from timanh.vectors.store.items import Item, item_id
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.writer import DictionaryWriter


def main() -> None:
    """One line per step; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=512)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        steps = measure(Path(folder), args.count, args.dim)
        in_a_child = multiprocessing.get_context("spawn")
        for way in ("exact", "two-step"):
            with in_a_child.Pool(1) as pool:
                steps += pool.apply(searched, (Path(folder), way))
    for step in steps:
        own = f"   own {step['own_mb']:>8.0f} MB" if "own_mb" in step else ""
        seconds, peak = f"{step['seconds']:>9.2f} s", f"peak {step['peak_mb']:>8.0f} MB"
        print(f"{step['step']:<28}{seconds}   {peak}{own}")
    keep("build_memory", {"count": args.count, "dim": args.dim, "steps": steps})


def measure(folder: Path, count: int, dim: int) -> list[dict[str, Any]]:
    """Seconds and peak resident memory of the process after each step, in order."""
    writer = DictionaryWriter(folder, Manifest("rows", "0" * 16, dim, "", "."))
    steps: list[dict[str, Any]] = []

    def step(name: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        seconds = round(time.perf_counter() - began, 2)
        steps.append({"step": name, "seconds": seconds, "peak_mb": round(peak)})

    step("before", lambda: None)
    step("segments written", lambda: grow(writer, count, dim))
    step("joined into one", writer.finish)
    step("opened", lambda: VectorDictionary.open(folder))
    known: dict[str, tuple[int, float, str]] = {}
    step("compared with a gallery", lambda: known.update(states(writer)))
    known.clear()
    step("one caption changed", lambda: writer.apply(changed(count // 2)))
    step("hashes read", writer.drop_damaged)
    step("compacted", lambda: compact_dictionary(folder))
    return steps


def searched(folder: Path, way: str) -> list[dict[str, Any]]:
    """The same of a process that opens and searches what lies in `folder`."""
    steps: list[dict[str, Any]] = []

    def step(name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        found = work()
        seconds = round(time.perf_counter() - began, 3)
        memory = status()
        own, peak = round(memory["RssAnon"]), round(memory["VmHWM"])
        steps.append({"step": name, "seconds": seconds, "peak_mb": peak, "own_mb": own})
        return found

    step(f"{way}: before", lambda: None)
    dictionary = step(f"{way}: opened", lambda: VectorDictionary.open(folder))
    queries = dictionary.parts.take(np.arange(0, len(dictionary), len(dictionary) // 64))
    if way == "two-step":
        step(f"{way}: tuned", lambda: tune_dictionary(folder, queries, method=way))
        dictionary = step(f"{way}: opened again", lambda: VectorDictionary.open(folder))
    step(f"{way}: first search", lambda: dictionary.search(queries[0], 10))
    step(f"{way}: search", lambda: dictionary.search(queries[1], 10))
    step(f"{way}: one item read", lambda: dictionary.item(len(dictionary) // 2))
    return steps


def status() -> dict[str, float]:
    """Megabytes, as Linux counts them for this process."""
    lines = Path("/proc/self/status").read_text(encoding="utf8").splitlines()
    fields = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): int(number) / 1024 for name, number, _ in fields}


def grow(writer: DictionaryWriter, count: int, dim: int) -> None:
    """Append `count` rows in segments as a build does."""
    random = np.random.default_rng(0)
    for start in range(0, count, SEGMENT_ROWS):
        rows = min(SEGMENT_ROWS, count - start)
        vectors = random.standard_normal((rows, dim), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        writer.append(vectors, [item(start + row) for row in range(rows)])


def item(row: int) -> Item:
    """A picture with a caption of usual length."""
    path = f"{row // 1000:04d}/{row:07d}.jpg"
    caption = "a man in a red shirt walks his dog along the beach"
    return Item(item_id(path), path, (caption,), 500, 375, 40_000, 0.5, content_hash(path.encode()))


def states(writer: DictionaryWriter) -> dict[str, tuple[int, float, str]]:
    """What a build keeps in memory of every row while it looks for changes."""
    return {one.path: (one.size, one.mtime, one.hash) for one in writer.items()}


def changed(row: int) -> dict[str, tuple[Item, Item | None]]:
    """An edit of one item."""
    one = item(row)
    return {one.id: (one, replace(one, captions=("another",)))}


if __name__ == "__main__":
    main()
