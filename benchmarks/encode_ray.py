"""What Ray costs: the same folder built on one machine as usual and by a worker of Ray there.

Both have the same cores and the same encoder, so the ratio is what distributing costs before a
second machine brings anything. Starting Ray and its worker is measured apart: it is paid once.

    python benchmarks/encode_ray.py [--model demo] [--pictures FOLDER] [--count 2000] [--rounds 5]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import keep
from encode import draw, vit_b32

from timanh.data import list_pictures
from timanh.models import load_encoder
from timanh.vectors import VectorDictionary, build_dictionary, encode_pictures, on_ray
from timanh.vectors.build.encoding import Batch, EncodePictures


def main() -> None:
    """A table; see the module's first lines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="demo", help="demo, a folder, or random-vit-b32")
    parser.add_argument("--pictures", type=Path, help="real photos; else drawn blocks")
    parser.add_argument("--count", type=int, default=2000, help="pictures drawn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runtime", default="torch")
    parser.add_argument("--ray", default="local", metavar="ADDRESS")
    parser.add_argument("--name", default="encode_ray", help="of the result's file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        model = vit_b32(place / "model") if args.model == "random-vit-b32" else args.model
        gallery = args.pictures or draw(place / "pictures", args.count)
        load = partial(load_encoder, model, device="cpu", runtime=args.runtime)
        found = compare(load, gallery, place, args.ray, args.rounds)
    for name, value in found.items():
        print(f"{name:<28}{value:>12}")
    keep(args.name, {"model": args.model, "runtime": args.runtime, **found})


def compare(
    load: Callable[[], Any], gallery: Path, place: Path, address: str, rounds: int
) -> dict[str, Any]:
    """Both ways in turn each round, whole builds; then whether their rows are the same."""
    encoder = load()
    began = time.perf_counter()
    with on_ray(address, load) as by_ray:
        connected = time.perf_counter() - began
        ways: dict[str, EncodePictures] = {"ordinary": encode_pictures, "ray": by_ray}
        took: dict[str, list[float]] = {name: [] for name in ways}
        first: dict[str, list[float]] = {name: [] for name in ways}
        pace: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds):
            for name, way in ways.items():
                watch = Watch(way)
                out = place / f"{name}-{number}"
                began = time.perf_counter()
                build_dictionary(gallery, encoder, out, progress=False, encode=watch)
                took[name].append(time.perf_counter() - began)
                first[name].append(watch.arrivals[0][0])
                pace[name].append(watch.pace())
    count = len(list_pictures(gallery))
    median = {name: statistics.median(each) for name, each in took.items()}
    going = {name: statistics.median(each) for name, each in pace.items()}
    return {
        "pictures": count,
        "rounds": rounds,
        "start_ray_s": round(connected, 2),
        "ordinary_s": round(median["ordinary"], 2),
        "ray_s": round(median["ray"], 2),
        "ray_first_rows_s": round(statistics.median(first["ray"]), 2),
        "ratio_whole_build": round(median["ray"] / median["ordinary"], 3),
        "ordinary_per_s_once_going": round(going["ordinary"], 1),
        "ray_per_s_once_going": round(going["ray"], 1),
        "ratio_once_going": round(going["ordinary"] / going["ray"], 3),
        "largest_difference": largest_difference(place / "ordinary-0", place / "ray-0"),
    }


class Watch:
    """Passes batches on and notes when they came.

    Attributes:
        arrivals: seconds since the beginning, and pictures until then.
    """

    def __init__(self, encode: EncodePictures) -> None:
        self.arrivals: list[tuple[float, int]] = []
        self._encode = encode

    def __call__(self, *given: Any) -> Iterator[Batch]:
        began, count = time.perf_counter(), 0
        for batch in self._encode(*given):
            count += len(batch.pictures)
            self.arrivals.append((time.perf_counter() - began, count))
            yield batch

    def pace(self) -> float:
        """Pictures a second by a line through the arrivals: rows of Ray come a shard at a time."""
        seconds, counts = np.array(self.arrivals).T
        return float(np.polyfit(seconds, counts, 1)[0])


def largest_difference(one: Path, other: Path) -> float:
    """Between two numbers of the same picture's vector."""
    first, second = VectorDictionary.open(one), VectorDictionary.open(other)
    rows = {item.id: row for row, item in enumerate(second.items)}
    order = [rows[item.id] for item in first.items]
    return float(np.abs(np.asarray(first.vectors) - np.asarray(second.vectors)[order]).max())


if __name__ == "__main__":
    main()
