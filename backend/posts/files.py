"""Files of posts: written aside, moved into place, swept where no row knows them."""

import contextlib
import os
import re
import time
from collections.abc import Callable, Collection
from pathlib import Path
from uuid import UUID, uuid4

from posts import pictures
from utils.problems import BackendError

INCOMING, PICTURES, PUBLISHED, THUMBNAILS = "incoming", "pictures", "published", "thumbnails"
OWNERS = "databases"  # a file that names the database whose pictures these are
IMAGE_PATH = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}\.[a-z]{3,4}")  # as `new_path` makes them
# What is younger may be on its way into a row.
YOUNG_S = 3600.0


class PictureFiles:
    """Originals, and what is drawn from them, below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write_aside(self, content: bytes) -> Path:
        """Store an upload, on the disk and not only in its cache.

        Raises:
            BackendError: 507, the disk is full; 403, the folder takes no files.
        """
        path = self.folder / INCOMING / uuid4().hex
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            path.unlink(missing_ok=True)
            raise cannot_write(error) from error
        return path

    def place(self, aside: Path, image_path: str) -> None:
        """Move it to where its row will say that it is."""
        target = self.original(image_path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            aside.replace(target)
        except OSError as error:
            raise cannot_write(error) from error

    def original(self, image_path: str) -> Path:
        """The file of a row's `image_path`."""
        return self.folder / PICTURES / image_path

    def published(self, image_path: str) -> bytes:
        """What everyone may see of it; drawn once, then kept.

        Raises:
            BackendError: 404, its file is gone; 503, it may be read later; 415, 413 as
                `pictures.published`.
        """
        return self._drawn(PUBLISHED, image_path, pictures.published)

    def thumbnail(self, image_path: str) -> bytes:
        """A small one of it; drawn once, then kept; as `published`."""
        return self._drawn(THUMBNAILS, image_path, pictures.thumbnail)

    def remove(self, image_path: str) -> None:
        """The original and what was drawn from it."""
        for place in (PICTURES, PUBLISHED, THUMBNAILS):
            with contextlib.suppress(OSError):
                (self.folder / place / image_path).unlink(missing_ok=True)

    def discard(self, aside: Collection[Path]) -> None:
        """Take back what was written aside."""
        for path in aside:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def belong_to(
        self, database: str, known: Callable[[Collection[str]], Collection[str]], started: float
    ) -> bool:
        """Whether these are the pictures of that database alone, and not of one used before too.

        A folder that says nothing is this database's if it knows any of the pictures in it, or if
        there are none. One that two databases used is nobody's from then on.

        Args:
            known: of some values of `image_path`, those that rows have.
            started: when this backend did, as `time.time`; what was written since says nothing,
                since its row may not be there yet.
        """
        owners = self.folder / OWNERS
        try:
            before = owners.read_text("ascii").split()
        except FileNotFoundError:
            shelves = sorted((self.folder / PICTURES).glob("*"))
            names = [
                [
                    f"{shelf.name}/{path.name}"
                    for path in shelf.glob("*")
                    if _written(path) < started
                ]
                for shelf in shelves
            ]
            foreign = any(names) and not any(known(each) for each in names if each)
            before = ["unknown"] if foreign else []
        if database not in before:
            self.folder.mkdir(parents=True, exist_ok=True)
            aside = owners.with_name(f"{OWNERS}.{uuid4().hex[:8]}")
            aside.write_text("\n".join([*before, database]), "ascii")
            aside.replace(owners)
        return before in ([], [database])

    def sweep(self, known: Callable[[Collection[str]], Collection[str]]) -> int:
        """Delete files that no row knows, unless they are young; how many.

        Args:
            known: of some values of `image_path`, those that rows have.
        """
        removed = 0
        old = time.time() - YOUNG_S
        for path in (self.folder / INCOMING).glob("*"):
            removed += _remove_if_older(path, old)
        for place in (PICTURES, PUBLISHED, THUMBNAILS):
            for shelf in sorted((self.folder / place).glob("*")):
                names = {f"{shelf.name}/{path.name}": path for path in shelf.glob("*")}
                for name in names.keys() - set(known(list(names))):
                    removed += _remove_if_older(names[name], old)
        return removed

    def _drawn(self, place: str, image_path: str, draw: Callable[[bytes], bytes]) -> bytes:
        kept = self.folder / place / image_path
        try:
            return kept.read_bytes()
        except OSError:
            pass
        content = draw(self._read(image_path))
        aside = kept.with_name(f"{kept.name}.{uuid4().hex[:8]}")
        # A disk that is full keeps nobody from seeing it.
        with contextlib.suppress(OSError):
            kept.parent.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(content)
            aside.replace(kept)
        return content

    def _read(self, image_path: str) -> bytes:
        file = self.original(image_path)
        try:
            return file.read_bytes()
        except OSError as error:
            # Its shelf stays when a file is deleted; both are missing where a disk is not there.
            if isinstance(error, FileNotFoundError) and file.parent.is_dir():
                raise BackendError(
                    404, "picture-gone", "The file of this picture is gone."
                ) from error
            raise pictures.away(error.strerror or type(error).__name__) from error


def new_path(image_id: UUID, suffix: str) -> str:
    """A row's `image_path`: 256 shelves, and nothing of the name that was sent."""
    return f"{image_id.hex[:2]}/{image_id.hex}{suffix}"


def cannot_write(error: OSError) -> BackendError:
    """The problem of a file that cannot be written."""
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return BackendError(
            507, "disk-full", "The disk of the posts is full. Free some space, then try again."
        )
    return BackendError(
        403,
        "posts-read-only",
        f"The folder of the posts takes no files ({error.strerror or error}).",
    )


def _written(path: Path) -> float:
    """When, as `time.time`; for a file that is gone, now."""
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()


def _remove_if_older(path: Path, than: float) -> int:
    try:
        if path.is_file() and path.stat().st_mtime < than:
            path.unlink()
            return 1
    except OSError:
        pass
    return 0
