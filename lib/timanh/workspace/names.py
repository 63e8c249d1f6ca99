"""Names of files: as they are shown, and as they are compared."""

import os
import re
import unicodedata
from contextlib import suppress
from pathlib import Path

from timanh.errors import QueryError

# Lone surrogates, control characters, ends of lines, and what turns the order of other letters
# round: with U+202E, "gnp.exe" is shown as "exe.png". Marks without that power, such as those
# between the letters of one emoji, stay.
HALF_LETTERS = re.compile(r"[\ud800-\udfff]")
UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def readable(name: str) -> str:
    r"""`name` as any JSON, CSV, database, log or terminal can take it.

    On Linux the name of a file is bytes. Bytes that are not UTF-8, as old archives have them,
    are lone surrogates in Python, which cannot be encoded. They are shown as bytes are written in
    Python: `caf\xe9.jpg`. Other lone surrogates (Windows allows them), control characters and
    letters that turn the order of others round are shown the same way; everything else stays as
    it is.

    The result is for people and other programs. Only `name` itself opens the file.
    """
    if name.isprintable():
        return name
    # Where the locale is not UTF-8, whole letters of UTF-8 are surrogates too. The error is for
    # surrogates that stand for no bytes.
    with suppress(UnicodeEncodeError):
        name = name.encode("utf8", "surrogateescape").decode("utf8", "backslashreplace")
    return UNREADABLE.sub(lambda found: _escaped(ord(found[0])), name)


def require_whole(text: str) -> str:
    """`text`, where it has whole letters only: no tokenizer, file or answer takes half ones.

    Raises:
        QueryError: lone surrogates, as bytes of another encoding become.
    """
    if HALF_LETTERS.search(text):
        raise QueryError(f"“{readable(text)}” is not UTF-8. Write the words in UTF-8.")
    return text


def name_key(name: str) -> str:
    """What two ways to write one name have in common, for comparing and sorting.

    It is Unicode NFC of the readable name: macOS stores "ổ" as three letters, keyboards send
    one, and a person can only write a name that is not UTF-8 as it was shown.
    """
    return unicodedata.normalize("NFC", readable(name))


def on_disk(path: Path) -> Path:
    """Where `path` lies, if its letters are stored in another form; else `path` as it is.

    A name that was typed or came through an archive may be composed while the disk has it apart.
    """
    if os.path.lexists(path) or path.parent == path:
        return path
    parent, key = on_disk(path.parent), name_key(path.name)
    try:
        alike = [place for place in parent.iterdir() if name_key(place.name) == key]
    except OSError:
        return path
    return alike[0] if len(alike) == 1 else path


def _escaped(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00  # Python's "surrogateescape": the byte itself
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
