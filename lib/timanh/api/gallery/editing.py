"""Pictures that come into the gallery over HTTP, leave it, and come back."""

import posixpath
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from timanh.api.config import ApiConfig
from timanh.api.gallery.adding import Adding, NotTaken, Upload, folder_in, settle_left, suffix_of
from timanh.api.gallery.additions import Additions
from timanh.api.gallery.files import copy_file, parts_left
from timanh.api.gallery.trash import Trash, TrashedPicture
from timanh.api.http.problems import RequestError, cannot_write
from timanh.errors import PictureError, TimAnhError, UnknownPictureError
from timanh.models.reading import content_hash
from timanh.search import SearchEngine
from timanh.vectors import (
    Item,
    add_pictures,
    correct_captions,
    is_newest,
    item_id,
    known_pictures,
    opened_in,
    put_back,
    remove_pictures,
    reopen,
    selection_of,
)
from timanh.workspace import numbered, readable


@dataclass(frozen=True)
class Added:
    """What became of uploads.

    Attributes:
        items: those that are in the gallery now, in the order in which they were sent.
        added: how many of them were not there before.
        folder: where new ones are kept, below the gallery.
        skipped: those that are not in it.
    """

    items: tuple[Item, ...]
    added: int
    folder: str
    skipped: tuple[NotTaken, ...]


