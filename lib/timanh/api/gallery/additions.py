"""Which files of the gallery came over HTTP: those go when their picture is deleted."""

import json
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath

ADDED = "added"  # the folder in the gallery where none is named
FILE = "added.jsonl"


class Additions:
    """Path and content hash of each file that came over HTTP, in a file beside the dictionary.

    A file that a person put under the same name is another one, as is one that they renamed.
    """

    def __init__(self, folder: Path) -> None:
        """`folder` is the dictionary's."""
        self._file = folder / FILE
        self._read = 0
        self._known: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def has(self, path: str, hash: str) -> bool:
        """Whether the file at `path` below the gallery, with this content, came over HTTP."""
        # Before there was a list, such files were called by their content.
        if path.startswith(f"{ADDED}/") and PurePosixPath(path).stem == hash:
            return True
        with self._lock:
            self._catch_up()
            return (path, hash) in self._known

    def note(self, files: Iterable[tuple[str, str]]) -> None:
        """Remember (path, content hash) of files that are about to be written.

        Raises:
            OSError: the list cannot be written.
        """
        pairs = ({"path": path, "hash": hash} for path, hash in files)
        # In ASCII: names may hold bytes that are not UTF-8.
        lines = "".join(json.dumps(pair) + "\n" for pair in pairs)
        with self._lock, self._file.open("a", encoding="ascii") as stream:
            stream.write(lines)
            stream.flush()
            os.fsync(stream.fileno())

    def _catch_up(self) -> None:
        """Read what was appended, by this process or another."""
        try:
            size = self._file.stat().st_size
        except OSError:
            size = 0
        if size == self._read:
            return
        if size < self._read:
            self._read, self._known = 0, set()
        with suppress(OSError), self._file.open("rb") as stream:
            stream.seek(self._read)
            whole = stream.read().rpartition(b"\n")[0]
            for line in whole.split(b"\n"):
                with suppress(ValueError, KeyError, TypeError):
                    pair = json.loads(line)
                    self._known.add((str(pair["path"]), str(pair["hash"])))
            self._read += len(whole) + 1 if whole else 0
