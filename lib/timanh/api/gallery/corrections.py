"""Which pictures have captions that a person put in the place of all others."""

import threading
from pathlib import Path

from timanh.vectors.store.written_captions import PERSON, read_corrected


class Corrections:
    """Content hashes of corrected pictures, as the file beside the dictionary says now."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the dictionary's."""
        self._folder = folder
        self._state = (0, 0)
        self._known: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def has(self, hash: str) -> bool:
        """Whether a person has corrected the captions of the picture with this content."""
        with self._lock:
            state = self._state_now()
            if state != self._state:
                self._known = read_corrected(self._folder) if state[0] else frozenset()
                self._state = state
            return bool(hash) and hash in self._known

    def _state_now(self) -> tuple[int, int]:
        try:
            found = (self._folder / PERSON).stat()
        except OSError:
            return (0, 0)
        return (found.st_size, found.st_mtime_ns)
