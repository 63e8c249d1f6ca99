"""Changes to a dictionary on disk: new files first, then the manifest, then the sweep."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DictionaryDamagedError, DictionaryError
from timanh.vectors.items import Item, ItemTable
from timanh.vectors.manifest import Manifest, Segment
from timanh.vectors.segments import (
    check_hash,
    map_vectors,
    read_items,
    sweep,
    write_items,
    write_segment,
)

# Segments up to this many rows are not worth a file of their own.
SMALL_ROWS = 1024


class DictionaryWriter:
    """Holds a manifest and replaces it; after each public call the folder is whole.

    Attributes:
        manifest: what the folder says now.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    def append(self, vectors: NDArray[np.float32], items: Sequence[Item]) -> None:
        """Add rows at the end: (n, dim) float32 of unit length, and n items."""
        if not items:
            return
        with self._writing():
            segment = write_segment(self.folder, vectors, items)
            self._save(replace(self.manifest, segments=(*self.manifest.segments, segment)))

    def edit(self, change: Callable[[Item], Item | None]) -> None:
        """Replace each item by `change(item)`, and take away the rows where that is None."""
        with self._writing():
            edited = [self._edit(segment, change) for segment in self.manifest.segments]
            segments = tuple(segment for segment in edited if segment is not None)
            if segments != self.manifest.segments:
                self._save(replace(self.manifest, segments=segments))

    def drop_damaged(self) -> int:
        """Leave out segments whose files are not what was written; returns how many rows."""
        whole = tuple(segment for segment in self.manifest.segments if self._is_whole(segment))
        lost = self.manifest.count - sum(segment.count for segment in whole)
        if lost:
            with self._writing():
                self._save(replace(self.manifest, segments=whole))
        return lost

    def update(self, **fields: str | bool) -> None:
        """Change other fields of the manifest, where they differ."""
        changed = replace(self.manifest, **fields)  # type: ignore[arg-type]
        if changed != self.manifest:
            with self._writing():
                self._save(changed)

    def merge(self) -> None:
        """Join small segments at the end into larger ones.

        A segment is taken in when it is at most twice as large as all behind it, so that a
        fresh build ends as one segment, each row is copied a few times at most however many
        builds there are, and there are never more than some log2(N) segments.
        """
        segments = list(self.manifest.segments)
        tail = segments[-1:]
        del segments[-1:]
        while segments and segments[-1].count <= max(2 * sum(s.count for s in tail), SMALL_ROWS):
            tail.insert(0, segments.pop())
        if len(tail) < 2:
            return
        with self._writing():
            vectors = np.concatenate([self._vectors(segment) for segment in tail])
            items = [item for segment in tail for item in self.items_of(segment)]
            merged = write_segment(self.folder, vectors, items)
            self._save(replace(self.manifest, segments=(*segments, merged)))

    def finish(self) -> None:
        """Join segments, say that the build came to its end, and clean up."""
        self.merge()
        self.update(complete=True)
        self.sweep()

    def sweep(self) -> None:
        """Remove what the manifest does not name."""
        sweep(self.folder, self.manifest.files())

    def items(self) -> Iterator[Item]:
        """All items, by row."""
        for segment in self.manifest.segments:
            yield from self.items_of(segment)

    def items_of(self, segment: Segment) -> ItemTable:
        return ItemTable([read_items(self.folder, segment)], [segment.items.name])

    def _edit(self, segment: Segment, change: Callable[[Item], Item | None]) -> Segment | None:
        old = list(self.items_of(segment))
        new = [change(item) for item in old]
        if new == old:
            return segment
        items = [item for item in new if item is not None]
        if not items:
            return None
        if len(items) == len(old):
            return replace(segment, items=write_items(self.folder, items))
        rows = [row for row, item in enumerate(new) if item is not None]
        return write_segment(self.folder, self._vectors(segment)[rows], items)

    def _is_whole(self, segment: Segment) -> bool:
        try:
            check_hash(self.folder, segment.vectors)
            check_hash(self.folder, segment.items)
            self._vectors(segment)
            read_items(self.folder, segment)
        except DictionaryDamagedError:
            return False
        return True

    def _vectors(self, segment: Segment) -> NDArray[np.float32]:
        return map_vectors(self.folder, segment, self.manifest.dim)

    def _save(self, manifest: Manifest) -> None:
        self.manifest = manifest.save(self.folder)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise cannot_write(self.folder, error, self.manifest.count) from error


def cannot_write(folder: Path, error: OSError, count: int) -> DictionaryError:
    """The error to raise when `folder` takes no more files."""
    kept = f" The {count} pictures done so far are kept." if count else ""
    return DictionaryError(
        f"{folder} cannot be written ({error.strerror or error}).{kept} Free some space or choose "
        "a folder you may write to, then run the same command again."
    )
