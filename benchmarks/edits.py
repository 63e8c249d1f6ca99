"""One picture added, one removed: seconds at 100,000 and at a million pictures.

Vectors are random, of 512 numbers; the encoder is one that takes no time, so what is measured is
the dictionary. As a program does it (`add_pictures`, `remove_pictures`, which read what they need
from the disk) and through the API over loopback, with a search index made by `index tune` that
must be in use before and after.

    python benchmarks/edits.py [--counts 100000 1000000] [--times 7] [--folder DIR]
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from common import ROOT, keep
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(ROOT / "tests" / "support"))
from pixel_encoder import PixelEncoder

from timanh.api import ApiConfig, create_app
from timanh.models.reading import content_hash
from timanh.search import SearchEngine
from timanh.vectors import (
    VectorDictionary,
    add_pictures,
    build_dictionary,
    compact_dictionary,
    remove_pictures,
    tune_dictionary,
)
from timanh.vectors.store.items import Item, item_id
from timanh.vectors.store.manifest import Manifest
from timanh.vectors.store.writer import DictionaryWriter

DIM, SEGMENT_ROWS = 512, 65_536
LIMITS_S = {100_000: 0.15, 1_000_000: 0.5}


def main() -> None:
    """Measure, print and keep; the exit code is 1 where a median is beyond its limit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--counts", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--times", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where there is room; else a temporary one")
    args = parser.parse_args()
    found = []
    for count in args.counts:
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            found.append(measure(Path(folder), count, args.times))
    keep("edits", {"dim": DIM, "counts": found})
    slow = [
        f"{one['count']:,}: {name} took {seconds:.3f} s, wanted {one['limit_s']}"
        for one in found
        for name, seconds in one["median_s"].items()
        if one["limit_s"] and name in MEASURED and seconds > one["limit_s"]
    ]
    print(*slow, sep="\n")
    sys.exit(1 if slow else 0)


MEASURED = ("add", "remove", "API add", "API delete")


def measure(folder: Path, count: int, times: int) -> dict[str, Any]:
    """Median seconds of each step, and what the index did."""
    encoder = PixelEncoder(DIM)
    gallery, out = folder / "gallery", folder / "out"
    gallery.mkdir()
    (gallery / "first.png").write_bytes(picture(0))
    build_dictionary(gallery, encoder, out, progress=False)
    began = time.perf_counter()
    fill(out, count)
    print(f"{count:,} pictures written in {time.perf_counter() - began:.0f} s")
    queries = VectorDictionary.open(out).parts.sample(64)
    tune_dictionary(out, queries, method="two-step")
    took: dict[str, list[float]] = {}

    def step(name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = work()
        took.setdefault(name, []).append(time.perf_counter() - began)
        return result

    for number in range(times):
        place = gallery / f"new{number}.png"
        place.write_bytes(picture(1 + number))
        step("add", lambda: add_pictures(out, [place], encoder, progress=False))  # noqa: B023
        step("remove", lambda: remove_pictures(out, [path(number)]))  # noqa: B023
        step("open", lambda: VectorDictionary.open(out))
    engine = SearchEngine(encoder, step("open", lambda: VectorDictionary.open(out)))
    config = ApiConfig()
    with TestClient(create_app(engine, config), base_url="http://127.0.0.1:8001") as client:
        step("first search", lambda: search(client))
        for number in range(times):
            files = {"file": ("x.png", picture(1000 + number))}
            answer = step("API add", lambda: client.post("/api/images", files=files))  # noqa: B023
            assert answer.status_code == 201, answer.text
            id = engine.dictionary.item(number).id
            answer = step("API delete", lambda: client.delete(f"/api/images/{id}"))  # noqa: B023
            assert answer.status_code == 200, answer.text
            step("search after it", lambda: search(client))
    covered = engine.dictionary.index
    assert covered is not None and len(covered.index) == count + 1, "the index is in use"
    compacted = step("compact", lambda: compact_dictionary(out))
    assert compacted.count == len(engine.dictionary) == count + 1
    median = {name: round(statistics.median(seconds), 4) for name, seconds in took.items()}
    first = {name: round(seconds[0], 4) for name, seconds in took.items()}
    for name, seconds in median.items():
        print(f"  {name:<16}{seconds:>9.4f} s  (the first {first[name]:.4f})")
    return {
        "count": count,
        "limit_s": LIMITS_S.get(count),
        "median_s": median,
        "first_s": first,
        "times": times,
    }


def search(client: TestClient) -> None:
    """One search by words, as the page asks."""
    assert client.post("/api/search", data={"query": "a dog", "k": "24"}).status_code == 200


def fill(out: Path, count: int) -> None:
    """Rows of pictures that are nowhere, in one segment as a build leaves it."""
    writer = DictionaryWriter(out, Manifest.load(out))
    random = np.random.default_rng(0)
    for start in range(0, count, SEGMENT_ROWS):
        rows = range(start, min(start + SEGMENT_ROWS, count))
        writer.append(unit_rows(random, len(rows)), [item(row) for row in rows])
    writer.finish()


def unit_rows(random: np.random.Generator, count: int) -> NDArray[np.float32]:
    """(count, DIM) of unit length."""
    rows = random.standard_normal((count, DIM), np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def path(row: int) -> str:
    """Of the picture in a row, but for the first."""
    return f"{row // 1000:04d}/{row:07d}.jpg"


def item(row: int) -> Item:
    """A picture with a caption of usual length."""
    caption = "a man in a red shirt walks his dog along the beach"
    name = path(row)
    return Item(item_id(name), name, (caption,), 500, 375, 40_000, 0.5, content_hash(name.encode()))


def picture(seed: int) -> bytes:
    """A small PNG of its own colours."""
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)
    out = BytesIO()
    Image.fromarray(pixels).resize((60, 60)).save(out, "PNG")
    return out.getvalue()


if __name__ == "__main__":
    main()
