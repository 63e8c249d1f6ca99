"""Changes to a dictionary on disk: new files first, then the manifest, then the sweep."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DictionaryDamagedError, DictionaryError
from timanh.vectors.items import Item, ItemTable, write_lines
from timanh.vectors.manifest import Manifest, Segment
from timanh.vectors.segments import (
    Stored,
    check_hash,
    map_vectors,
    read_items,
    salvage,
    sweep,
    with_items,
    write_blocks,
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
            segment = write_segment(self.folder, vectors, items, self.manifest.dtype)
            self._save(replace(self.manifest, segments=(*self.manifest.segments, segment)))

    def edit(self, change: Callable[[Item], Item | None]) -> None:
        """Replace each item by `change(item)`, and take away the rows where that is None."""
        with self._writing():
            edited = [self._edit(segment, change) for segment in self.manifest.segments]
            segments = tuple(segment for segment in edited if segment is not None)
            if segments != self.manifest.segments:
                self._save(replace(self.manifest, segments=segments))

    def drop_damaged(self) -> dict[str, int]:
        """Leave out the parts of segments that are not what was written.

        Returns:
            The names of damaged files and how many rows were lost with each.
        """
        damaged = {}
        segments: list[Segment] = []
        with self._writing():
            for segment in self.manifest.segments:
                file = self._damage(segment)
                left = segment if file is None else self._salvage(segment)
                if file is not None:
                    damaged[file] = segment.count - (left.count if left else 0)
                if left is not None:
                    segments.append(left)
            if damaged:
                self._save(replace(self.manifest, segments=tuple(segments)))
        return damaged

    def update(self, **fields: str | bool | tuple[str, ...]) -> None:
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
        self._join(segments, tail)

    def compact(self, dtype: str | None = None) -> None:
        """Join all segments into one, stored as `dtype` where it is given, and clean up."""
        self._join([], list(self.manifest.segments), dtype)
        self.sweep()

    def _join(self, before: list[Segment], tail: list[Segment], dtype: str | None = None) -> None:
        """Replace `tail` by one segment; its rows are copied from file to file."""
        manifest = replace(self.manifest, dtype=dtype or self.manifest.dtype)
        if len(tail) < 2 and manifest == self.manifest:
            return
        with self._writing():
            vectors = [self._vectors(segment) for segment in tail]
            lines = (read_items(self.folder, segment) for segment in tail)
            joined = [write_blocks(self.folder, vectors, lines, manifest.dtype)] if tail else []
            self._save(replace(manifest, segments=(*before, *joined)))

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
        lines: list[bytes] = []
        rows: list[int] = []
        same = True
        for row, (line, item) in enumerate(self.items_of(segment).lines()):
            new = change(item)
            same = same and new == item
            if new is not None:
                rows.append(row)
                lines.append(line if new == item else write_lines([new]))
        if same:
            return segment
        if not rows:
            return None
        if len(rows) == segment.count:
            return with_items(self.folder, segment, lines)
        return write_blocks(self.folder, [self._vectors(segment)[rows]], lines, self.manifest.dtype)

    def _damage(self, segment: Segment) -> str | None:
        """The name of a file that is not what was written, if one is."""
        for stored in (segment.vectors, segment.items):
            try:
                check_hash(self.folder, stored)
            except DictionaryDamagedError:
                return stored.name
        return None

    def _salvage(self, segment: Segment) -> Segment | None:
        dim, dtype = self.manifest.dim, self.manifest.dtype
        vectors, lines = salvage(self.folder, segment, dim, dtype)
        return write_blocks(self.folder, [vectors], [lines], dtype) if len(vectors) else None

    def _vectors(self, segment: Segment) -> Stored:
        return map_vectors(self.folder, segment, self.manifest.dim, self.manifest.dtype)

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
