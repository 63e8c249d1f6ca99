"""A dictionary whose writers are killed at random moments of build, add, remove and compact.

Alone: after each kill it must open, hold every row that was committed before, hold nothing twice,
and give each picture its own vector. At the end one build brings it to what an unbroken one gives.

Together (`kills_together.py`): four processes do these four at once, and one after the other is
killed; what any of them reported as done must be there.

    python benchmarks/kills.py [--kills 300] [--alone 100] [--seed 0]
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from common import ROOT, keep

sys.path.insert(0, str(ROOT / "tests" / "support"))
from kills_together import together
from pixel_encoder import PixelEncoder, make_pictures

from timanh.vectors import (
    VectorDictionary,
    add_pictures,
    build_dictionary,
    check_dictionary,
    compact_dictionary,
    remove_pictures,
)
from timanh.vectors.build import encoding
from timanh.vectors.store import segments, writer
from timanh.vectors.store.generations import is_dictionary

PICTURES, FEW = 96, 6
MOST_STEPS = 10_000
# Half of the kills come while a file is written, the others up to so long after it.
LATER_S = 0.01
KINDS = ("build", "add", "remove", "compact")


@dataclass
class Tally:
    """What was seen: kills by kind, those that came in the middle, and what went wrong."""

    kills: Counter[str] = field(default_factory=Counter)
    in_the_middle: Counter[str] = field(default_factory=Counter)
    left_over_files: int = 0
    faults: list[str] = field(default_factory=list)


def main() -> None:
    """Run the trial and keep what it found; the exit code is 1 if anything was lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=300, help="of four writers at once")
    parser.add_argument("--alone", type=int, default=100, help="of one writer")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = run(Path(folder), args.alone, args.seed)
    with tempfile.TemporaryDirectory() as folder:
        found = together(Path(folder), args.kills, args.seed)
    for kind in KINDS:
        middle = tally.in_the_middle[kind]
        print(f"{kind:<10}{tally.kills[kind]:>5} killed, {middle:>4} of them in the middle")
    print(f"{tally.left_over_files} files of killed writers lay about and were swept")
    print(f"{len(tally.faults)} times something was wrong", *tally.faults, sep="\n  ")
    for kind, killed in found.kills.items():
        print(f"{kind:<10}{killed:>5} killed, {found.reported[kind]:>5} times done")
    print(f"{found.looks} looks at it meanwhile; {found.left_over} files were left over")
    print(f"{len(found.faults)} times something was wrong", *found.faults, sep="\n  ")
    keep(
        "kills",
        {
            "kills": dict(tally.kills),
            "in_the_middle": dict(tally.in_the_middle),
            "left_over_files": tally.left_over_files,
            "faults": tally.faults,
            "together": asdict(found),
            "seed": args.seed,
        },
    )
    sys.exit(1 if tally.faults or found.faults else 0)


def run(folder: Path, kills: int, seed: int) -> Tally:
    """`kills` kills in turn over one dictionary in `folder`."""
    # Here nobody else writes, so what a killed writer left may go at once.
    encoding.SEGMENT_ROWS, writer.SMALL_ROWS, segments.YOUNG_S = 8, 0, 0.0
    moments, tally = random.Random(seed), Tally()
    gallery = make_pictures(folder / "pictures", PICTURES)
    out = folder / "out"
    build(gallery, folder / "unbroken")
    truth = contents(folder / "unbroken")
    # How often each kind wrote to the disk when it was left alone; kills fall evenly among that.
    wrote = {kind: deque([0], maxlen=5) for kind in KINDS}
    number = 0
    while tally.kills.total() < kills:
        kind = KINDS[number % len(KINDS)]
        number += 1
        few = prepare(kind, gallery, out, moments, rebuild=number % 8 == 1)
        before = contents(out)
        step = moments.randint(1, max(wrote[kind])) if max(wrote[kind]) else MOST_STEPS
        delay_s = moments.choice((0.0, moments.uniform(0, LATER_S)))
        steps, killed = killed_at(work_of(kind, gallery, out, few), step, delay_s)
        after = contents(out)
        if not killed:
            wrote[kind].append(steps)
        tally.kills[kind] += killed
        tally.in_the_middle[kind] += killed and (before != after or left_over(out) > 0)
        tally.left_over_files += left_over(out)
        tally.faults += [f"{number} {kind}: {fault}" for fault in faults(kind, before, after, few)]
        tally.faults += [f"{number} {kind}: wrong vector" for p in after if after[p] != truth[p]]
    build(gallery, out)
    if contents(out) != truth or left_over(out):
        tally.faults.append("the last build differs from an unbroken one")
    return tally


