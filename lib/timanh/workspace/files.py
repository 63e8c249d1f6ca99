"""Writing files whole: the old file or the new one, never something between."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from timanh.errors import DiskFullError
from timanh.workspace.root import local_place


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it into place when the block ends well.

    The temporary file is flushed to disk before the move. If the block raises, the
    temporary file is removed and `path` is what it was.

    Example:
        >>> with atomic_write(folder / "manifest.json") as temporary:
        ...     temporary.write_text("{}")
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def put_file(source: Path, target: Path) -> None:
    """Copy `source` over `target`, for folders on Google Drive and other slow places.

    Drive moves what is replaced or deleted into its trash, where it still takes room. So the
    older file is moved aside, emptied, and only then deleted. A process killed in between leaves
    one whole file, under a name that `settle_file` turns back into `target`.
    """
    part, new, old = (_beside(target, word) for word in ("part", "new", "old"))
    discard_file(part)
    with source.open("rb") as read, part.open("wb") as written:
        shutil.copyfileobj(read, written, 16 * 1024 * 1024)
        written.flush()
        os.fsync(written.fileno())
    part.replace(new)
    if target.exists():
        target.replace(old)
    new.replace(target)
    discard_file(old)


@contextmanager
def fill_folder(folder: Path, *, last: str = "") -> Iterator[Path]:
    """Yield an empty folder on the machine's disk; when the block ends well, its files take their
    places in `folder`, one at a time, those whose names end in `last` at the end.

    If the block raises, `folder` is what it was.
    """
    work = local_place(folder)
    aside = work / ".saving"
    shutil.rmtree(aside, ignore_errors=True)
    for place in (folder, aside):
        place.mkdir(parents=True, exist_ok=True)
    try:
        yield aside
        for file in sorted(aside.iterdir(), key=lambda path: path.name.endswith(last)):
            if work == folder:
                file.replace(folder / file.name)
            else:
                put_file(file, folder / file.name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def settle_file(target: Path) -> None:
    """Finish what a killed `put_file` began: `target` is whole again, with nothing beside it."""
    for word in ("new", "old"):
        left = _beside(target, word)
        if left.is_file() and not target.exists():
            left.replace(target)
        discard_file(left)
    discard_file(_beside(target, "part"))


def discard_file(path: Path) -> None:
    """Delete a file if it exists; on Google Drive emptied first, so its trash keeps nothing large.

    A link is deleted and what it leads to stays as it is; so does a file's other hard link.
    """
    try:
        state = path.lstat()
    except FileNotFoundError:
        return
    of_its_own = stat.S_ISREG(state.st_mode) and state.st_nlink <= 1
    if of_its_own and local_place(path.parent) != path.parent:
        os.truncate(path, 0)
    path.unlink(missing_ok=True)


def _beside(target: Path, word: str) -> Path:
    return target.with_name(f".{target.name}.{word}")


def free_disk_or_raise(folder: Path, needed_bytes: int) -> None:
    """Check before long work that its result will fit.

    Raises:
        DiskFullError: less than `needed_bytes` are free on the disk of `folder`.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise DiskFullError(
            f"{folder} has {free / 1e6:.0f} MB free and {needed_bytes / 1e6:.0f} MB are needed. "
            "Free some space, or choose a folder on another disk.",
        )
