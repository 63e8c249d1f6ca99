"""Changes to a dictionary on disk: new files, then the manifest, then unused files are removed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DictionaryDamagedError, OvertakenError
from timanh.vectors.store.index_record import covered_segments
from timanh.vectors.store.items import Item, item_id, write_lines
from timanh.vectors.store.joining import Joining, mark
from timanh.vectors.store.lines import Lines
from timanh.vectors.store.manifest import Manifest, Segment, StoredFile
from timanh.vectors.store.row_blocks import RowBlocks
from timanh.vectors.store.segments import (
    check_hash,
    salvage,
    sweep,
    with_items,
    write_blocks,
    write_segment,
)
from timanh.vectors.store.state import ATTEMPTS, Key, key_of

# Segments up to this many rows are not worth a separate file.
SMALL_ROWS = 1024
# A change of a few pictures joins no more rows than this, so that it stays quick.
QUICK_ROWS = 4096


class DictionaryWriter(Joining):
    """Holds a manifest and replaces it; after each public call the folder is whole."""

    def append(
        self, vectors: NDArray[np.float32], items: Sequence[Item], replaced: Iterable[str] = ()
    ) -> None:
        """Add rows at the end: (n, dim) float32 of unit length, and n items.

        Args:
            replaced: ids of those of them that take the place of a row; it goes in the same step.
        """
        if not items:
            return
        old = frozenset(replaced)
        with self.writing():
            dtype = self.manifest.dtype
            segment = write_segment(self.folder, vectors, items, dtype)
            tried = [segment]
            paths = {item.id: item.path for item in items}

            def change(manifest: Manifest) -> Manifest:
                nonlocal segment, dtype
                if any(key_of(one) == key_of(segment) for one in manifest.segments):
                    return manifest  # it was saved, and others were far ahead before we saw it
                if dtype != manifest.dtype:
                    dtype = manifest.dtype
                    segment = write_segment(self.folder, vectors, items, dtype)
                    tried.append(segment)
                gone = self.places(manifest, old)
                others = self.places(manifest, paths, unknown=True)
                doubles = {
                    id: place
                    for id, place in others.items()
                    if self.item_at(manifest, place).path == paths[id]
                }
                if len(doubles) < len(others):
                    segment = self._renumbered(segment, items, manifest)
                    tried.append(segment)
                left = _without(manifest, {**gone, **doubles}.values())
                return replace(left, segments=(*left.segments, segment))

            self.commit(change)
            self.settle(tried)

    def exchange(
        self, vectors: NDArray[np.float32], edits: Mapping[str, tuple[Item, Item]]
    ) -> None:
        """Put rows that say something else in the place of others, at the end.

        As quick in a large dictionary as in a small one, where `apply` writes the items of whole
        segments again.

        Args:
            vectors: (n, dim) float32 of unit length, of the rows as they are.
            edits: id → the item as it was, and as it should be under the same id. If one of them
                is another item by now, nothing is done.
        """
        with self.writing():
            items = [after for _, after in edits.values()]
            segment = write_segment(self.folder, vectors, items, self.manifest.dtype)

            def change(manifest: Manifest) -> Manifest:
                places = self.places(manifest, edits)
                unchanged = places.keys() == edits.keys() and all(
                    self.item_at(manifest, place) == edits[id][0] for id, place in places.items()
                )
                if not unchanged or manifest.dtype != self.manifest.dtype:
                    return manifest
                left = _without(manifest, places.values())
                return replace(left, segments=(*left.segments, segment))

            self.commit(change)
            self.settle([segment])

    def remove(self, ids: Iterable[str]) -> None:
        """Take rows out; their bytes stay until the segment is joined with others."""
        gone = frozenset(ids)
        with self.writing():
            self.commit(
                lambda manifest: self._tidy(
                    _without(manifest, self.places(manifest, gone).values())
                )
            )

    def apply(self, edits: Mapping[str, tuple[Item, Item | None]]) -> None:
        """Replace items, or take their rows away where the second is None.

        Args:
            edits: id → the item as it was, and as it should be. What is another item by now,
                because another process changed it, is left alone.
        """
        if not edits:
            return
        written: dict[tuple[StoredFile, tuple[int, ...]], Segment] = {}

        def change(manifest: Manifest) -> Manifest:
            places = self.places(manifest, edits)
            gone: list[tuple[int, int]] = []
            changed: dict[int, dict[int, Item]] = {}
            for id, place in places.items():
                before, after = edits[id]
                if self.item_at(manifest, place) != before:
                    continue
                moved = after is not None and after.id != id
                if after is None or (moved and self.places(manifest, [after.id], unknown=True)):
                    gone.append(place)
                else:
                    changed.setdefault(place[0], {})[place[1]] = after
            segments = list(manifest.segments)
            for number, items in changed.items():
                key = (segments[number].items, tuple(sorted(items)))
                if key not in written:
                    written[key] = self._edited(segments[number], items)
                segments[number] = replace(written[key], gone=segments[number].gone)
            return self._tidy(_without(replace(manifest, segments=tuple(segments)), gone))

        with self.writing():
            self.commit(change)
            self.settle(written.values())

    def drop_damaged(self) -> dict[str, int]:
        """Leave out the parts of segments that are not what was written.

        Returns:
            The names of damaged files and how many rows were lost with each.

        Raises:
            DictionaryError: a file is there and cannot be read; nothing is left out then.
        """
        whole: set[Key] = set()
        damaged: dict[str, int] = {}

        def change(manifest: Manifest) -> Manifest:
            damaged.clear()
            segments: list[Segment] = []
            for segment in manifest.segments:
                file = None if key_of(segment) in whole else self._damage(segment)
                if file is None:
                    whole.add(key_of(segment))
                    segments.append(segment)
                    continue
                if self.is_overtaken():
                    raise OvertakenError(f"{file} may be of a state that has passed")
                left = self._salvage(segment)
                damaged[file] = segment.live - (left.count if left else 0)
                segments += [left] if left else []
            return replace(manifest, segments=tuple(segments))

        with self.writing():
            self.commit(change)
        return damaged

    def update(self, **fields: str | bool | tuple[str, ...]) -> None:
        """Change other fields of the manifest, where they differ."""
        values: dict[str, Any] = fields
        if replace(self.manifest, **values) != self.manifest:
            with self.writing():
                self.commit(lambda manifest: replace(manifest, **values))

    def merge(self, most: int | None = None) -> None:
        """Join small segments at the end into larger ones, without the rows that are gone.

        A segment is taken in when it is at most twice as large as all behind it, so that a
        fresh build ends as one segment, each row is copied a few times at most however many
        builds there are, and there are never more than some log2(N) segments. Those that a
        search index covers stay as they are, since it would be lost with them.

        Args:
            most: rows that are joined at most.
        """
        segments = self.manifest.segments
        first = last = len(segments)
        rows = 0
        while first > covered_segments(self.folder, self.manifest):
            count = segments[first - 1].count
            if first < last and count > max(2 * rows, SMALL_ROWS):
                break
            if most is not None and rows + count > most:
                break
            first, rows = first - 1, rows + count
        if last - first > 1:
            self.join(first, last)

    def compact(self, dtype: str | None = None) -> None:
        """Join all segments into one without the rows that are gone, stored as `dtype` where it
        is given, and clean up.

        Raises:
            DictionaryError: others change the dictionary faster than it can be joined.
        """
        dtype = dtype or self.manifest.dtype
        for _ in range(ATTEMPTS):
            segments = self.manifest.segments
            plain = len(segments) < 2 and not any(one.gone for one in segments)
            if plain and dtype == self.manifest.dtype:
                break
            if self.join(0, len(segments), dtype):
                break
        else:
            raise OvertakenError(
                f"Other processes change {self.folder} faster than it can be compacted. Run the "
                "command again when they are done."
            )
        self.sweep()

    def finish(self, *, most: int | None = None, complete: bool = True) -> None:
        """Join segments and clean up.

        Args:
            most: rows that are joined at most.
            complete: say that the build came to its end.
        """
        self.merge(most)
        if complete:
            self.update(complete=True)
        self.sweep()

    def sweep(self) -> None:
        """Remove what no manifest names, unless another process may be writing it."""
        sweep(self.folder)

    def _edited(self, segment: Segment, changed: Mapping[int, Item]) -> Segment:
        lines = self.lines_of(segment)
        pieces, begin = [], 0
        for row in sorted(changed):
            end = int(lines.ends[row]) + 1
            pieces += [lines.block[begin : end - len(lines.line(row))], write_lines([changed[row]])]
            begin = end
        return with_items(self.folder, segment, [*pieces, lines.block[begin:]])

    def _renumbered(self, segment: Segment, items: Sequence[Item], manifest: Manifest) -> Segment:
        """With other ids, where other processes have given these to other paths since."""
        taken = {item.id: item.path for item in self.table(manifest)}
        new = []
        for item in items:
            id = item_id(item.path, taken)
            taken[id] = item.path
            new.append(replace(item, id=id))
        return with_items(self.folder, segment, [write_lines(new)])

    def _tidy(self, manifest: Manifest) -> Manifest:
        """Without segments that have no row left, but for those that a search index covers."""
        covered = covered_segments(self.folder, manifest)
        left = [one for at, one in enumerate(manifest.segments) if one.live or at < covered]
        return replace(manifest, segments=tuple(left))

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
        left = salvage(self.folder, segment, dim, dtype)
        gone = np.flatnonzero(np.isin(left.rows, segment.removed)).astype(np.int64, copy=False)
        if len(gone) == len(left.rows):
            return None
        vectors = RowBlocks([left.vectors], dim, gone)
        lines = Lines(left.lines).without(gone)
        return write_blocks(self.folder, vectors, lines, dtype)


def _without(manifest: Manifest, places: Iterable[tuple[int, int]]) -> Manifest:
    """Without the rows at (number of the segment, stored row)."""
    rows: dict[int, list[int]] = {}
    for number, row in places:
        rows.setdefault(number, []).append(row)
    segments = tuple(
        mark(segment, np.array(rows.get(number, []), np.int64))
        for number, segment in enumerate(manifest.segments)
    )
    return replace(manifest, segments=segments)
