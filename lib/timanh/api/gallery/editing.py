"""Pictures that come into the gallery over HTTP, and leave it."""

import re
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from timanh.api.config import ApiConfig
from timanh.api.http.problems import RequestError, cannot_write
from timanh.api.http.uploads import inspect_picture, open_upload
from timanh.errors import PictureError, TimAnhError, UnknownPictureError
from timanh.models.reading import content_hash
from timanh.search import SearchEngine
from timanh.vectors import (
    Item,
    add_pictures,
    gallery_of,
    is_newest,
    known_pictures,
    opened_in,
    remove_pictures,
    reopen,
)
from timanh.workspace import atomic_write

ADDED = "added"  # the folder in the gallery
# A file that is being deleted is called so until its row has gone.
ASIDE = re.compile(r"\.(?P<name>.+)\.(?P<since>\d+)\.deleted")
# What was set aside so long ago is of a process that was killed.
KILLED_S = 60


class GalleryEditor:
    """Changes the dictionary on disk and gives the engine the new one; one change at a time.

    A picture's file and its row come and go together. Files are written first and taken back
    where there is no row; to delete one, it is set aside, and comes back where its row stays.
    """

    def __init__(self, engine: SearchEngine, config: ApiConfig) -> None:
        self.engine = engine
        self.config = config
        self._lock = threading.Lock()
        if not config.read_only:
            with suppress(OSError, TimAnhError):
                self._mend()

    def add(self, contents: Sequence[bytes]) -> tuple[list[Item], int]:
        """The items of these pictures, and how many of them were not there before.

        All or none: when one cannot be read, nothing is kept.

        Raises:
            RequestError: 403, where the gallery may not be changed.
            PictureError: one cannot be read.
        """
        self._require_writable()
        suffixes = [inspect_picture(content)[2] for content in contents]
        for content in contents:
            open_upload(content, self.config)
        with self._lock:
            sent = {content_hash(content): content for content in contents}
            names = {
                content_hash(content): f"{ADDED}/{content_hash(content)}{suffix}"
                for content, suffix in zip(contents, suffixes, strict=True)
            }
            opened = opened_in(self.engine.dictionary)
            if opened is not None and not is_newest(opened):
                self._reopen()  # another process may have added these, or taken them out
            known = self.engine.dictionary.items
            new = {digest for digest in sent if not known.rows_of_hash(digest)}
            if new:
                self._keep({names[digest]: sent[digest] for digest in sent if digest in new})
                self._reopen()
            items = self.engine.dictionary.items
            return [items[items.rows_of_hash(digest)[0]] for digest in sent], len(new)

    def delete(self, id: str) -> int:
        """Take a picture out, with its file where it came over HTTP; how many are left.

        Raises:
            RequestError: 403, where the gallery may not be changed.
            UnknownPictureError: no picture has this id.
        """
        self._require_writable()
        with self._lock:
            dictionary = self.engine.dictionary
            item = dictionary.item(dictionary.row_of(id))
            with self._set_aside(item.path), suppress(UnknownPictureError):
                remove_pictures(dictionary.folder, [id], opened=opened_in(self.engine.dictionary))
            self._reopen([item.path] if item.path.startswith(f"{ADDED}/") else [])
            return len(self.engine.dictionary)

    def _keep(self, new: Mapping[str, bytes]) -> None:
        """Write the files and add their rows; path → content."""
        dictionary = self.engine.dictionary
        if gallery_of(dictionary.folder) != dictionary.gallery:
            raise RequestError(
                403,
                "read-only",
                "The pictures have moved since the dictionary was built, so none can be added. "
                "Build it again where they are now.",
            )
        written: list[str] = []
        rowless: list[str] = []
        try:
            (dictionary.gallery / ADDED).mkdir(exist_ok=True)
            for name, content in new.items():
                there = (dictionary.gallery / name).exists()
                with atomic_write(dictionary.gallery / name) as temporary:
                    temporary.write_bytes(content)
                if not there:
                    written.append(name)
            places = [dictionary.gallery / name for name in new]
            opened = opened_in(dictionary)
            rowless += set(new) - known_pictures(dictionary.folder, list(new), opened=opened).keys()
            report = add_pictures(
                dictionary.folder,
                places,
                self.engine.encoder,
                progress=False,
                opened=opened,
            )
            if report.skipped:
                raise PictureError(report.skipped[0].reason)
        except BaseException as error:
            self._take_back(written, rowless)
            if isinstance(error, OSError):
                raise cannot_write(error) from error
            raise

    def _take_back(self, written: Sequence[str], rowless: Sequence[str]) -> None:
        """Rows and then files, of those that were not there before; a file stays where its row
        does, or where that is unknown.

        Args:
            written: the files that are new.
            rowless: the files that had no row when rows were added.
        """
        folder = self.engine.dictionary.folder
        with suppress(TimAnhError, OSError):
            there = known_pictures(folder, rowless)
            if there:
                remove_pictures(folder, [item.id for item in there.values()])
        with suppress(TimAnhError, OSError):
            for name in set(written) - known_pictures(folder, written).keys():
                (self.engine.dictionary.gallery / name).unlink(missing_ok=True)

    @contextmanager
    def _set_aside(self, name: str) -> Iterator[None]:
        """Give the file of an added picture another name; at the end it is deleted, or gets its
        name back where the row is still there."""
        dictionary = self.engine.dictionary
        file = dictionary.gallery / name
        aside = file.with_name(f".{file.name}.{int(time.time())}.deleted")
        if not name.startswith(f"{ADDED}/") or not file.exists():
            yield
            return
        try:
            file.rename(aside)
        except OSError as error:
            raise cannot_write(error) from error
        try:
            yield
        finally:
            with suppress(TimAnhError, OSError):
                self._settle(aside, name)

    def _settle(self, aside: Path, name: str) -> bool:
        """Whether the picture is deleted."""
        dictionary = self.engine.dictionary
        if known_pictures(dictionary.folder, [name]):
            aside.rename(dictionary.gallery / name)
            return False
        aside.unlink(missing_ok=True)
        return True

    def _mend(self) -> None:
        """Settle what a process left that was killed while it deleted a picture."""
        for file in (self.engine.dictionary.gallery / ADDED).glob(".*.deleted"):
            found = ASIDE.fullmatch(file.name)
            if found and time.time() - int(found["since"]) > KILLED_S:
                name = f"{ADDED}/{found['name']}"
                if self._settle(file, name):
                    self.config.changed([name])

    def _reopen(self, deleted: Collection[str] = ()) -> None:
        """Searches that run keep the old dictionary; the next ones have the new."""
        self.engine.dictionary = reopen(self.engine.dictionary, self.engine.encoder)
        self.config.changed(deleted)

    def _require_writable(self) -> None:
        if self.config.read_only:
            raise RequestError(
                403, "read-only", "This gallery may not be changed: it is served as read-only."
            )
