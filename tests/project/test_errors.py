"""Errors say what to do where they are read: options for the command line, fields for notebooks."""

import ast
import pickle
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from timanh.errors import DictionaryError, SettingsError, TimAnhError, advice, in_notebook

LIBRARY = Path(__file__).resolve().parents[2] / "lib" / "timanh"
# An option, a command of ours, or the runner: what only a person at a terminal can use.
FOR_TERMINALS = re.compile(
    r"(?<![\w-])--[a-z]{2,}|timanh (index|train|search|doctor|demo)\b|run\.py"
)
# Only a caller who names such a server or cluster in Python comes there, and no notebook does.
BEYOND_NOTEBOOKS = (
    "vectors/report_file/exchange.py", "vectors/servers/", "vectors/build/ray/",
    "vectors/tune/servers.py",
)  # fmt: skip


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a kernel: IPython's shell has one."""
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def test_what_to_do_is_chosen_where_the_error_is_read(request: pytest.FixtureRequest) -> None:
    error = SettingsError("Port 80 is taken.", cli="Take --port 81.", notebook="Set PORT = 81.")
    assert not in_notebook() and str(error) == "Port 80 is taken. Take --port 81."
    request.getfixturevalue("notebook")
    assert in_notebook() and str(error) == "Port 80 is taken. Set PORT = 81."
    assert advice(cli="--port", notebook="PORT") == "PORT"


def test_an_error_from_another_process_keeps_both() -> None:
    error = pickle.loads(pickle.dumps(DictionaryError("Gone.", cli="one", notebook="two")))
    assert (type(error), error.cli, error.notebook) == (DictionaryError, "one", "two")
    assert str(error) == "Gone. one" and str(TimAnhError("Only this.")) == "Only this."


def for_terminals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, text) of what speaks of options outside of an argument `cli` and of docstrings."""

    def visit(node: ast.AST, allowed: bool) -> Iterator[tuple[int, str]]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            alone = re.fullmatch(r"--[a-z-]+", node.value)  # an argument of another program
            if not allowed and not alone and FOR_TERMINALS.search(node.value):
                yield node.lineno, node.value
            return
        for child in ast.iter_child_nodes(node):
            inside = isinstance(node, ast.keyword) and node.arg == "cli"
            docstring = isinstance(node, ast.Expr) and isinstance(child, ast.Constant)
            named = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith("_CLI")
            yield from visit(child, allowed or inside or docstring or named)

    yield from visit(tree, False)


@pytest.mark.parametrize(
    "file",
    [file for file in sorted(LIBRARY.rglob("*.py")) if "cli" not in file.parts],
    ids=lambda file: str(file.relative_to(LIBRARY)),
)
def test_the_library_names_options_only_to_the_command_line(file: Path) -> None:
    """Pass such advice as `cli="…"`, and what a notebook's reader can do as `notebook="…"`."""
    if not file.relative_to(LIBRARY).as_posix().startswith(BEYOND_NOTEBOOKS):
        assert not list(for_terminals(ast.parse(file.read_text("utf8"))))
