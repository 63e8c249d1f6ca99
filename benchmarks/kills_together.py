"""Four processes that add, remove, build and compact one dictionary at once, some of them killed.

Whatever one of them reported as done must be there as long as it was not undone by another;
nothing is there twice, every vector is its picture's, and it opens at every moment.
"""

import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from common import ROOT

sys.path.insert(0, str(ROOT / "tests" / "support"))
from PIL import Image
from pixel_encoder import PixelEncoder, make_pictures

from timanh.errors import TimAnhError, UnknownPictureError
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
from timanh.vectors.store.manifest import Manifest

FIRST = 240
KINDS = ("add", "remove", "build", "compact")
# How long a writer is left alone before it is killed, at most, and one does nothing in between.
LEFT_S, REST_S = 0.12, 0.02


@dataclass
class Together:
    """What was seen: kills and successes by kind, files left over at the end, and faults."""

    kills: Counter[str] = field(default_factory=Counter)
    reported: Counter[str] = field(default_factory=Counter)
    looks: int = 0
    left_over: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def together(folder: Path, kills: int, seed: int) -> Together:
    """`kills` kills among four writers of a dictionary in `folder`."""
    before = encoding.SEGMENT_ROWS, writer.SMALL_ROWS, segments.YOUNG_S
    # Small segments, and no mercy with others' files but what the rules say.
    encoding.SEGMENT_ROWS, writer.SMALL_ROWS, segments.YOUNG_S = 4, 8, 3600.0
    try:
        return _Trial(folder, seed).run(kills)
    finally:
        encoding.SEGMENT_ROWS, writer.SMALL_ROWS, segments.YOUNG_S = before