def prepare(
    kind: str, gallery: Path, out: Path, moments: random.Random, *, rebuild: bool
) -> list[str]:
    """Give `kind` something to do; returns the pictures that it is about."""
    if kind == "build":
        if rebuild:
            shutil.rmtree(out, ignore_errors=True)
        return []
    if not is_dictionary(out) or len(contents(out)) < PICTURES // 2:
        build(gallery, out)
    few = moments.sample(sorted(contents(out)), FEW)
    if kind != "remove":
        remove_pictures(out, few)
    if kind == "compact":
        places = [gallery / name for name in few]
        add_pictures(out, places, PixelEncoder(), batch_size=4, progress=False)
    return few


def faults(
    kind: str, before: dict[str, bytes], after: dict[str, bytes], few: list[str]
) -> list[str]:
    """What must not be."""
    lost = before.keys() - after.keys()
    new = after.keys() - before.keys()
    found = []
    if kind == "remove":
        if lost and lost != set(few):
            found.append(f"removed {len(lost)} of {len(few)}")
    elif lost:
        found.append(f"lost {len(lost)} committed rows")
    if (kind == "add" and not new <= set(few)) or (kind in ("remove", "compact") and new):
        found.append(f"gained {len(new)} rows")
    return found


def work_of(kind: str, gallery: Path, out: Path, few: list[str]) -> Callable[[], object]:
    encoder = PixelEncoder(delay_s=0.001)
    places = [gallery / name for name in few]
    return {
        "build": lambda: build(gallery, out),
        "add": lambda: add_pictures(out, places, encoder, batch_size=2, progress=False),
        "remove": lambda: remove_pictures(out, few),
        "compact": lambda: compact_dictionary(out),
    }[kind]


def build(gallery: Path, out: Path) -> object:
    encoder = PixelEncoder(delay_s=0.001)
    return build_dictionary(gallery, encoder, out, batch_size=4, progress=False)


def killed_at(work: Callable[[], object], step: int, delay_s: float) -> tuple[int, bool]:
    """How often `work` wrote to the disk in a process of its own, and whether it was killed: that
    long after it had written the `step`th time, when nothing of that has its name yet."""
    (heard, say), (hear, answer) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        os.close(answer)

        def fsync(handle: int) -> None:
            os.write(say, b".")
            os.read(hear, 1)

        os.fsync = fsync
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    os.close(say)
    steps = 0
    try:
        while steps < step and os.read(heard, 1):
            steps += 1
            if steps < step or delay_s:
                os.write(answer, b".")
            if steps == step:
                time.sleep(delay_s)
                os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    finally:
        for end in (heard, hear, answer):
            os.close(end)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the work failed by itself")
    return steps, os.WIFSIGNALED(status)


def contents(folder: Path) -> dict[str, bytes]:
    """Path → vector of all rows, every checksum read; fails where a path or id is there twice."""
    if not is_dictionary(folder):
        return {}
    dictionary = VectorDictionary.open(folder)
    report = check_dictionary(dictionary)
    if not report.ok:
        raise SystemExit(f"damaged: {report.problems}")
    return {
        item.path: dictionary.vectors[row].tobytes() for row, item in enumerate(dictionary.items)
    }


def left_over(folder: Path) -> int:
    """Files that no manifest names."""
    there = [path for path in folder.glob("*") if path.is_file()]
    if not is_dictionary(folder):
        return len(there)
    named = VectorDictionary.open(folder).manifest.files() | {"manifest.json"}
    return sum(path.name not in named for path in there)


if __name__ == "__main__":
    main()
