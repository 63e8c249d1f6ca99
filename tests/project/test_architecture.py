"""`docs/architecture.md` leads to what is there."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
# Where a name without its folder may lie: in the folder that its line or table row speaks of.
PLACES = [
    ROOT / "docs",
    *(
        place
        for top in ("lib/timanh", "backend", "frontend/js")
        for place in (ROOT / top).rglob("*")
    ),
]


def test_every_path_it_names_exists() -> None:
    whole = set(re.findall(r"(?:lib|backend|frontend|tests|runner|benchmarks)/[\w./-]*", PAGE))
    assert len(whole) > 40
    assert [path for path in sorted(whole) if not (ROOT / path.rstrip(".")).exists()] == []


def test_every_file_named_without_its_folder_exists() -> None:
    known = {place.name for place in PLACES if place.is_file()}
    folders = {f"{place.name}/" for place in PLACES if place.is_dir()}
    bare = set(re.findall(r"`((?:[\w-]+/)*[\w-]+(?:\.py|\.js|/))`", PAGE))
    lost = [
        name
        for name in sorted(bare)
        if not (ROOT / name).exists()
        and name not in known | folders
        and not any(str(place).endswith(f"/{name.rstrip('/')}") for place in PLACES)
    ]
    assert lost == []


def test_it_names_every_room() -> None:
    for folder in (*(ROOT / "lib/timanh").iterdir(), *(ROOT / "lib/timanh/vectors").iterdir()):
        if folder.is_dir() and not folder.name.startswith("__"):
            assert f"{folder.name}/" in PAGE, folder
    for folder in (ROOT / "frontend/js").iterdir():
        assert f"{folder.name}/" in PAGE or folder.is_file(), folder


def test_no_folder_is_crowded() -> None:
    """Nobody finds anything among more than 25 files."""
    for top in ("lib/timanh", "backend", "runner", "frontend/js", "tests"):
        for folder in (ROOT / top, *(place for place in (ROOT / top).rglob("*") if place.is_dir())):
            if folder.name in ("__pycache__", "demo"):
                continue
            files = [place for place in folder.iterdir() if place.is_file()]
            assert len(files) <= 25, folder
    first_sight = [
        place for place in (ROOT / "lib/timanh/vectors").iterdir() if place.name != "__pycache__"
    ]
    assert len(first_sight) <= 10, first_sight


@pytest.mark.parametrize("top", ["backend", "runner"])
def test_no_modules_import_each_other_in_a_circle(top: str) -> None:
    """As import-linter holds it for the library, which is a package."""
    files = {
        place.relative_to(ROOT / top).with_suffix("").as_posix().replace("/", "."): place
        for place in (ROOT / top).rglob("*.py")
    }
    graph = {}
    for name, place in files.items():
        named = set()
        for node in ast.walk(ast.parse(place.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                inside = node.module.removeprefix(f"{top}.")
                named |= {inside, *(f"{inside}.{alias.name}" for alias in node.names)}
        graph[name] = named & files.keys() - {name}
    assert sum(map(len, graph.values())) > 10
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError(f"A circle of imports: {' → '.join(error.args[1])}") from None