class _Trial:
    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.out = folder, folder / "out"
        self.moments = random.Random(seed)
        self.gallery = make_pictures(folder / "pictures", FIRST, seed)
        build_dictionary(self.gallery, PixelEncoder(), self.out, progress=False)
        self.found = Together()
        self.truth: dict[str, bytes] = {}

    def run(self, kills: int) -> Together:
        began = time.perf_counter()
        running = {kind: self._start(kind, 0) for kind in KINDS}
        number = 0
        while self.found.kills.total() < kills:
            number += 1
            time.sleep(self.moments.uniform(0, LEFT_S))
            kind = self.moments.choice(KINDS)
            ended, _ = os.waitpid(running[kind], os.WNOHANG)
            if not ended:
                os.kill(running[kind], signal.SIGKILL)
                os.waitpid(running[kind], 0)
                self.found.kills[kind] += 1
            running[kind] = self._start(kind, number)
            self._look(number)
        for child in running.values():
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        self._look(number + 1)
        self._end()
        self.found.seconds = round(time.perf_counter() - began, 1)
        return self.found

    def _end(self) -> None:
        """One more build: what is there is what lies in the gallery, and nothing is left over."""
        self.found.faults += self._read("error")
        self.found.reported.update({kind: len(self._read(kind)) for kind in KINDS})
        segments.YOUNG_S = 0.0
        named = Manifest.load(self.out).files()
        there = [path for path in self.out.iterdir() if path.is_file()]
        self.found.left_over = sum(path.name not in named for path in there) - 1
        build_dictionary(self.gallery, PixelEncoder(), self.out, progress=False)
        rows = self._rows()
        names = {path.name for path in self.gallery.iterdir()}
        if rows != names:
            self.found.faults.append(f"at the end {len(rows ^ names)} pictures differ")
        report = check_dictionary(VectorDictionary.open(self.out), PixelEncoder())
        self.found.faults += report.problems
        named = Manifest.load(self.out).files() | {"manifest.json"}
        left = [path.name for path in self.out.iterdir() if path.is_file()]
        self.found.faults += [f"{name} was not swept" for name in left if name not in named]

    def _look(self, number: int) -> None:
        """Open it as it is, while three others go on."""
        undone = {*self._read("removing")}
        added, removed = set(self._read("add")), set(self._read("remove"))
        try:
            rows = self._rows()
        except (TimAnhError, ValueError) as error:
            self.found.faults.append(f"{number}: {error}")
            return
        self.found.looks += 1
        first = {f"{each:04d}.png" for each in range(FIRST)}
        # What was begun to be removed while we looked does not count.
        undone |= {*self._read("removing")}
        lost = (added | first) - rows - undone
        back = removed & rows
        self.found.faults += [f"{number}: lost {name}" for name in sorted(lost)]
        self.found.faults += [f"{number}: {name} came back" for name in sorted(back)]

    def _rows(self) -> set[str]:
        dictionary = VectorDictionary.open(self.out)
        items = list(dictionary.items)
        names = [item.path for item in items]
        ids = {item.id for item in items}
        if len(set(names)) < len(names) or len(ids) < len(names) or len(items) != len(dictionary):
            doubled = [name for name, count in Counter(names).items() if count > 1]
            raise ValueError(f"there twice: {doubled}")
        vectors = dictionary.vectors
        for row, name in enumerate(names):
            if vectors[row].tobytes() != self._truth_of(name):
                raise ValueError(f"the vector of {name} is another's")
        return set(names)

    def _truth_of(self, name: str) -> bytes:
        if name not in self.truth:
            place = self.gallery / name
            if not place.exists():  # removed since; it was looked at before
                place = self.folder / "removed" / name
            with Image.open(place) as picture:
                self.truth[name] = PixelEncoder().encode_images([picture])[0].tobytes()
        return self.truth[name]

    # The four

    def _start(self, kind: str, number: int) -> int:
        child = os.fork()
        if child == 0:
            os.fsync = lambda handle: time.sleep(0.001)
            chance = random.Random(f"{kind} {number}")
            try:
                while True:
                    getattr(self, f"_{kind}")(number, chance)
                    time.sleep(chance.uniform(0, REST_S))
            except BaseException as error:  # noqa: BLE001 - whatever it is, it must be seen
                self._write("error", f"{kind} {number}: {type(error).__name__}: {error}")
            finally:
                os._exit(1)
        return child

    def _add(self, number: int, chance: random.Random) -> None:
        name = f"new{number}_{chance.getrandbits(48):012x}.png"
        pixels = np.frombuffer(chance.randbytes(6 * 8 * 3), np.uint8).reshape(6, 8, 3)
        Image.fromarray(pixels).resize((48, 36)).save(self.folder / name)
        (self.folder / name).rename(self.gallery / name)
        add_pictures(self.out, [self.gallery / name], PixelEncoder(), progress=False)
        self._write("add", name)

    def _remove(self, number: int, chance: random.Random) -> None:
        """Only pictures of the beginning: no build has them in hand to be encoded."""
        begun = set(self._read("removing"))
        left = [path.name for path in self.gallery.glob("0*.png") if path.name not in begun]
        if len(left) < FIRST // 4:
            time.sleep(0.05)
            return
        name = chance.choice(sorted(left))
        self._write("removing", name)
        (self.folder / "removed").mkdir(exist_ok=True)
        (self.gallery / name).rename(self.folder / "removed" / name)
        with suppress(UnknownPictureError):  # a build saw before us that the file has gone
            remove_pictures(self.out, [name])
        self._write("remove", name)
        time.sleep(0.05)

    def _build(self, number: int, chance: random.Random) -> None:
        encoder = PixelEncoder(delay_s=0.001)
        report = build_dictionary(self.gallery, encoder, self.out, batch_size=2, progress=False)
        self._write("build", str(report.count))

    def _compact(self, number: int, chance: random.Random) -> None:
        self._write("compact", str(compact_dictionary(self.out).count))

    # Reports outlive the process that makes them

    def _write(self, what: str, line: str) -> None:
        with (self.folder / what).open("a") as stream:
            stream.write(line + "\n")

    def _read(self, what: str) -> list[str]:
        try:
            return (self.folder / what).read_text().splitlines()
        except FileNotFoundError:
            return []
