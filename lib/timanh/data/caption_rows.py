"""What all caption readers share: rows, names and captions."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Any

SHOWN_PROBLEMS = 5
# What programs write into a cell that has no caption in it.
NOTHING = frozenset({"", "nan", "none", "null", "<na>", "n/a", "undefined", "true", "false"})
NUMBER = re.compile(r"[-+]?(\d[\d,.]*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
LIST = re.compile(r"""\[\s*(?:['"].*['"])?\s*\]|\{.*\}""", re.DOTALL)


class CaptionRows:
    """Captions by picture as they are read, and the rows that could not be read.

    Attributes:
        form: the name of the file's form.
        count, problems: rows that could not be read, and the first few of them.
    """

    def __init__(self, form: str) -> None:
        self.form = form
        self.captions: dict[str, list[str]] = {}
        self.splits: dict[str, list[str]] = {}
        self.count = 0
        self.problems: list[str] = []

    def add(self, name: str, caption: str) -> None:
        self.captions.setdefault(name, []).append(caption)

    def skip(self, problem: str) -> None:
        self.count += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(problem)


def caption_of(value: Any) -> str:
    """A caption in one line, composed; empty for a number, a list, nan or None."""
    if not isinstance(value, str):
        return ""
    text = unicodedata.normalize("NFC", " ".join(value.split()))
    empty = text.lower() in NOTHING or NUMBER.fullmatch(text) or LIST.fullmatch(text)
    return "" if empty else text


def name_of(value: Any) -> str:
    """A picture's name as captions key it: inner spaces are kept, letters are composed."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    plain = unicodedata.normalize("NFC", str(value).strip()).replace("\\", "/")
    return PurePosixPath(plain).as_posix() if plain else ""
