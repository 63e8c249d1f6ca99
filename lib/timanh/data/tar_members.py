"""Files inside tar archives that are not compressed, read by where they lie.

A path such as `laion/00000.tar/000000012.jpg` names one, where `00000.tar` is a file.
"""

import tarfile
from functools import cache
from pathlib import Path

from timanh.errors import DataError

Members = dict[str, tuple[int, int]]  # name → where its bytes begin, how many


def members_of(archive: Path) -> Members:
    """The files of an archive, in its order; read once, until the archive changes.

    Raises:
        DataError: it cannot be read, is no tar archive, or is compressed as a whole.
    """
    try:
        stat = archive.stat()
        return _members(archive, stat.st_mtime_ns, stat.st_size)
    except (tarfile.TarError, OSError) as error:
        raise DataError(
            f"{archive} cannot be read as a tar archive without compression ({error}). Fetch or "
            "write it again."
        ) from error


def archive_in(path: Path) -> Path | None:
    """The archive that a path goes through; None for an ordinary path."""
    if ".tar" not in str(path):
        return None
    return next((each for each in path.parents if each.suffix == ".tar" and each.is_file()), None)


def member_bytes(path: Path) -> bytes | None:
    """The bytes of a file in an archive; None for an ordinary path.

    Raises:
        DataError: as `members_of`.
        FileNotFoundError: the archive has no such file.
    """
    archive = archive_in(path)
    if archive is None:
        return None
    place = members_of(archive).get(path.relative_to(archive).as_posix())
    if place is None:
        raise FileNotFoundError(2, "there is no such file in the archive", str(path))
    with archive.open("rb") as stream:
        stream.seek(place[0])
        return stream.read(place[1])


@cache
def _members(archive: Path, changed: int, size: int) -> Members:
    with tarfile.open(archive, "r:") as opened:
        return {
            member.name.removeprefix("./"): (member.offset_data, member.size)
            for member in opened
            if member.isfile()
        }
