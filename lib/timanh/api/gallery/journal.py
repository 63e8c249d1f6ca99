"""What is about to be added to the gallery, so that it can be finished or taken back."""

import json
import os
import secrets
import socket
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from timanh.errors import TimAnhError
from timanh.models.reading import content_hash
from timanh.vectors import known_pictures, remove_pictures
from timanh.workspace import atomic_write

FOLDER = "changes"  # in the dictionary's
# Where nobody can say whether the process still runs.
KILLED_S = 3600.0
# Of this process, at work now.
_open: set[Path] = set()


@dataclass(frozen=True)
class NewFile:
    """A file that is about to be written.

    Attributes:
        path: below the gallery.
        part: the same while it is being written.
        hash: of its content.
    """

    path: str
    part: str
    hash: str


class Journal:
    """The files that one request adds, on disk until their rows are there."""

    def __init__(self, folder: Path, gallery: Path, files: Collection[NewFile]) -> None:
        """Args:
        folder: the dictionary's; gallery: the pictures'.
        """
        self._folder, self._gallery, self._files = folder, gallery, list(files)
        self._place = folder / FOLDER / f"{secrets.token_hex(8)}.json"
        self._wrote: set[str] = set()

    @classmethod
    def left(cls, folder: Path, gallery: Path) -> Iterator["Journal"]:
        """Those of processes that have ended."""
        for place in (folder / FOLDER).glob("*.json"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                content = json.loads(place.read_text(encoding="ascii"))
                if _runs(content["process"], content["machine"], place):
                    continue
                journal = cls(folder, gallery, [NewFile(**one) for one in content["files"]])
                journal._place = place
                yield journal

    def write(self) -> None:
        """Raises OSError."""
        _open.add(self._place)
        self._place.parent.mkdir(exist_ok=True)
        content = {
            "process": os.getpid(),
            "machine": socket.gethostname(),
            "files": [asdict(file) for file in self._files],
        }
        with atomic_write(self._place) as temporary:
            temporary.write_text(json.dumps(content), encoding="ascii")

    def wrote(self, file: NewFile) -> None:
        """The file is there, and from this request."""
        self._wrote.add(file.path)

    def done(self) -> None:
        """All files have their rows."""
        _open.discard(self._place)
        self._place.unlink(missing_ok=True)

    def written(self) -> list[str]:
        """Paths of the files that are whole and have no row yet; half ones are deleted.

        Raises:
            DictionaryError: the dictionary cannot be read.
        """
        for file in self._files:
            (self._gallery / file.part).unlink(missing_ok=True)
        known = known_pictures(self._folder, [file.path for file in self._files])
        return [file.path for file in self._files if file.path not in known and self._is(file)]

    def _is(self, file: NewFile) -> bool:
        place = self._gallery / file.path
        return place.is_file() and content_hash(place.read_bytes()) == file.hash

    def take_back(self, rowless: Collection[str] = ()) -> None:
        """Delete the files of this request that have no row; all stay where that is unknown.

        Args:
            rowless: paths whose rows are to go as well.
        """
        _open.discard(self._place)
        with suppress(TimAnhError, OSError):
            there = known_pictures(self._folder, list(rowless))
            if there:
                remove_pictures(self._folder, [item.id for item in there.values()])
        with suppress(TimAnhError, OSError):
            for path in self.written():
                if path in self._wrote:  # else another process put the same picture there
                    (self._gallery / path).unlink()
            self.done()


def _runs(process: int, machine: str, place: Path) -> bool:
    """Whether the process may still be at work."""
    if process == os.getpid() and machine == socket.gethostname():
        return place in _open
    young = time.time() - place.stat().st_mtime < KILLED_S
    if machine != socket.gethostname() or os.name != "posix":
        return young
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return young
    return young
