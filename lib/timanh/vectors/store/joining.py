"""Segments joined into one, without the rows that were removed."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from timanh.errors import DictionaryDamagedError
from timanh.vectors.store.manifest import Manifest, Segment
from timanh.vectors.store.removed import LiveRows, Rows, write_rows
from timanh.vectors.store.row_blocks import RowBlocks
from timanh.vectors.store.segments import map_vectors, retire, write_blocks
from timanh.vectors.store.state import DictionaryState, key_of


class Joining(DictionaryState):
    """Puts one segment in the place of several."""

    def join(self, first: int, last: int, dtype: str | None = None) -> bool:
        """Put one segment in the place of some; False where another process has changed them
        by more than removing rows or adding segments behind them."""
        sources = self.manifest.segments[first:last]
        dtype = dtype or self.manifest.dtype
        with self.writing():
            live = [_live_rows(segment) for segment in sources]
            try:
                joined = self._joined(sources, dtype)
            except DictionaryDamagedError:
                if not self.is_overtaken():
                    raise
                self.catch_up()
                return False
            keys = [key_of(segment) for segment in sources]
            done = False

            def change(manifest: Manifest) -> Manifest:
                nonlocal done
                now = manifest.segments[first:last]
                others = (*manifest.segments[:first], *manifest.segments[last:])
                done = [key_of(segment) for segment in now] == keys
                if not done or (others and dtype != manifest.dtype):
                    done = False
                    return manifest
                gone = _gone_since(live, [segment.removed for segment in now])
                marked = [mark(joined, gone)] if joined else []
                new = tuple(segment for segment in marked if segment.live)
                segments = (*manifest.segments[:first], *new, *manifest.segments[last:])
                return replace(manifest, segments=segments, dtype=dtype)

            try:
                self.commit(change)
            except BaseException:
                done = False
                raise
            finally:
                if not done and joined is not None:
                    retire(self.folder, (joined.vectors.name, joined.items.name))
        return done

    def _joined(self, sources: Sequence[Segment], dtype: str) -> Segment | None:
        if not any(segment.live for segment in sources):
            return None
        lines = (piece for one in sources for piece in self.lines_of(one).without(one.removed))
        joined = write_blocks(self.folder, self._vectors(sources), lines, dtype)
        if all(key_of(segment) in self.known_segments for segment in sources):
            self.known_segments.add(key_of(joined))
        return joined

    def _vectors(self, segments: Sequence[Segment]) -> RowBlocks:
        dim, dtype = self.manifest.dim, self.manifest.dtype
        arrays = [map_vectors(self.folder, segment, dim, dtype) for segment in segments]
        living = LiveRows.of_segments((segment.count, segment.removed) for segment in segments)
        return RowBlocks(arrays, dim, living.gone)


def mark(segment: Segment, rows: Rows) -> Segment:
    if not len(rows):
        return segment
    return replace(segment, gone=write_rows(np.concatenate([segment.removed, rows])))


def _live_rows(segment: Segment) -> Rows:
    return np.setdiff1d(np.arange(segment.count, dtype=np.int64), segment.removed)


def _gone_since(live: Sequence[Rows], removed: Sequence[Rows]) -> Rows:
    """Which rows of the `live` ones, one segment behind the other, were removed since."""
    since = [np.isin(rows, gone) for rows, gone in zip(live, removed, strict=True)]
    return np.flatnonzero(np.concatenate(since)).astype(np.int64, copy=False)
