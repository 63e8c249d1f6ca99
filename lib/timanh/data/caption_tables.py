"""Captions in tables: a row a caption, fields parted by commas, semicolons, tabs or |.

Data sets write them by hand, so commas and quotes within captions are often not quoted as CSV
wants it. Whatever is too much in a row belongs to the caption; a quote that is not closed is
speech.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from timanh.data.caption_rows import CaptionRows, caption_of, name_of
from timanh.data.pictures import SUFFIXES

SEPARATORS = ("|", "\t", ";", ",")
FORMS = {"|": "flickr30k", ",": "kaggle"}
# By rank: where two columns could be the name, it is the one that comes first here.
NAME_COLUMNS = (
    "image", "image_name", "filename", "file_name", "file", "image_path", "path", "image_id",
)  # fmt: skip
# "caption", "caption_vi", "captions_2", "Sentence1"; what tells of a caption is none.
CAPTION_COLUMN = re.compile(
    r"(?:caption|comment|sentence|text|description)s?(?:[_.-]?\d+|_(?!(?:"
    r"ids?|no|nr|num|number|count|index|idx|len|length|words|tokens|lang|language|source|author"
    r"|user|url|file|path|type|score|split|date|time|embedding)$)\w+)?"
)
SPLIT_COLUMNS = ("split", "subset", "partition")
SPLIT_VALUES = {
    "train": "train", "training": "train", "restval": "train", "dev": "dev", "val": "dev",
    "valid": "dev", "validation": "dev", "test": "test", "testing": "test",
}  # fmt: skip
PICTURE = rf"[^\n]*(?:{'|'.join(re.escape(suffix) for suffix in sorted(SUFFIXES))})"
# A table of millions of rows with one stray quote must not be read a million times.
LINES_OF_A_CELL = 50


@dataclass(frozen=True)
class Layout:
    """How a table is laid out: `columns` fields in a row, parted by `separator`.

    Attributes:
        name, captions, split: the numbers of the columns that are read.
        header: whether the first row is one.
        numbered: whether names carry the number of the caption, as "a.jpg#0".
    """

    separator: str
    columns: int
    name: int
    captions: tuple[int, ...]
    header: bool
    numbered: bool = False
    split: int | None = None

    @property
    def form(self) -> str:
        return "token" if self.numbered else FORMS.get(self.separator, "table")

    @cached_property
    def quoted(self) -> re.Pattern[str]:
        """A whole field in quotes."""
        return re.compile(rf' *"((?:[^"]|"")*)" *(?={re.escape(self.separator)}|\Z)')

    @cached_property
    def row_of_a_picture(self) -> re.Pattern[str]:
        """A line that has a field with a picture's name: it begins or ends a row."""
        part = re.escape(self.separator)
        return re.compile(rf'(?:^|{part})\s*"?{PICTURE}"?\s*(?:{part}|$)', re.IGNORECASE)


OPEN = re.compile(r' *"(?:[^"]|"")*\Z')


def table_layout(first: str) -> Layout | None:
    """The layout that the first line of a file shows; None where it is not a table of captions."""
    for separator in SEPARATORS:
        fields = [_plain(field).lower().replace(" ", "_") for field in first.split(separator)]
        name = next((fields.index(each) for each in NAME_COLUMNS if each in fields), None)
        captions = tuple(
            at for at, field in enumerate(fields) if at != name and CAPTION_COLUMN.fullmatch(field)
        )
        split = next((fields.index(each) for each in SPLIT_COLUMNS if each in fields), None)
        if name is not None and captions:
            return Layout(separator, len(fields), name, captions, header=True, split=split)
    for separator in SEPARATORS:
        name_field, parted, _ = first.partition(separator)
        plain = _plain(name_field)
        if separator == "\t" and parted and "#" in plain:
            return Layout(separator, 2, 0, (1,), header=False, numbered=True)
        if parted and re.fullmatch(PICTURE, plain, re.IGNORECASE):
            return Layout(separator, 2, 0, (1,), header=False)
    return None