class GalleryEditor:
    """Changes the dictionary on disk and gives the engine the new one; one change at a time.

    A picture's file and its row come and go together, whenever a process is killed: what one left
    half done is put right when the next editor begins.
    """

    def __init__(self, engine: SearchEngine, config: ApiConfig, additions: Additions) -> None:
        self.engine = engine
        self.config = config
        self._additions = additions
        self._adding = Adding(engine, additions)
        self._trash = Trash(engine.dictionary.folder)
        self._lock = threading.Lock()
        if not config.read_only:
            with suppress(OSError, TimAnhError):
                self._mend()

    def add(self, uploads: Sequence[Upload], folder: str = "") -> Added:
        """Keep files in a folder of the gallery, by their names and bytes, and add their rows.

        Files that cannot be read are left out and named. If anything else fails, none is kept.

        Args:
            folder: below the gallery; the usual one where it is blank.

        Raises:
            RequestError: 403, where the gallery may not be changed; 422, no such folder.
            PictureError: none can be read.
        """
        self._require_writable()
        place = folder_in(self.engine, folder)
        sent: dict[str, tuple[Upload, str]] = {}
        skipped: list[NotTaken] = []
        for upload in uploads:
            try:
                sent[content_hash(upload.content)] = (upload, suffix_of(upload.content))
            except PictureError as error:
                skipped.append(NotTaken(upload.name, error.code, str(error)))
                last = error
        if not sent:
            raise last
        with self._lock:
            opened = opened_in(self.engine.dictionary)
            if opened is not None and not is_newest(opened):
                self._reopen()  # another process may have added these, or taken them out
            known = self.engine.dictionary.items
            new = {digest: one for digest, one in sent.items() if not known.rows_of_hash(digest)}
            deleted = [kept.item for kept in self._trash.all()]
            paths = self._adding.names_for(new, place, deleted)
            skipped += self._left_out(new, paths)
            if paths:
                contents = {path: new[digest][0].content for digest, path in paths.items()}
                unreadable = {one.name: one for one in self._adding.keep(contents)}
                for digest, path in list(paths.items()):
                    if path in unreadable:
                        skipped.append(replace(unreadable[path], name=new[digest][0].name))
                        del paths[digest]
                self._reopen(added=paths.values())
            items = self.engine.dictionary.items
            rows = [items.rows_of_hash(digest) for digest in sent]
            there = tuple(items[found[0]] for found in rows if found)
            return Added(there, len(paths), place, tuple(skipped))

    def delete(self, id: str) -> int:
        """Take a picture out, with its file where it came over HTTP; how many are left.

        It can be restored for `ApiConfig.undo_s`.

        Raises:
            RequestError: 403, where the gallery may not be changed.
            UnknownPictureError: no picture has this id.
        """
        self._require_writable()
        with self._lock:
            dictionary = self.engine.dictionary
            row = dictionary.row_of(id)
            item = dictionary.item(row)
            file = dictionary.gallery / item.path
            ours = self._additions.has(item.path, item.hash) and file.is_file()
            vector = dictionary.vectors_of(np.array([row]))[0]
            try:
                kept = self._trash.put(
                    item, vector, self.engine.encoder.fingerprint, file if ours else None
                )
            except OSError as error:
                raise cannot_write(error) from error
            try:
                with suppress(UnknownPictureError):  # another process took it out
                    remove_pictures(dictionary.folder, [id], opened=opened_in(dictionary))
            finally:
                self._settle(kept)
            self._reopen(deleted=[item.path] if ours else [])
            self._empty_trash_later()
            return len(self.engine.dictionary)

    def restore(self, id: str) -> Item:
        """Put back a picture that was deleted: its file, what is known of it, and its vector.

        Returns:
            Its item, which has another path and id where another file has its name by now.

        Raises:
            RequestError: 403, where the gallery may not be changed.
            UnknownPictureError: it was not deleted, or too long ago.
        """
        self._require_writable()
        with self._lock:
            self._trash.empty(self.config.undo_s)
            kept = self._trash.get(id)
            dictionary = self.engine.dictionary
            if kept is None or not (kept.file or (dictionary.gallery / kept.item.path).is_file()):
                raise UnknownPictureError(
                    f"The picture {id!r} can no longer be put back: deleted pictures are kept for "
                    f"{self.config.undo_s / 60:g} minutes."
                )
            try:
                item = self._file_back(kept)
                opened = opened_in(dictionary)
                if kept.fingerprint == self.engine.encoder.fingerprint:
                    put_back(dictionary.folder, item, kept.vector, opened=opened)
                else:
                    file = dictionary.gallery / item.path
                    add_pictures(
                        dictionary.folder, [file], self.engine.encoder, progress=False,
                        opened=opened,
                    )  # fmt: skip
            except OSError as error:
                raise cannot_write(error) from error
            kept.discard()
            self._reopen(added=[item.path])
            return self.engine.dictionary.item(self.engine.dictionary.row_of(item.id))

    def correct(
        self, id: str, captions: Sequence[str] | None, *, seen: Sequence[str] | None = None
    ) -> Item:
        """Put a person's captions in the place of all that a picture has; None takes them back.

        Args:
            seen: the captions that the person saw; None where that does not matter.

        Raises:
            RequestError: 403, where the gallery may not be changed; 409, where the picture's
                captions are no longer those that were seen.
            UnknownPictureError: no picture has this id.
            PictureError, CannotWriteError, OvertakenError: as `correct_captions`.
        """
        self._require_writable()
        with self._lock:
            opened = opened_in(self.engine.dictionary)
            if opened is not None and not is_newest(opened):
                self._reopen()
            dictionary = self.engine.dictionary
            now = [readable(each) for each in dictionary.item(dictionary.row_of(id)).captions]
            if seen is not None and list(seen) != now:
                raise RequestError(
                    409, "changed-meanwhile",
                    "Somebody changed the captions of this picture after you opened it. Look at "
                    "those of now, then change them again.",
                )  # fmt: skip
            try:
                correct_captions(dictionary.folder, id, captions, opened=opened_in(dictionary))
            finally:
                self._reopen()
            return self.engine.dictionary.item(self.engine.dictionary.row_of(id))

    def _left_out(
        self, new: Mapping[str, tuple[Upload, str]], paths: dict[str, str]
    ) -> list[NotTaken]:
        """Those whose names the dictionary leaves out; they are taken out of `paths`."""
        selection, found = selection_of(self.engine.dictionary.folder), []
        for digest, path in list(paths.items()):
            rule = selection.rule_for(path)
            if rule is not None:
                name = new[digest][0].name
                found.append(
                    NotTaken(name, "left-out", f"This gallery leaves out what is called {rule}.")
                )
                del paths[digest]
        return found

    def _file_back(self, kept: TrashedPicture) -> Item:
        """The item, its file in the gallery again, under another name where its own is taken."""
        item, gallery = kept.item, self.engine.dictionary.gallery
        target = gallery / item.path
        if kept.file is None:
            return item
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_file() and content_hash(target.read_bytes()) == item.hash:
            return item
        for name in numbered(target.name, ()):
            path = posixpath.join(posixpath.dirname(item.path), name)
            if path != item.path:
                self._additions.note([(path, item.hash)])
            with suppress(FileExistsError):
                copy_file(kept.file, gallery / path)
                break
        return item if path == item.path else replace(item, path=path, id=item_id(path))

    def _settle(self, kept: TrashedPicture) -> None:
        """Bring file and trash to what the row says: that it is there, or that it has gone."""
        dictionary, item = self.engine.dictionary, kept.item
        file = dictionary.gallery / item.path
        with suppress(TimAnhError, OSError):
            for part in parts_left(file):
                part.unlink(missing_ok=True)
            known = known_pictures(dictionary.folder, [item.path], opened=opened_in(dictionary))
            if item.path in known and known[item.path].hash == item.hash:
                if kept.file and not file.exists():
                    copy_file(kept.file, file)
                kept.discard()
            elif kept.file and file.is_file() and content_hash(file.read_bytes()) == item.hash:
                file.unlink()

    def _mend(self) -> None:
        """Put right what killed processes left, and delete for good what is due."""
        settle_left(self.engine)
        self._trash.empty(self.config.undo_s)
        for kept in self._trash.all():
            self._settle(kept)
        opened = opened_in(self.engine.dictionary)
        if opened is not None and not is_newest(opened):
            self._reopen()

    def _empty_trash_later(self) -> None:
        timer = threading.Timer(self.config.undo_s + 1, self._trash.empty, [self.config.undo_s])
        timer.daemon = True
        timer.start()

    def _reopen(self, *, added: Collection[str] = (), deleted: Collection[str] = ()) -> None:
        """Searches that run keep the old dictionary; the next ones have the new."""
        self.engine.dictionary = reopen(self.engine.dictionary, self.engine.encoder)
        self.config.changed(added, deleted)

    def _require_writable(self) -> None:
        if self.config.read_only:
            raise RequestError(
                403, "read-only", "This gallery may not be changed: it is served as read-only."
            )
