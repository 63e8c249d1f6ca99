"""Dictionaries of made-up vectors, without pictures, for the engines to hold, and their race."""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from timanh.vectors.store.items import Item, item_id
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.writer import DictionaryWriter
from timanh.vectors.tune.measure import K, Tuner

BLOCK = 8192
# Queries in a row of one way, and how often all ways take their turn.
IN_A_ROW, TURNS = 25, 5

# A query → (row, cosine) of the nearest.
Way = Callable[[Any], list[tuple[int, float]]]


def stored_gallery(folder: Path, vectors: Any) -> None:
    """A dictionary in the new `folder` with these (N, dim) float32 rows of unit length."""
    folder.mkdir()
    manifest = Manifest("made-up", "made-up", vectors.shape[1], "made-up", ".")
    writer = DictionaryWriter(folder, manifest.save(folder))
    for first in range(0, len(vectors), BLOCK):
        block = vectors[first : first + BLOCK]
        writer.append(block, [made_up(row) for row in range(first, first + len(block))])
    writer.finish()


def made_up(row: int) -> Item:
    """A picture of which only the name is known."""
    path = f"{row // 1000:04d}/{row:08d}.jpg"
    return Item(item_id(path), path, (f"picture {row}",), 640, 480, 100_000, 1.7e9, f"{row:032x}")


def race(ways: dict[str, Way], tuner: Tuner) -> list[dict[str, Any]]:
    """Median milliseconds and recall@10 of each way.

    Each gets some queries in a row, as a server that is used one way is, and all of them
    several times over, so that they share a machine's good and bad moments.
    """
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, way in ways.items():
            way(tuner.queries[0])
            for query in tuner.queries[:IN_A_ROW]:
                began = time.perf_counter()
                way(query)
                took[name].append(1000 * (time.perf_counter() - began))
    return [
        {"way": name, "ms": statistics.median(took[name]), "recall": recall(way, tuner)}
        for name, way in ways.items()
    ]


def recall(way: Way, tuner: Tuner) -> float:
    """Of the ten nearest, by scores, so that equal ones count as found."""
    hits = [
        score >= lowest[-1] - 1e-5
        for lowest, query in zip(tuner.truth, tuner.queries, strict=True)
        for _, score in way(query)
    ]
    return sum(hits) / len(tuner.queries) / K


def say(line: str) -> None:
    """While it goes on."""
    print(line, file=sys.stderr)
