"""The command `timanh`, called as a function, as its tests do."""

from pathlib import Path

import pytest

from timanh.cli import run

Printed = pytest.CaptureFixture[str]


def build_of(folder: Path, model: Path, *more: str) -> list[str]:
    return [
        *("index", "build", str(folder / "gallery"), "--model", str(model)),
        *("--out", str(folder / "out"), "--device", "cpu", *more),
    ]


def fails(printed: Printed, *args: str, words: str = "") -> None:
    """The command ends with 2, one line on stderr, nothing on stdout."""
    printed.readouterr()
    assert run(args) == 2
    out, err = printed.readouterr()
    # transformers draws a bar on stderr while it loads weights.
    lines = [line for line in err.splitlines() if line and "it/s]" not in line]
    assert out == ""
    assert len(lines) == 1 and lines[0].startswith("timanh: "), err
    assert words in lines[0]
