"""Names of files: as they are shown, and as they are compared."""

import re
import unicodedata

# Lone surrogates and control characters.
UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def readable(name: str) -> str:
    r"""`name` as any JSON, CSV, database, log or terminal can take it.

    On Linux the name of a file is bytes. Bytes that are not UTF-8, as old archives have them,
    are lone surrogates in Python, which cannot be encoded. They are shown as bytes are written in
    Python: `caf\xe9.jpg`. Other lone surrogates (Windows allows them) and control characters are
    shown the same way; everything else stays as it is.

    The result is for people and other programs. Only `name` itself opens the file.
    """
    if name.isprintable():
        return name
    return UNREADABLE.sub(lambda found: _escaped(ord(found[0])), name)


def name_key(name: str) -> str:
    """What two ways to write one name have in common, for comparing and sorting.

    It is Unicode NFC of the readable name: macOS stores "ổ" as three letters, keyboards send
    one, and a person can only write a name that is not UTF-8 as it was shown.
    """
    return unicodedata.normalize("NFC", readable(name))


def _escaped(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00  # Python's "surrogateescape": the byte itself
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
