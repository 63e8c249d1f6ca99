"""Results go to stdout, everything else to stderr; tables fit the terminal."""

import json
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

import typer

from timanh.cli.charset import encodes
from timanh.workspace import readable

EIGHTHS = " ▏▎▍▌▋▊▉█"


def result(text: str) -> None:
    """A line of the result."""
    typer.echo(_lines(text), file=sys.stdout)


def result_json(document: Any) -> None:
    """The result as one JSON document, which holds for whatever the output can write."""
    document = _readable(document)
    text = json.dumps(document, ensure_ascii=False, indent=2)
    if not encodes(text, sys.stdout.encoding or "utf8"):
        text = json.dumps(document, indent=2)
    typer.echo(text, file=sys.stdout)


def notice(text: str) -> None:
    """A line about what goes on, for people."""
    typer.echo(_lines(text), file=sys.stderr)


def _lines(text: str) -> str:
    return "\n".join(readable(line) for line in text.split("\n"))


def _readable(value: Any) -> Any:
    """With every text as `readable` has it, but for line ends, which JSON escapes itself."""
    if isinstance(value, str):
        return _lines(value)
    if isinstance(value, dict):
        return {_readable(key): _readable(one) for key, one in value.items()}
    return [_readable(one) for one in value] if isinstance(value, list | tuple) else value


def bar(share: float, cells: int = 10) -> str:
    """A bar of up to `cells` columns; `share` is 0..1."""
    filled = round(max(0.0, min(1.0, share)) * cells * 8)
    whole, rest = divmod(filled, 8)
    return ("█" * whole + (EIGHTHS[rest] if rest else "")).ljust(cells)


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), gap: int = 2) -> list[str]:
    """Lines with columns aligned; columns in `right` flush right; the last is cut to fit."""
    rows = [[readable(cell) for cell in row] for row in rows]
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    room = terminal_width() - sum(widths[:-1]) - gap * (len(widths) - 1)
    lines = []
    for row in rows:
        cells = [
            _padded(cell, widths[column], column in right) for column, cell in enumerate(row[:-1])
        ]
        cells.append(shortened(row[-1], max(room, 20)))
        lines.append((" " * gap).join(cells).rstrip())
    return lines


def shortened(text: str, cells: int) -> str:
    """`text` in at most `cells` columns."""
    if width(text) <= cells:
        return text
    while text and width(text) >= cells:
        text = text[:-1]
    return text.rstrip() + "…"


def width(text: str) -> int:
    """Columns in a terminal: marks take none, East Asian wide letters two."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def terminal_width() -> int:
    """Columns of the terminal; wide where the output goes to a file."""
    return shutil.get_terminal_size((160, 24)).columns if sys.stdout.isatty() else 160


def _padded(text: str, cells: int, right: bool) -> str:
    space = " " * (cells - width(text))
    return space + text if right else text + space
