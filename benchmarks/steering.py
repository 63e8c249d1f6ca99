"""Whether one thumb up or down costs right pictures, on drawn scenes whose truth is known.

For each short query that has some right and some wrong pictures among its first ten, a right one
is liked, or three are, or a wrong one is disliked; right ones among the first ten before and after.

    python benchmarks/steering.py
"""

import argparse
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from closeness import JUDGED, drawn, queries
from common import keep

from timanh.models import load_encoder
from timanh.search import Query, SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary

TOP = 10


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="demo")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(JUDGED))
    given = parser.parse_args()
    encoder = load_encoder(given.model, device="cpu")
    found: dict[str, list[tuple[int, int]]] = {"like one": [], "like three": [], "dislike one": []}
    with tempfile.TemporaryDirectory() as folder:
        for seed in given.seeds:
            measure(encoder, Path(folder) / str(seed), seed, found)
    document: dict[str, Any] = {"model": encoder.name, "seeds": given.seeds}
    for name, pairs in found.items():
        before, after = np.array(pairs).T
        error = 1.96 * float((after - before).std()) / len(pairs) ** 0.5
        change = float((after - before).mean())
        document[name] = {
            "queries": len(pairs), "before": round(float(before.mean()), 3),
            "after": round(float(after.mean()), 3),
            "change_ci95": [round(change - error, 3), round(change + error, 3)],
            "fell_percent": round(100 * float((after < before).mean()), 1),
            "rose_percent": round(100 * float((after > before).mean()), 1),
        }  # fmt: skip
        print(f"{name:12}", document[name])
    if given.model == "demo" and tuple(given.seeds) == JUDGED:
        keep("steering", document)


def measure(encoder: Any, place: Path, seed: int, found: dict[str, list[tuple[int, int]]]) -> None:
    """One gallery."""
    rng = random.Random(seed)
    scenes = drawn(place / "gallery", seed, set())
    build_dictionary(place / "gallery", encoder, place / "index", progress=False)
    engine = SearchEngine(encoder, VectorDictionary.open(place / "index", encoder))

    def ask(text: str, **steering: tuple[str, ...]) -> list[tuple[str, str]]:
        hits = engine.search(Query(text, k=TOP, **steering)).hits
        return [(hit.id, Path(hit.path).name) for hit in hits]

    for kind, text, right in queries(scenes, rng):
        if kind.endswith("caption"):
            continue
        first = ask(text)
        good = tuple(id for id, name in first if name in right)
        bad = tuple(id for id, name in first if name not in right)
        if not good or not bad:
            continue
        steps = {"like one": {"like": good[:1]}, "dislike one": {"unlike": bad[:1]}}
        if len(good) >= 3:
            steps["like three"] = {"like": good[:3]}
        for name, steering in steps.items():
            after = ask(text, **steering)
            found[name].append((len(good), sum(one in right for _, one in after)))


if __name__ == "__main__":
    main()
