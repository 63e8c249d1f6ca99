"""Which row of a server's copy is which row of the dictionary, and what an edit changes there.

Rows of the dictionary move up when one before them is removed, and go from file to file when small
segments are joined; those of a copy keep their numbers. At first they are numbered as they are
stored; what is added later comes behind.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.store.manifest import Segment
from timanh.vectors.store.removed import NO_ROWS, LiveRows, Rows, parse_rows, write_rows

# Where an edit changes more than this share of the pictures, a new copy is made instead.
MOST_CHANGED = 1 / 4
# Segments up to this many rows are joined by later edits, so each of their rows is known again.
KNOWN_ROWS = 8192
DIGITS = 16  # of what is known of a row


@dataclass(frozen=True)
class CopiedSegment:
    """A segment whose rows a copy has.

    Attributes:
        vectors, items: checksums of its files.
        numbers: what the copy calls its rows, those that were removed too, as in "0-99 104".
        gone: those that were removed, as in `Segment`.
        digests: of each row's line and vector, one behind the other; empty for large segments.
    """

    vectors: str
    items: str
    numbers: str
    gone: str
    digests: str = ""

    @classmethod
    def of(cls, segment: Segment, numbers: Rows, digests: Sequence[str]) -> "CopiedSegment":
        files = segment.vectors.blake2b, segment.items.blake2b
        return cls(*files, write_rows(numbers), segment.gone, "".join(digests))

    def known(self) -> dict[str, int]:
        """Digest → number, of the rows that were not removed."""
        if not self.digests:
            return {}
        starts = range(0, len(self.digests), DIGITS)
        digests = np.array([self.digests[start : start + DIGITS] for start in starts])
        living = np.delete(digests, parse_rows(self.gone))
        return dict(zip(living.tolist(), self.living().tolist(), strict=True))

    def living(self) -> Rows:
        """The numbers of the rows that were not removed."""
        return np.delete(parse_rows(self.numbers), parse_rows(self.gone))


class CopiedRows:
    """Turns rows of one state of the dictionary into numbers of a copy's rows, and back.

    Attributes:
        generation: of the dictionary's state.
        segments: in the order of the rows.
        following: the number that the next row gets.
    """

    def __init__(self, generation: int, segments: Sequence[CopiedSegment], following: int) -> None:
        self.generation = generation
        self.segments = tuple(segments)
        self.following = following
        numbers = [parse_rows(one.numbers) for one in segments]
        self._numbers = np.concatenate([NO_ROWS, *numbers])
        self._living = LiveRows.of_segments(
            (len(rows), parse_rows(one.gone)) for one, rows in zip(segments, numbers, strict=True)
        )

    @classmethod
    def begin(cls, dictionary: VectorDictionary) -> "CopiedRows":
        """Of a new copy."""
        segments, first = [], 0
        for place, segment in enumerate(dictionary.manifest.segments):
            numbers = np.arange(first, first + segment.count, dtype=np.int64)
            segments.append(CopiedSegment.of(segment, numbers, _digests(dictionary, place, first)))
            first += segment.count
        return cls(dictionary.manifest.generation, segments, first)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "CopiedRows":
        segments = [CopiedSegment(**one) for one in fields["segments"]]
        return cls(fields["generation"], segments, fields["following"])

    def to_json(self) -> dict[str, Any]:
        return {
            "generation": self.generation,
            "segments": [asdict(one) for one in self.segments],
            "following": self.following,
        }

    def is_rising(self) -> bool:
        """Whether numbers rise as rows do: searches give equal scores by row, servers by number."""
        return bool((np.diff(self._numbers) > 0).all())

    def numbers(self, rows: Rows) -> Rows:
        """What the copy calls these rows of the dictionary."""
        return self._numbers[self._living.stored(rows)]

    def rows(self, numbers: Rows) -> Rows:
        """The rows of the dictionary that the copy calls so."""
        return self._living.counted(np.searchsorted(self._numbers, numbers))


@dataclass(frozen=True)
class Difference:
    """What has to be done to a copy so that it is one of a later state.

    Attributes:
        removed: numbers of rows that go.
        added: rows of the dictionary that come.
        copied: the rows that the copy then has.
    """

    removed: Rows
    added: Rows
    copied: CopiedRows


def find_difference(copied: CopiedRows, dictionary: VectorDictionary) -> Difference | None:
    """How a copy follows the dictionary; None where another copy has to be made: the state is not
    a later one, or too much has changed."""
    manifest = dictionary.manifest
    if manifest.generation <= copied.generation:
        return None
    former = {(one.vectors, one.items): one for one in copied.segments}
    same = {(one.vectors.blake2b, one.items.blake2b) for one in manifest.segments} & former.keys()
    known: dict[str, int] = {}
    for key in former.keys() - same:
        known |= former[key].known()
    segments, removed, added, kept = [], [NO_ROWS], [NO_ROWS], set()
    row = stored = 0
    following = copied.following
    for place, segment in enumerate(manifest.segments):
        key = (segment.vectors.blake2b, segment.items.blake2b)
        live = np.arange(row, row + segment.live, dtype=np.int64)
        if key in same:
            before = parse_rows(former[key].gone)
            if not np.isin(before, segment.removed).all():
                return None
            segments.append(replace(former[key], gone=segment.gone))
            gone = np.setdiff1d(segment.removed, before)
            removed.append(parse_rows(former[key].numbers)[gone])
        else:
            digests = _digests(dictionary, place, stored)
            numbers = np.arange(following, following + segment.count, dtype=np.int64)
            for at, digest in enumerate(digests):
                numbers[at] = known.get(digest, numbers[at])
            if (np.diff(numbers) <= 0).any():
                return None
            following += segment.count
            segments.append(CopiedSegment.of(segment, numbers, digests))
            numbers = np.delete(numbers, segment.removed)
            added.append(live[numbers >= copied.following])
            kept.update(numbers.tolist())
        row += segment.live
        stored += segment.count
    for key in former.keys() - same:
        removed.append(np.setdiff1d(former[key].living(), list(kept)))
    after = CopiedRows(manifest.generation, segments, following)
    found = Difference(np.concatenate(removed), np.concatenate(added), after)
    changed = len(found.removed) + len(found.added)
    return found if after.is_rising() and changed <= MOST_CHANGED * manifest.count else None


def _digests(dictionary: VectorDictionary, place: int, first: int) -> list[str]:
    """Of each row of a segment, which begins at the stored row `first`; none of a large one."""
    count = dictionary.manifest.segments[place].count
    if count > KNOWN_ROWS:
        return []
    lines = dictionary.items.parts[place]
    vectors = dictionary.parts.stored.take(np.arange(first, first + count, dtype=np.int64))
    return [
        hashlib.blake2b(lines.line(row) + vector.tobytes(), digest_size=DIGITS // 2).hexdigest()
        for row, vector in enumerate(vectors)
    ]
