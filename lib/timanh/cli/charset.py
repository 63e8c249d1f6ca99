"""Output whose encoding lacks letters: replaced by near ones, without a crash.

On Windows, what is redirected to a file or a pipe is cp1252 or cp1258; elsewhere the locale may
be ASCII.
"""

import codecs
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator

from timanh.workspace import readable

LOOKALIKES = {
    "…": "...", "“": '"', "”": '"', "‘": "'", "’": "'", "·": "-", "–": "-", "—": "-", "−": "-",
    "→": "->", "←": "<-", "×": "x", "≤": "<=", "≥": ">=", "✓": "+", "✗": "x", "▏": " ", "▎": " ",
    "▍": " ", "▌": "#", "▋": "#", "▊": "#", "▉": "#", "█": "#",
}  # fmt: skip


def replace_unencodable() -> None:
    """Let stdout and stderr replace what their encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        # A notebook's streams take everything, and have no encoding to choose.
        if hasattr(stream, "reconfigure"):
            name = f"timanh-{stream.encoding}"
            codecs.register_error(name, _replacing(stream.encoding))
            stream.reconfigure(errors=name)


def encodes(text: str, encoding: str) -> bool:
    """Whether every letter of `text` is in `encoding`."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def restart_in_utf8() -> None:
    """On Linux, where the locale is not UTF-8, restart this process in Python's UTF-8 mode.

    Names of files are UTF-8 there whatever the locale says: else "ảnh" could not be opened, and
    the ids of its pictures would be others. What is printed keeps the locale's encoding.
    """
    if sys.flags.utf8_mode or codecs.lookup(sys.getfilesystemencoding()).name == "utf-8":
        return
    encoding = os.environ.get("PYTHONIOENCODING") or sys.stdout.encoding
    os.execve(
        sys.executable,
        [sys.executable, "-X", "utf8", *sys.orig_argv[1:]],
        {**os.environ, "PYTHONIOENCODING": encoding},
    )


def _replacing(encoding: str) -> Callable[[UnicodeError], tuple[str, int]]:
    """An error handler; codecs of one byte a letter do not pass their names to it."""

    def replace(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        lacking = error.object[error.start : error.end]
        return "".join(_instead_of(letter, encoding) for letter in lacking), error.end

    return replace


def _instead_of(letter: str, encoding: str) -> str:
    near = (LOOKALIKES.get(letter, letter), *_marks_apart(letter))
    escaped = readable(letter) if letter != readable(letter) else f"\\u{ord(letter):04x}"
    return next((text for text in near if encodes(text, encoding)), escaped)


def _marks_apart(letter: str) -> Iterator[str]:
    """The letter with one mark written after it, as cp1258 writes Vietnamese tones."""
    base, *marks = list(unicodedata.normalize("NFD", letter))
    for mark in marks:
        rest = "".join(other for other in marks if other != mark)
        yield unicodedata.normalize("NFC", base + rest) + mark
