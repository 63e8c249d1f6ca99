"""The page's modules: rooms, from the top down, that import only from those below; no circle."""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

JS = Path(__file__).resolve().parents[2] / "frontend" / "js"
# A room imports from itself and from those after it; what stands beside them is above all.
ROOMS = ("settings", "posts", "photos", "answer", "history", "picture", "ask", "core")
IMPORT = re.compile(
    r"""(?:^import\s[^;]*?|^export\s[^;]*?from\s*|\bimport\()["'](\.[^"']+)["']""", re.M
)


def imports() -> dict[Path, set[Path]]:
    """Module → modules it imports, at its start or when it is first needed."""
    found = {}
    for file in JS.rglob("*.js"):
        named = IMPORT.findall(file.read_text("utf-8"))
        found[file] = {(file.parent / name).resolve() for name in named}
    return found


def room_of(file: Path) -> int:
    inside = file.relative_to(JS).parts
    return ROOMS.index(inside[0]) if len(inside) > 1 else -1


def test_every_import_leads_to_a_module() -> None:
    graph = imports()
    assert sum(map(len, graph.values())) > 100
    for file, named in graph.items():
        assert named <= graph.keys(), file


def test_no_modules_import_each_other_in_a_circle() -> None:
    try:
        tuple(TopologicalSorter(imports()).static_order())
    except CycleError as error:
        circle = " → ".join(str(file.relative_to(JS)) for file in error.args[1])
        raise AssertionError(f"A circle of imports: {circle}") from None


def test_a_room_imports_only_from_rooms_below_it() -> None:
    for file, named in imports().items():
        for other in named:
            assert room_of(file) <= room_of(other), (
                f"{file.relative_to(JS)} imports {other.relative_to(JS)}, which lies above it"
            )
