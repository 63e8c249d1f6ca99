"""Names for files that come over HTTP: the sender's own, as far as every disk takes them."""

import re
from pathlib import PurePosixPath

from timanh.data import SUFFIXES
from timanh.workspace import safe_name, shortened

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
    name = safe_name(re.split(r"[/\\]", sent)[-1])
    given = PurePosixPath(name).suffix
    stem, given = (name[: -len(given)], given) if given.lower() in SUFFIXES else (name, suffix)
    stem = shortened(stem.rstrip(". "), MOST_BYTES) or NAMELESS
    return f"{stem}{given}"
