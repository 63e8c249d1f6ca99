"""The drawn pictures to learn from, some in pairs that differ in one thing, as pixels on disk."""

import os
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.data.scenes import Change, Scene, changes, render, scene_of
from timanh.progress import tqdm
from timanh.workspace import atomic_write, free_disk_or_raise

CHUNK = 256
GROUP = 4  # pictures, of which the last is the one before it with a change
Pixels = NDArray[np.uint8]


def scene_at(row: int, seed: int) -> tuple[Scene, Change | None]:
    """The scene of a row; for the last of each group also how it differs from the row before.

    Without a change where the scene before can be changed in nothing.
    """
    if row % GROUP == GROUP - 1:
        rng = random.Random(f"change {row}/{seed}")
        options = list(changes(scene_of(row - 1, seed)))
        if options:
            what = rng.choice(sorted({option.what for option in options}))
            change = rng.choice([option for option in options if option.what == what])
            return change.scene, change
    return scene_of(row, seed), None


class Pictures:
    """The first `count` pictures of a seed; drawn once, in files of 256 that a later run finds.

    Args:
        folder: where the files are kept.
        side: of the pictures, in pixels.
        workers: processes that draw; as many as there are cores when None.

    Raises:
        SettingsError: too little disk.
    """

    def __init__(
        self, folder: Path, count: int, seed: int, side: int, *, workers: int | None = None
    ) -> None:
        self.count = count
        folder = folder / f"seed-{seed}-{side}"
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / f"{start:07d}.npy" for start in range(0, count, CHUNK)]
        missing = [file for file in files if not file.is_file()]
        free_disk_or_raise(folder, len(missing) * CHUNK * side * side * 3)
        jobs = [(file, seed, side) for file in missing]
        number = workers if workers is not None else os.cpu_count() or 1
        with tqdm(total=len(jobs) * CHUNK, desc="draw", unit="img", disable=not jobs) as bar:
            if number <= 1:
                for job in jobs:
                    bar.update(_draw(job))
            elif jobs:
                with ProcessPoolExecutor(number) as pool:
                    for drawn in pool.map(_draw, jobs):
                        bar.update(drawn)
        self._chunks = [np.load(file, mmap_mode="r") for file in files]

    def __getitem__(self, rows: Sequence[int]) -> Pixels:
        """(N, side, side, 3) of some pictures."""
        return np.stack([self._chunks[row // CHUNK][row % CHUNK] for row in rows])


def _draw(job: tuple[Path, int, int]) -> int:
    file, seed, side = job
    first = int(file.stem)
    pictures = [render(scene_at(row, seed)[0], side) for row in range(first, first + CHUNK)]
    with atomic_write(file) as temporary, temporary.open("wb") as stream:
        np.save(stream, np.stack([np.asarray(picture) for picture in pictures]))
    return len(pictures)
