"""Caption files in the four forms that data sets come in; which one, their content tells."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from timanh.errors import CaptionFormatError, DataError

SHOWN_PROBLEMS = 5
# A field quoted as CSV has its quotes around all of it; other quotes are speech.
QUOTED = re.compile(r'"((?:[^"]|"")*)"')
KNOWN = (
    "Known are Kaggle's captions.txt (first line “image,caption”), Flickr8k.token.txt "
    "(“name.jpg#0<TAB>caption”), COCO captions (JSON with “images” and “annotations”) and "
    "Karpathy's JSON (“images” with “sentences”)."
)


@dataclass(frozen=True)
class CaptionSet:
    """Captions by file name, in the file's order.

    Attributes:
        captions: file name → its captions, trimmed, Unicode NFC.
        form: "kaggle", "token", "coco", "karpathy", or "none".
        splits: split → file names, where the file itself says so (Karpathy's does).
        problem_count: lines or entries that made no sense.
        problems: the first few of them, with where they stand.
    """

    captions: dict[str, tuple[str, ...]]
    form: str
    splits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problem_count: int = 0
    problems: tuple[str, ...] = ()

    def merged(self, other: "CaptionSet") -> "CaptionSet":
        """Both files' captions per picture, as for English beside Vietnamese."""
        together = dict(self.captions)
        for name, captions in other.captions.items():
            together[name] = together.get(name, ()) + captions
        return CaptionSet(
            together,
            self.form,
            {**other.splits, **self.splits},
            self.problem_count + other.problem_count,
            (self.problems + other.problems)[:SHOWN_PROBLEMS],
        )


NO_CAPTIONS = CaptionSet({}, "none")


def read_captions(path: Path) -> CaptionSet:
    """Read a caption file of any known form.

    Raises:
        DataError: it is missing or is not text.
        CaptionFormatError: its form is not known; says what its first line was.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"There is no caption file {path}.") from error
    except UnicodeDecodeError as error:
        raise CaptionFormatError(f"{path} is not UTF-8 text. {KNOWN}") from error
    stripped = text.lstrip()
    if stripped.startswith(("{", "[")):
        return _read_json(path, text)
    first = stripped.split("\n", 1)[0].strip()
    if _is_kaggle_header(first):
        return _read_kaggle(text)
    name, tab, _ = first.partition("\t")
    if tab and "#" in name:
        return _read_token(text)
    raise CaptionFormatError(f"{path} has no known form: its first line is “{first[:80]}”. {KNOWN}")


class _Collector:
    """Gathers captions, and counts what made no sense."""

    def __init__(self) -> None:
        self.captions: dict[str, list[str]] = {}
        self.count = 0
        self.problems: list[str] = []

    def add(self, name: str, caption: str) -> None:
        self.captions.setdefault(name, []).append(caption)

    def complain(self, problem: str) -> None:
        self.count += 1
        if len(self.problems) < SHOWN_PROBLEMS:
            self.problems.append(problem)

    def done(self, form: str, splits: dict[str, tuple[str, ...]] | None = None) -> CaptionSet:
        found = {name: tuple(own) for name, own in self.captions.items()}
        return CaptionSet(found, form, splits or {}, self.count, tuple(self.problems))


def _is_kaggle_header(line: str) -> bool:
    parts = [part.strip().strip('"').lower() for part in line.split(",")]
    return len(parts) == 2 and parts[0] in ("image", "image_name", "file") and "c" in parts[1][:2]


def _read_kaggle(text: str) -> CaptionSet:
    return _read_lines(text.splitlines()[1:], _kaggle_line, "kaggle", first_line=2)


def _kaggle_line(line: str) -> tuple[str, str]:
    name, _, caption = line.partition(",")
    quoted = QUOTED.fullmatch(caption.strip())
    if quoted:
        caption = quoted.group(1).replace('""', '"')
    return name, caption


def _read_token(text: str) -> CaptionSet:
    return _read_lines(text.splitlines(), _token_line, "token", first_line=1)


def _token_line(line: str) -> tuple[str, str]:
    name, _, caption = line.partition("\t")
    picture, sign, number = name.rpartition("#")
    return (picture, caption) if sign and number.strip().isdigit() else ("", caption)


def _read_lines(
    lines: Iterable[str], split: Callable[[str], tuple[str, str]], form: str, *, first_line: int
) -> CaptionSet:
    gathered = _Collector()
    for number, line in enumerate(lines, first_line):
        if not line.strip():
            continue
        name, caption = (_tidy(part) for part in split(line))
        if name and caption:
            gathered.add(_posix(name), caption)
        else:
            gathered.complain(f"line {number}: {line.strip()[:80]}")
    return gathered.done(form)


def _read_json(path: Path, text: str) -> CaptionSet:
    try:
        content = json.loads(text)
    except ValueError as error:
        raise CaptionFormatError(f"{path} is not whole JSON ({error}). {KNOWN}") from error
    if isinstance(content, dict) and isinstance(content.get("images"), list):
        if isinstance(content.get("annotations"), list):
            return _read_coco(content)
        if any("sentences" in image for image in content["images"][:1]):
            return _read_karpathy(content["images"])
    seen = ", ".join(list(content)[:5]) if isinstance(content, dict) else "a list"
    raise CaptionFormatError(f"{path} is JSON of another form (it holds {seen}). {KNOWN}")


def _read_coco(content: dict[str, Any]) -> CaptionSet:
    gathered = _Collector()
    names = {
        image.get("id"): _posix(str(image["file_name"]))
        for image in content["images"]
        if image.get("file_name")
    }
    for number, annotation in enumerate(content["annotations"]):
        name = names.get(annotation.get("image_id"))
        caption = _tidy(str(annotation.get("caption") or ""))
        if name and caption:
            gathered.add(name, caption)
        else:
            gathered.complain(f"annotation {number}: {json.dumps(annotation)[:80]}")
    return gathered.done("coco")


def _read_karpathy(images: list[dict[str, Any]]) -> CaptionSet:
    gathered = _Collector()
    splits: dict[str, list[str]] = {}
    for number, image in enumerate(images):
        name = _posix("/".join(filter(None, (image.get("filepath"), image.get("filename")))))
        captions = [_tidy(str(each.get("raw") or "")) for each in image.get("sentences", [])]
        if not name or not any(captions):
            gathered.complain(f"image {number}: {json.dumps(image)[:80]}")
            continue
        for caption in filter(None, captions):
            gathered.add(name, caption)
        split = {"val": "dev", "restval": "train"}.get(image.get("split", ""), image.get("split"))
        splits.setdefault(str(split or "train"), []).append(name)
    return gathered.done("karpathy", {split: tuple(own) for split, own in splits.items()})


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _posix(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).as_posix() if name else ""
