"""The newest state of a dictionary's folder, and how a change is made of it.

Several processes may write at once. A change is a function of the state that it finds; where
another process was faster, it is made again from the state that is there then, so that neither
loses anything. Rows are found by their ids, and what they need in files is written once.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from timanh.errors import (
    CannotWriteError,
    DictionaryDamagedError,
    DictionaryError,
    OvertakenError,
)
from timanh.vectors.store.generations import highest, next_generation
from timanh.vectors.store.items import Item, item_id
from timanh.vectors.store.lines import Lines
from timanh.vectors.store.manifest import Manifest, Segment, StoredFile
from timanh.vectors.store.segments import read_items, retire
from timanh.vectors.store.table import ItemTable

# Others may be faster so many times; each time one of them has got on.
ATTEMPTS = 1000

T = TypeVar("T")
Change = Callable[[Manifest], Manifest]
# Segments with the same are the same, whatever was removed from them.
Key = tuple[StoredFile, StoredFile]


class DictionaryState:
    """Looks rows up and saves changes.

    Attributes:
        manifest: the folder's state when it was last read.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        *,
        rebuild: bool = False,
        opened: Mapping[StoredFile, Lines] | None = None,
    ) -> None:
        """Args:
        rebuild: put `manifest`, of a dictionary without pictures, in place of whatever is there.
        opened: lines that have been read already.
        """
        self.folder = folder
        self.manifest = manifest
        self._rebuild = rebuild
        self._lines = dict(opened or {})
        # Whose rows this process knows of: those of other segments may be doubles of these.
        self.known_segments = {key_of(segment) for segment in manifest.segments}

    def items(self) -> ItemTable:
        """All items, by row."""
        return self.read(self.table)

    def find(self, ids: Iterable[str]) -> dict[str, Item]:
        """The items with these ids, of those that are there."""
        wanted = list(ids)

        def read(manifest: Manifest) -> dict[str, Item]:
            places = self.places(manifest, wanted)
            return {id: self.item_at(manifest, place) for id, place in places.items()}

        return self.read(read)

    def get(self, id: str, default: str) -> str:
        """The path of the picture with this id; see `TakenIds`."""
        found = self.find([id])
        return found[id].path if found else default

    def commit(self, change: Change) -> None:
        """Make a change of the newest state and save it."""
        for attempt in range(ATTEMPTS):
            before = self.manifest
            try:
                after = change(before)
                if after == before:
                    return
                former = self._replaced_files() if self._rebuild else before.files()
                self.manifest = after.save(self.folder)
            except OvertakenError:
                self.catch_up()
                # Processes that wait equally long would meet again.
                time.sleep(random.uniform(0, 0.002 * min(attempt + 1, 25)))
                continue
            except DictionaryDamagedError:
                if not self.is_overtaken():
                    raise
                self.catch_up()
                continue
            self._rebuild = False
            retire(self.folder, former - self.manifest.files())
            return
        raise OvertakenError(
            f"Other processes change {self.folder} all the time. Run the command again when they "
            "are done; what is done is kept."
        )

    def read(self, read: Callable[[Manifest], T]) -> T:
        """What `read` gives for a state whose files are still there."""
        for _ in range(ATTEMPTS):
            try:
                return read(self.manifest)
            except DictionaryDamagedError:
                if not self.is_overtaken():
                    raise
                self.catch_up()
        return read(self.manifest)

    def is_overtaken(self) -> bool:
        """Whether there is a newer state, so that files of this one may have gone."""
        return highest(self.folder) > self.manifest.generation

    def catch_up(self) -> None:
        if self._rebuild:
            number = next_generation(self.folder) - 1
            self.manifest = replace(self.manifest, generation=number)
            return
        now = Manifest.load(self.folder)
        if (now.fingerprint, now.dim) != (self.manifest.fingerprint, self.manifest.dim):
            raise DictionaryError(
                f"{self.folder} was built again with {now.encoder_name} by another process while "
                f"this one worked on it with {self.manifest.encoder_name}."
            )
        self.manifest = now

    def _replaced_files(self) -> set[str]:
        try:
            return Manifest.load(self.folder).files()
        except DictionaryError:
            return set()

    def table(self, manifest: Manifest) -> ItemTable:
        segments = manifest.segments
        return ItemTable(
            [self.lines_of(one) for one in segments], [one.removed for one in segments]
        )

    def lines_of(self, segment: Segment) -> Lines:
        lines = self._lines.get(segment.items)
        if lines is None:
            lines = Lines(read_items(self.folder, segment), segment.items.name)
            self._lines[segment.items] = lines
        return lines

    def places(
        self, manifest: Manifest, ids: Iterable[str], *, unknown: bool = False
    ) -> dict[str, tuple[int, int]]:
        """Id → number of the segment and stored row, of rows that are there.

        Args:
            unknown: only in segments that another process has added.
        """
        wanted = list(ids)
        found: dict[str, tuple[int, int]] = {}
        for number, segment in enumerate(manifest.segments if wanted else ()):
            if unknown and key_of(segment) in self.known_segments:
                continue
            for id, rows in self.lines_of(segment).rows_of_ids(wanted).items():
                here = np.setdiff1d(np.array(rows, np.int64), segment.removed, assume_unique=True)
                found.update((id, (number, int(row))) for row in here)
        return found

    def item_at(self, manifest: Manifest, place: tuple[int, int]) -> Item:
        """The item at (number of the segment, stored row)."""
        return self.lines_of(manifest.segments[place[0]]).item(place[1])

    def settle(self, written: Iterable[Segment]) -> None:
        """Know those of the written segments that were taken; the files of others go."""
        kept = self.manifest.files()
        for segment in written:
            if {segment.vectors.name, segment.items.name} <= kept:
                self.known_segments.add(key_of(segment))
            else:
                retire(self.folder, {segment.vectors.name, segment.items.name} - kept)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn what the disk refuses into an error that says what to do."""
        try:
            yield
        except OSError as error:
            raise cannot_write(self.folder, error, self.manifest.count) from error


class IdsInUse:
    """Ids of a dictionary's pictures, and of those that are to come."""

    def __init__(self, state: DictionaryState) -> None:
        self._state = state
        self._drawn: dict[str, str] = {}

    def get(self, id: str, default: str) -> str:
        """The path of the picture with this id; see `TakenIds`."""
        return self._drawn.get(id) or self._state.get(id, default)

    def draw(self, path: str) -> str:
        """The id for the picture at `path`, taken from now on."""
        id = item_id(path, self)
        self._drawn[id] = path
        return id


def cannot_write(folder: Path, error: OSError, count: int) -> CannotWriteError:
    """The error to raise when `folder` takes no more files."""
    kept = f" The {count} pictures done so far are kept." if count else ""
    return CannotWriteError(
        f"{folder} cannot be written ({error.strerror or error}).{kept} Free some space or choose "
        "a folder you may write to, then run the same command again."
    )


def key_of(segment: Segment) -> Key:
    """What makes it the same."""
    return segment.vectors, segment.items
