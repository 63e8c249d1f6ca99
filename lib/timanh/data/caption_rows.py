"""What all caption readers share: rows, names and captions."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Any

SHOWN_PROBLEMS = 5
# What programs write into a cell that has no caption in it.
NOTHING = frozenset(
    {
        "nan", "-nan", "none", "null", "nil", "nat", "<na>", "na", "n/a", "#na", "#n/a", "#n/a n/a",
        "#value!", "#ref!", "#name?", "#null!", "inf", "-inf", "undefined", "true", "false",
    }
)  # fmt: skip
NUMBER = re.compile(r"[-+]?(\d[\d,.]*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
# Python's and JSON's lists, tuples, objects and bytes, with text, numbers or nothing in them.
LIST = re.compile(
    r"""
    (?:array)? [\[(]+ \s* (?: (['"]).*\1\s*,?\s* | (?:[\d.,\s+-]|nan|none|null)* ) [\])]+
    | \{.*\} | b(['"]).*\2
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


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
    """A caption in one line, composed; empty for a number, a list, nan, None or mere signs."""
    if not isinstance(value, str):
        return ""
    text = unicodedata.normalize("NFC", " ".join(value.split()))
    if text.lower() in NOTHING or NUMBER.fullmatch(text) or LIST.fullmatch(text):
        return ""
    return text if any(map(_says_something, text)) else ""


def _says_something(sign: str) -> bool:
    """Letters of any script and pictographs do; digits, points and what is unseen do not."""
    return sign.isalpha() or unicodedata.category(sign) == "So"


def name_of(value: Any) -> str:
    """A picture's name as captions key it: inner spaces are kept, letters are composed."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    plain = unicodedata.normalize("NFC", str(value).strip()).replace("\\", "/")
    return PurePosixPath(plain).as_posix() if plain else ""
