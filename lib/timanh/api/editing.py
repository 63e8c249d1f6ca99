"""Pictures that come into the gallery over HTTP, and leave it."""

import threading
from collections.abc import Sequence
from pathlib import Path

from timanh.api.config import ApiConfig
from timanh.api.problems import RequestError
from timanh.api.uploads import look_at, open_upload
from timanh.search import SearchEngine
from timanh.vectors import (
    Item,
    Searchable,
    VectorDictionary,
    add_pictures,
    item_id,
    remove_pictures,
    reopen,
)
from timanh.vectors.items import content_hash
from timanh.workspace import atomic_write

ADDED = "added"  # the folder in the gallery


class GalleryEditor:
    """Changes the dictionary on disk and gives the engine the new one; one change at a time."""

    def __init__(self, engine: SearchEngine, config: ApiConfig) -> None:
        self.engine = engine
        self.config = config
        self._lock = threading.Lock()
        self._ids: dict[str, str] = {}
        self._ids_of: Searchable | None = None

    def add(self, contents: Sequence[bytes]) -> tuple[list[Item], int]:
        """The items of these pictures, and how many of them were not there before.

        All or none: when one cannot be read, nothing is kept.

        Raises:
            RequestError: 403, where the gallery may not be changed.
            PictureError: one that is none.
        """
        self._require_writable()
        suffixes = [look_at(content)[2] for content in contents]
        for content in contents:
            open_upload(content, self.config)
        with self._lock:
            known = self._known()
            hashes = [content_hash(content) for content in contents]
            new = {
                digest: (content, suffix)
                for digest, content, suffix in zip(hashes, contents, suffixes, strict=True)
                if digest not in known
            }
            if new:
                self._keep(new)
            dictionary = self.engine.dictionary
            ids = {**known, **{digest: item_id(_name(digest, s)) for digest, (_, s) in new.items()}}
            rows = [dictionary.row_of(ids[digest]) for digest in dict.fromkeys(hashes)]
            return [dictionary.item(row) for row in rows], len(new)

    def delete(self, id: str) -> int:
        """Take a picture out, with its file where it came over HTTP; how many are left.

        Raises:
            RequestError: 403, where the gallery may not be changed.
            UnknownPictureError: there is none of this id.
        """
        self._require_writable()
        with self._lock:
            dictionary = self.engine.dictionary
            item = dictionary.item(dictionary.row_of(id))
            remove_pictures(dictionary.folder, [id])
            self._reopen()
            if item.path.startswith(f"{ADDED}/"):
                (dictionary.gallery / item.path).unlink(missing_ok=True)
            return len(self.engine.dictionary)

    def _keep(self, new: dict[str, tuple[bytes, str]]) -> None:
        dictionary = self.engine.dictionary
        if VectorDictionary.open(dictionary.folder).gallery != dictionary.gallery:
            raise RequestError(
                403,
                "read-only",
                "The pictures have moved since the dictionary was built, so none can be added. "
                "Build it again where they are now.",
            )
        folder = dictionary.gallery / ADDED
        written: list[Path] = []
        try:
            folder.mkdir(exist_ok=True)
            for digest, (content, suffix) in new.items():
                file = dictionary.gallery / _name(digest, suffix)
                with atomic_write(file) as temporary:
                    temporary.write_bytes(content)
                written.append(file)
            add_pictures(dictionary.folder, written, self.engine.encoder, progress=False)
            self._reopen()
        except BaseException as error:
            for file in written:
                file.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise RequestError(
                    403, "read-only", f"The gallery cannot be written to ({error.strerror})."
                ) from error
            raise

    def _reopen(self) -> None:
        """Searches that run keep the old dictionary; the next ones have the new."""
        self.engine.dictionary = reopen(self.engine.dictionary, self.engine.encoder)

    def _known(self) -> dict[str, str]:
        """Content hash → id, read once for each state of the dictionary."""
        dictionary = self.engine.dictionary
        if self._ids_of is not dictionary:
            self._ids = {item.hash: item.id for item in dictionary.items if item.hash}
            self._ids_of = dictionary
        return self._ids

    def _require_writable(self) -> None:
        if self.config.read_only:
            raise RequestError(
                403, "read-only", "This gallery may not be changed: it is served as read-only."
            )


def _name(digest: str, suffix: str) -> str:
    return f"{ADDED}/{digest}{suffix}"
