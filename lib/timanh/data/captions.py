"""Caption files in the forms that data sets come in, recognised by their content."""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from timanh.data.caption_json import read_json
from timanh.data.caption_rows import SHOWN_PROBLEMS, CaptionRows
from timanh.data.caption_tables import read_table, table_layout
from timanh.errors import CaptionFormatError, DataError

KNOWN = (
    "Known are tables with a header such as “image,caption” (commas, semicolons, tabs or |), "
    "Flickr8k.token.txt (“name.jpg#0<TAB>caption”), COCO captions (JSON with “images” and "
    "“annotations”) and Karpathy's JSON (“images” with “sentences”)."
)


@dataclass(frozen=True)
class CaptionSet:
    """Captions by file name, in the file's order.

    Attributes:
        captions: file name → its captions, trimmed, Unicode NFC.
        form: "kaggle", "flickr30k", "table", "token", "coco", "karpathy", or "none".
        splits: split → file names, where the file itself says so (Karpathy's does).
        problem_count: rows or entries that could not be read.
        problems: the first few of them, with their line or number.
    """

    captions: dict[str, tuple[str, ...]]
    form: str
    splits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problem_count: int = 0
    problems: tuple[str, ...] = ()

    def merged(self, other: "CaptionSet") -> "CaptionSet":
        """Both files' captions per picture, as for English beside Vietnamese.

        A caption that both files have, as two forms of one data set do, is taken once.
        """
        splits = dict(self.splits)
        for split, names in other.splits.items():
            splits[split] = tuple(dict.fromkeys((*splits.get(split, ()), *names)))
        return CaptionSet(
            _together(*self.captions.items(), *other.captions.items()),
            self.form,
            splits,
            self.problem_count + other.problem_count,
            (self.problems + other.problems)[:SHOWN_PROBLEMS],
        )

    def renamed(self, names: Mapping[str, str]) -> "CaptionSet":
        """The same captions under other file names; those not in `names` keep theirs."""
        if not names:
            return self
        return replace(
            self,
            captions=_together(
                *((names.get(name, name), texts) for name, texts in self.captions.items())
            ),
            splits={
                split: tuple(names.get(name, name) for name in listed)
                for split, listed in self.splits.items()
            },
        )


NO_CAPTIONS = CaptionSet({}, "none")


def read_captions(path: Path) -> CaptionSet:
    """Read a caption file of any known form.

    Raises:
        DataError: it is missing or cannot be read.
        CaptionFormatError: its form is not known, or none of its rows can be read.
    """
    rows = _read(path, _text(path))
    if not rows.captions and rows.count:
        raise CaptionFormatError(
            f"{path} looks like captions in form “{rows.form}”, but none of its "
            f"{rows.count} entries is one ({rows.problems[0]}). {KNOWN}"
        )
    return CaptionSet(
        {name: tuple(texts) for name, texts in rows.captions.items()},
        rows.form,
        {split: tuple(names) for split, names in rows.splits.items()},
        rows.count,
        tuple(rows.problems),
    )


def _together(*parts: tuple[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, captions in parts:
        known = found.get(name, ())
        found[name] = known + tuple(caption for caption in captions if caption not in known)
    return found


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"There is no caption file {path}.") from error
    except UnicodeDecodeError as error:
        raise CaptionFormatError(
            f"{path} is not UTF-8 text. Save it as UTF-8 first. {KNOWN}"
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}).") from error
    return text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _read(path: Path, text: str) -> CaptionRows:
    stripped = text.lstrip()
    if stripped.startswith(("{", "[")):
        try:
            return read_json(text)
        except ValueError as error:
            raise CaptionFormatError(f"{path} {error}. {KNOWN}") from error
    first = stripped.split("\n", 1)[0].strip()
    layout = table_layout(first)
    if layout is None:
        raise CaptionFormatError(
            f"{path} has no known form: its first line is “{first[:80]}”. {KNOWN}"
        )
    return read_table(text, layout)
