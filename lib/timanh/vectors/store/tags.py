"""Tags that a person gave pictures, kept beside a dictionary by the content of the picture.

`tags.person.jsonl` has lines {"hash", "tags", "when"}; the last line of a picture counts. So tags
survive renames and rebuilds, and nothing is written into a user's photos.
"""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from timanh.vectors.store.added_lines import add_lines, read_lines

TAGS = "tags.person.jsonl"
State = tuple[int, int]


class Tags:
    """The tags of a dictionary's pictures as the file beside it says now; for many threads."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the dictionary's."""
        self._file = folder / TAGS
        self._state: State = (0, 0)
        self._known: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    @property
    def state(self) -> State:
        """Another value after each change, also by other processes."""
        try:
            found = self._file.stat()
        except OSError:
            return (0, 0)
        return (found.st_size, found.st_mtime_ns)

    def of(self, digest: str) -> tuple[str, ...]:
        """Those of the picture with this content hash."""
        return self._now().get(digest, ()) if digest else ()

    def tagged(self, tag: str) -> list[str]:
        """Content hashes of the pictures with this tag."""
        return [digest for digest, tags in self._now().items() if tag in tags]

    def all(self) -> dict[str, list[str]]:
        """Tag → content hashes, in the order of the alphabet."""
        found: dict[str, list[str]] = {}
        for digest, tags in self._now().items():
            for tag in tags:
                found.setdefault(tag, []).append(digest)
        return dict(sorted(found.items()))

    def put(self, chosen: Mapping[str, Sequence[str]], among: Sequence[str]) -> int:
        """Give pictures tags; how many of them have others now than before.

        Args:
            chosen: content hash → the tags of `among` that the picture has from now on.
            among: other tags of the picture stay as they are.

        Raises:
            OSError: they cannot be written.
        """
        with self._writing:
            known = self._now()
            entries = []
            for digest, tags in chosen.items():
                before = known.get(digest, ())
                kept = [tag for tag in before if tag not in among]
                after = tuple(dict.fromkeys([*kept, *(tag for tag in tags if tag in among)]))
                if set(after) != set(before):
                    entries.append({"hash": digest, "tags": list(after)})
            if entries:
                add_lines(self._file, entries)
            return len(entries)

    def _now(self) -> dict[str, tuple[str, ...]]:
        with self._lock:
            state = self.state
            if state != self._state:
                self._known = _read(self._file)
                self._state = state
            return self._known


def _read(file: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for fields in read_lines(file):
        digest, tags = fields.get("hash"), fields.get("tags")
        if isinstance(digest, str) and isinstance(tags, list):
            found[digest] = tuple(map(str, tags))
    return {digest: tags for digest, tags in found.items() if tags}
