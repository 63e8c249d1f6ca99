"""A small table, as a notebook shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

CELL = "padding:3px 14px 3px 0;text-align:{side};vertical-align:top"


@dataclass(frozen=True)
class Table:
    """Rows under the names of their columns. `str` has it as text, a notebook as HTML.

    Attributes:
        rows: values of any kind; text stands at the left of its column, numbers at the right.
        title: a line above it.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    title: str = ""

    def __str__(self) -> str:
        written = [list(self.columns), *([_written(value) for value in row] for row in self.rows)]
        widths = [max(len(row[place]) for row in written) for place in range(len(self.columns))]
        sides = self._sides()
        lines = [
            "  ".join(
                value.rjust(width) if side == "right" else value.ljust(width)
                for value, width, side in zip(row, widths, sides, strict=True)
            ).rstrip()
            for row in written
        ]
        return "\n".join([*([self.title] if self.title else []), *lines])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        title = f"<caption style='text-align:left'>{escape(self.title)}</caption>"
        body = "".join(f"<tr>{self._cells('td', row)}</tr>" for row in self.rows)
        return (
            f"<table>{title if self.title else ''}<thead><tr>{self._cells('th', self.columns)}"
            f"</tr></thead><tbody>{body}</tbody></table>"
        )

    def _cells(self, tag: str, row: Sequence[object]) -> str:
        return "".join(
            f"<{tag} style='{CELL.format(side=side)}'>{escape(_written(value))}</{tag}>"
            for value, side in zip(row, self._sides(), strict=True)
        )

    def _sides(self) -> list[str]:
        return [
            "right" if self.rows and all(_is_number(row[place]) for row in self.rows) else "left"
            for place in range(len(self.columns))
        ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes · có" if value else "no · không"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
