"""The documentation is true: its links lead somewhere, its commands run."""

import re
import shlex
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
READMES = [ROOT / "README.md", ROOT / "README.vi.md"]
PAGES = [*READMES, *sorted((ROOT / "docs").rglob("*.md"))]
TOURS = [READMES[0], ROOT / "docs" / "classify.md"]  # with commands that are run
BLOCK = re.compile(r"(<!-- tested -->\n)?```(?:bash|sh)\n(.*?)```", re.S)


def commands(page: Path, *, tested: bool | None = None) -> list[list[str]]:
    """The command lines of a page's shell blocks; those marked as tested, or the others, or all."""
    found = []
    for mark, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if tested is None or bool(mark) == tested:
            lines = re.sub(r"\\\n\s*", " ", block).splitlines()
            found += [shlex.split(line, comments=True) for line in lines]
    return [words for words in found if words]


def anchors(page: Path) -> set[str]:
    """GitHub's names for a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in kept}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = unquote(link).partition("#")
        target = page.parent / place if place else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {link}"


def test_both_readmes_show_the_same_commands_and_links() -> None:
    english, vietnamese = READMES
    assert commands(english) == commands(vietnamese)
    badge = re.compile(r"https://colab\.research\.google\.com/github/\S+?\.ipynb")
    found = [badge.findall(page.read_text(encoding="utf-8")) for page in READMES]
    assert found[0] == found[1] and len(found[0]) >= 5
    for link in found[0]:
        assert (ROOT / "notebooks" / link.rpartition("/")[2]).is_file(), link


def test_numbers_in_the_readmes_are_those_of_the_results() -> None:
    from benchmarks.readme import MARKED, PAGES, numbers

    for page in PAGES:
        found = MARKED.search((ROOT / page).read_text(encoding="utf-8"))
        assert found is not None
        assert found[0] == f"{found[1]}{numbers(page)}{found[2]}", "run benchmarks/readme.py"


def test_every_option_in_the_readme_exists() -> None:
    from typer.main import get_command

    from runner.options import COMMANDS, HELP
    from timanh.cli import app

    for words in commands(READMES[0]):
        program = next(word for word in words if "=" not in word)
        if program == "python" and "run.py" in words:
            for word in words[words.index("run.py") + 1 :]:
                named = word.startswith("--") or word in COMMANDS
                assert not named or word in HELP, word
        elif program == "timanh":
            command = get_command(app)
            for word in words[words.index("timanh") + 1 :]:
                command = getattr(command, "commands", {}).get(word, command)
            known = {flag for option in command.params for flag in option.opts}
            flags = {word for word in words if word.startswith("-")}
            assert flags <= known, words


@pytest.mark.parametrize("page", TOURS, ids=lambda page: page.name)
def test_the_commands_marked_as_tested_run_in_order(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from timanh.cli import run

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TIMANH_WORKSPACE", raising=False)
    tour = commands(page, tested=True)
    assert len(tour) >= 4
    for program, *arguments in tour:
        assert program == "timanh"
        if arguments[0] == "demo" and "--count" not in arguments:
            arguments += ["--count", "60"]
        code = run(arguments)
        printed = capsys.readouterr()
        assert code == 0, f"{arguments}: {printed.err}"
        assert printed.out or printed.err
