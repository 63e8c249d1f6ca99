"""Names for new files and folders: such as every system takes, short enough, and none twice."""

import re
import unicodedata
from collections.abc import Container, Iterator
from itertools import count
from pathlib import PurePosixPath

from timanh.workspace.names import name_key

# What no system's file name may hold, and letters that turn the order of others round.
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]')
# Windows takes these for devices, whatever stands behind a point.
DEVICES = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")


def safe_name(name: str) -> str:
    """`name` as Windows, macOS and Linux take it, in any script and never hidden; may be empty.

    Example:
        >>> safe_name("bữa tối?"), safe_name("con.jpg"), safe_name("bacon.jpg")
        ('bữa tối_', 'con_.jpg', 'bacon.jpg')
    """
    name = FORBIDDEN.sub("_", unicodedata.normalize("NFC", name)).strip().strip(". ")
    return DEVICES.sub(r"\1_", name)


def shortened(name: str, most: int) -> str:
    """At most `most` bytes of UTF-8, cut between letters; a mark stays with its letter."""
    content = name.encode("utf8")
    if len(content) <= most:
        return name
    cut = content[:most].decode("utf8", "ignore")
    while cut and unicodedata.combining(name[len(cut)]):
        cut = cut[:-1]
    return cut.rstrip(". ")


def disk_key(name: str) -> str:
    """Equal for names that some disk takes for one: capitals and stored forms do not count."""
    return name_key(name).casefold()


def numbered(name: str, taken_keys: Container[str], *, folder: bool = False) -> Iterator[str]:
    """`name`, `name (2)`, `name (3)` …, without those whose `disk_key` is in `taken_keys`.

    Args:
        folder: the number stands at the end; else before the suffix.
    """
    suffix = "" if folder else PurePosixPath(name).suffix
    stem = name[: len(name) - len(suffix)]
    for number in count(1):
        candidate = name if number == 1 else f"{stem} ({number}){suffix}"
        if disk_key(candidate) not in taken_keys:
            yield candidate
