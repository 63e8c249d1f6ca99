"""What every command prints alike: help, version, tables, bars."""

from pathlib import Path

import pytest
from command_line import Printed
from PIL import Image

from timanh.cli import run
from timanh.cli.output import bar, notice, result, result_json, shortened, table, width
from timanh.models import small_encoder


def commands() -> list[list[str]]:
    index = ("build", "add", "remove", "compact", "info", "check", "import", "export")
    single = ("demo", "search", "train", "evaluate", "serve", "doctor", "index")
    return [[name] for name in single] + [["index", name] for name in index]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_help_fits_and_explains_every_option(command: list[str], capsys: Printed) -> None:
    assert run([*command, "--help"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    options = out.partition("Options:")[2].partition("Example:")[0].splitlines()
    for line, following in zip(options, [*options[1:], ""], strict=True):
        if line.startswith("  -"):
            assert "  " in line.strip() or following.startswith(" " * 20), f"no help for {line}"


def test_version_and_no_arguments(capsys: Printed) -> None:
    from timanh import __version__

    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__
    assert run([]) == 0
    assert "Begin with: timanh demo" in capsys.readouterr().out


# Tables


def test_tables_align_whatever_the_letters() -> None:
    decomposed = "ô tô"
    lines = table([("1", "a", "x"), ("10", decomposed, "y"), ("3", "犬", "z" * 300)], right=(0,))
    assert [line[0:2] for line in lines] == [" 1", "10", " 3"]
    assert (
        len({width(line[: line.rindex(last)]) for line, last in zip(lines, "xy", strict=False)})
        == 1
    )
    assert all(width(line) <= 160 for line in lines) and lines[2].endswith("…")


@pytest.mark.parametrize(
    ("share", "wanted"), [(0, ""), (-1, ""), (1, "████"), (9, "████"), (0.5, "██"), (0.03, "▏")]
)
def test_bars(share: float, wanted: str) -> None:
    assert bar(share, 4) == wanted.ljust(4)


def test_shortened_keeps_what_fits() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"


# Letters that would act on the terminal


@pytest.mark.parametrize("letter", ["\u202e", "\u2066", "\u2028", "\x1b", "\x9b", "\x07"])
def test_no_name_acts_on_the_terminal(letter: str, capsys: Printed) -> None:
    name = f"photo{letter}gnp.exe"
    result(name)
    notice(name)
    result_json({name: [name, {"path": name}]})
    result("\n".join(table([(name, name)])))
    printed = capsys.readouterr()
    assert letter not in printed.out + printed.err
    assert printed.out.count("gnp.exe") == 6


# Words


def test_what_was_typed_without_marks_is_understood_and_said(
    tmp_path: Path, capsys: Printed
) -> None:
    file, model = tmp_path / "cat.png", tmp_path / "model"
    Image.new("RGB", (40, 40), "black").save(file)
    texts = ["con mèo đen"] * 5
    small_encoder(texts, widths=(8, 16), text_width=16, dim=12, side=32).save_pretrained(model)
    assert run(["explain", str(file), "con meo den", "--model", str(model)]) == 0
    printed = capsys.readouterr()
    assert "Understood as: con mèo đen" in printed.err and "con mèo đen" in printed.out
