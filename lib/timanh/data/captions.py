"""Caption files in the four forms that data sets come in; which one, their content tells."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from timanh.errors import CaptionFormatError, DataError

SHOWN_PROBLEMS = 5
# A field quoted as CSV has its quotes around all of it; other quotes are speech.
QUOTED = re.compile(r'"((?:[^"]|"")*)"')
QUOTED_NAME = re.compile(r'\s*"((?:[^"]|"")+)"\s*,')
KAGGLE_NAMES, KAGGLE_CAPTIONS = ("image", "image_name", "file"), ("caption", "captions", "comment")
KARPATHY_SPLITS = {"val": "dev", "restval": "train"}
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
        """Both files' captions per picture, as for English beside Vietnamese.

        A caption that both files have, as two forms of one data set do, is taken once.
        """
        together = dict(self.captions)
        for name, captions in other.captions.items():
            own = together.get(name, ())
            together[name] = own + tuple(caption for caption in captions if caption not in own)
        return CaptionSet(
            together,
            self.form,
            {**other.splits, **self.splits},
            self.problem_count + other.problem_count,
            (self.problems + other.problems)[:SHOWN_PROBLEMS],
        )

    def renamed(self, names: Mapping[str, str]) -> "CaptionSet":
        """The same captions under other file names; those not in `names` keep theirs."""
        if not names:
            return self
        return replace(
            self,
            captions={names.get(name, name): own for name, own in self.captions.items()},
            splits={
                split: tuple(names.get(name, name) for name in own)
                for split, own in self.splits.items()
            },
        )


NO_CAPTIONS = CaptionSet({}, "none")


def read_captions(path: Path) -> CaptionSet:
    """Read a caption file of any known form.

    Raises:
        DataError: it is missing or cannot be read.
        CaptionFormatError: its form is not known, or nothing in it makes sense; says what was
            seen.
    """
    found = _read(path, _text(path))
    if not found.captions and found.problem_count:
        raise CaptionFormatError(
            f"{path} looks like captions in form “{found.form}”, but none of its "
            f"{found.problem_count} entries is one ({found.problems[0]}). {KNOWN}"
        )
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise DataError(f"There is no caption file {path}.") from error
    except UnicodeDecodeError as error:
        raise CaptionFormatError(f"{path} is not UTF-8 text. {KNOWN}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}).") from error


def _read(path: Path, text: str) -> CaptionSet:
    stripped = text.lstrip()
    if stripped.startswith(("{", "[")):
        return _read_json(path, text)
    first = stripped.split("\n", 1)[0].strip()
    # Only "\n" ends a line here: `splitlines` would cut captions at rarer signs such as U+2028.
    lines = text.split("\n")
    if _is_kaggle_header(first):
        return _read_lines(lines, _kaggle_line, "kaggle", header=first)
    name, tab, _ = first.partition("\t")
    if tab and "#" in name:
        return _read_lines(lines, _token_line, "token")
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
    return len(parts) == 2 and parts[0] in KAGGLE_NAMES and parts[1] in KAGGLE_CAPTIONS


def _kaggle_line(line: str) -> tuple[str, str]:
    quoted_name = QUOTED_NAME.match(line)
    if quoted_name:
        name, caption = _unquoted(quoted_name.group(1)), line[quoted_name.end() :]
    else:
        name, _, caption = line.partition(",")
    quoted = QUOTED.fullmatch(caption.strip())
    return name, _unquoted(quoted.group(1)) if quoted else caption


def _unquoted(field: str) -> str:
    return field.replace('""', '"')


def _token_line(line: str) -> tuple[str, str]:
    name, _, caption = line.partition("\t")
    picture, sign, number = name.rpartition("#")
    return (picture, caption) if sign and number.strip().isdigit() else ("", caption)


def _read_lines(
    lines: Iterable[str], split: Callable[[str], tuple[str, str]], form: str, *, header: str = ""
) -> CaptionSet:
    gathered = _Collector()
    for number, line in enumerate(map(str.strip, lines), 1):
        if not line or line == header:
            continue
        name, caption = split(line)
        if name.strip() and (caption := _tidy(caption)):
            gathered.add(_posix(name), caption)
        else:
            gathered.complain(f"line {number}: {line[:80]}")
    return gathered.done(form)


def _read_json(path: Path, text: str) -> CaptionSet:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CaptionFormatError(f"{path} is not whole JSON ({error}). {KNOWN}") from error
    images = _entries(content, "images")
    annotations = _entries(content, "annotations")
    if images and annotations:
        return _read_coco(images, annotations)
    if images and "sentences" in images[0]:
        return _read_karpathy(images)
    seen = ", ".join(list(content)[:5]) if isinstance(content, dict) else "a list"
    raise CaptionFormatError(f"{path} is JSON of another form (it holds {seen}). {KNOWN}")


def _entries(content: Any, key: str) -> list[dict[str, Any]]:
    """The objects in a list of a JSON object; what is no object is an empty one."""
    found = content.get(key) if isinstance(content, dict) else None
    if not isinstance(found, list):
        return []
    return [entry if isinstance(entry, dict) else {} for entry in found]


def _read_coco(images: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> CaptionSet:
    gathered = _Collector()
    names = {str(image.get("id")): _posix(str(image.get("file_name") or "")) for image in images}
    for number, annotation in enumerate(annotations):
        name = names.get(str(annotation.get("image_id")))
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
        parts = (str(image.get(key) or "") for key in ("filepath", "filename"))
        name = _posix("/".join(filter(None, parts)))
        sentences = _entries(image, "sentences")
        captions = [text for each in sentences if (text := _tidy(str(each.get("raw") or "")))]
        if not name or not captions:
            gathered.complain(f"image {number}: {json.dumps(image)[:80]}")
            continue
        for caption in captions:
            gathered.add(name, caption)
        split = str(image.get("split") or "train")
        splits.setdefault(KARPATHY_SPLITS.get(split, split), []).append(name)
    return gathered.done("karpathy", {split: tuple(own) for split, own in splits.items()})


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _posix(name: str) -> str:
    """A file name as captions key it: inner spaces are kept, letters are composed."""
    plain = unicodedata.normalize("NFC", name.strip()).replace("\\", "/")
    return PurePosixPath(plain).as_posix() if plain else ""