def read_table(text: str, layout: Layout) -> CaptionRows:
    """All rows of a table, in order."""
    rows = CaptionRows(layout.form)
    sides: dict[str, str] = {}
    # Only "\n" ends a line here: `splitlines` would cut captions at rarer signs such as U+2028.
    records = _records(text.split("\n"), layout)
    if layout.header:
        next(records, None)
    for number, record in records:
        fields = _fields(record, layout)
        name = name_of(fields[layout.name]) if fields else ""
        read = [caption_of(fields[at]) for at in layout.captions] if fields else []
        captions = [caption for caption in read if caption]
        if layout.numbered:
            name, sign, count = name.rpartition("#")
            name = name if sign and count.strip().isdigit() else ""
        if name and captions:
            for caption in captions:
                rows.add(name, caption)
            value = fields[layout.split] if fields and layout.split is not None else ""
            if value.lower() in SPLIT_VALUES:
                sides.setdefault(name, SPLIT_VALUES[value.lower()])
        else:
            rows.skip(f"line {number}: {' '.join(record.split())[:80]}")
    for name, split in sides.items():
        rows.splits.setdefault(split, []).append(name)
    return rows


def _records(lines: Sequence[str], layout: Layout) -> Iterator[tuple[int, str]]:
    """(number of the first line, row): a row goes on while a quoted field of it is open."""
    at = 0
    while at < len(lines):
        number, record = at + 1, lines[at].strip(" \r")
        at += 1
        if not record.strip():
            continue
        start = _open_field(record, layout)
        if start is not None:
            whole = _closed(record, start, lines[at : at + LINES_OF_A_CELL], layout)
            if whole is not None:
                at += whole.count("\n")
                record = whole
        yield number, record


def _closed(record: str, start: int, following: Sequence[str], layout: Layout) -> str | None:
    """The row with the lines up to the end of its open field; None where the quote is speech."""
    for line in following:
        if layout.row_of_a_picture.search(record[start:].rpartition("\n")[2]):
            return None  # the quote would take in other rows
        record = f"{record}\n{line}"
        cell = layout.quoted.match(record, start)
        if cell is not None:
            lines = cell.group(1).split("\n")
            speech = any(map(layout.row_of_a_picture.search, lines))
            return None if speech or _open_field(record, layout) is not None else record
        if not OPEN.match(record, start):
            return None
    return None


def _open_field(record: str, layout: Layout) -> int | None:
    """Where a field begins whose quote is not closed by the end of the row."""
    if '"' not in record:
        return None
    for start, _ in _spans(record, layout)[: layout.columns]:
        if OPEN.match(record, start):
            return start
    return None


def _fields(record: str, layout: Layout) -> list[str] | None:
    """A field a column, the caption's with all that is too much; None where some are missing,
    or where nobody knows which of several captions has too much."""
    spans = _spans(record, layout)
    surplus = len(spans) - layout.columns
    if surplus < 0 or (surplus and len(layout.captions) > 1):
        return None
    caption = layout.captions[0]
    last = caption + surplus
    together = (spans[caption][0], spans[last][1])
    kept = [*spans[:caption], together, *spans[last + 1 :]]
    return [_plain(record[start:stop]) for start, stop in kept]


def _spans(record: str, layout: Layout) -> list[tuple[int, int]]:
    """(start, stop) of each field, quotes included."""
    spans: list[tuple[int, int]] = []
    at = 0
    while True:
        quoted = layout.quoted.match(record, at)
        found = record.find(layout.separator, at) if quoted is None else quoted.end()
        stop = found if 0 <= found < len(record) else len(record)
        spans.append((at, stop))
        if stop == len(record):
            return spans
        at = stop + 1


def _plain(field: str) -> str:
    """A field without the quotes around all of it; other quotes are speech."""
    field = field.strip()
    whole = re.fullmatch(r'"((?:[^"]|"")*)"', field)
    return whole.group(1).replace('""', '"') if whole else field
