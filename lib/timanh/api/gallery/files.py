"""Files put under their names whole, and never over another one."""

import os
import posixpath
import secrets
import shutil
from glob import escape
from pathlib import Path

SHOWN = 50  # letters of the name


def part_of(path: str) -> str:
    """A hidden path beside `path`, for what is still being written."""
    folder, name = posixpath.split(path)
    return posixpath.join(folder, f".{name[:SHOWN]}.{secrets.token_hex(4)}.part")


def parts_left(target: Path) -> list[Path]:
    """What killed processes left that were writing `target`."""
    return list(target.parent.glob(f".{escape(target.name[:SHOWN])}.????????.part"))


def put_under(part: Path, target: Path) -> None:
    """Give a file its name, never over another one.

    Raises:
        FileExistsError: there is a file of that name.
    """
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links
        if target.exists():
            raise FileExistsError(target) from None
        part.replace(target)
        return
    part.unlink()


def copy_file(source: Path, target: Path) -> None:
    """The same bytes under another name: at once where one disk has both, else flushed to disk.

    Raises:
        FileExistsError: there is something at `target`.
        OSError: it cannot be written.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # another disk, or one without hard links
        part = target.with_name(part_of(target.name))
        try:
            shutil.copy2(source, part)
            with part.open("rb+") as written:
                os.fsync(written.fileno())
            put_under(part, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
