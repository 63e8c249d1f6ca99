"""Names for files that come over HTTP: the sender's own, as far as every disk takes them."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from timanh.data import SUFFIXES
from timanh.workspace import name_key

# What no system's file name may hold, and letters that turn the order of others round.
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]')
# Windows takes these for devices, whatever stands behind a point.
DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")
NAMELESS = "picture"
# Of 255 on most disks; the rest is for a number and for the name while it is written.
MOST_BYTES = 200


def file_name(sent: str, suffix: str) -> str:
    """The name to keep an upload under: in any script, without folders, never hidden.

    Args:
        sent: as the sender has it.
        suffix: of the picture's format, such as ".jpg"; put behind a name that has no picture's.

    Example:
        >>> file_name("C:\\\\Ảnh\\\\bữa tối?.JPG", ".jpg")
        'bữa tối_.JPG'
    """
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", sent)[-1])
    name = DEVICES.sub(r"\1_", FORBIDDEN.sub("_", name).strip().lstrip(".").strip())
    given = PurePosixPath(name).suffix
    stem, given = (name[: -len(given)], given) if given.lower() in SUFFIXES else (name, suffix)
    stem = _shortened(stem.rstrip(". ")) or NAMELESS
    return f"{stem}{given}"


def numbered(name: str, taken: Collection[str]) -> Iterator[str]:
    """`name`, then `name (2)`, `name (3)` …; without those that a disk could take for one of the
    `taken`, which are compared without regard to capitals."""
    known = {_alike(each) for each in taken}
    suffix = PurePosixPath(name).suffix
    stem = name[: len(name) - len(suffix)]
    number = 1
    while True:
        candidate = name if number == 1 else f"{stem} ({number}){suffix}"
        if _alike(candidate) not in known:
            yield candidate
        number += 1


def _alike(name: str) -> str:
    return name_key(name).casefold()


def _shortened(stem: str) -> str:
    """At most `MOST_BYTES` of UTF-8, cut between letters."""
    content = stem.encode("utf8")
    if len(content) <= MOST_BYTES:
        return stem
    cut = content[:MOST_BYTES].decode("utf8", "ignore")
    while cut and unicodedata.combining(stem[len(cut)]):
        cut = cut[:-1]  # a mark stays with its letter
    return cut.rstrip()
