"""Whether a notebook's outputs are those of its code: a stamp beside each cell says from which.

    python -m runner.output_stamps EXECUTED.ipynb NOTEBOOK.ipynb

takes the outputs of a run, whose parameters may have been changed, into the notebook.
"""

import ast
import hashlib
import importlib
import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

KEY = "timanh"
ROOM = "timanh.evaluation"  # what draws figures and tables


def stamp_outputs(cells: list[Any]) -> None:
    """Write beside each code cell what its outputs come from."""
    imported = _imported(cells)
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["metadata"][KEY] = _stamp(_source(cell), imported)


def outdated(cells: list[Any]) -> list[str]:
    """For each cell whose outputs come from other code than there is now, why."""
    imported, reasons = _imported(cells), []
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code" or not (cell["outputs"] or cell["execution_count"]):
            continue
        now, then = _stamp(_source(cell), imported), cell["metadata"].get(KEY)
        if then is None:
            reasons.append(f"cell {number} has outputs without a stamp")
        elif then["source"] != now["source"]:
            reasons.append(f"cell {number} was changed after its outputs were made")
        else:
            changed = [
                name for name, code in now["drawn"].items() if then["drawn"].get(name) != code
            ]
            reasons += [
                f"cell {number} shows what {name} drew before it was changed" for name in changed
            ]
    return reasons


def take_outputs(executed: list[Any], cells: list[Any]) -> None:
    """Outputs of a run into the notebook that was run; cells are matched by their place.

    Raises:
        SystemExit: another notebook, or one that was changed after the run.
    """
    if [cell["cell_type"] for cell in executed] != [cell["cell_type"] for cell in cells]:
        sys.exit("The two notebooks have other cells; run the notebook again.")
    for number, (done, cell) in enumerate(zip(executed, cells, strict=True)):
        if cell["cell_type"] != "code":
            continue
        if _source(done) != _source(cell) and "@param" not in _source(cell):
            sys.exit(f"Cell {number} was changed after the run; run the notebook again.")
        # Progress bars and warnings are of that machine.
        cell["outputs"] = [each for each in done["outputs"] if each.get("name") != "stderr"]
        cell["execution_count"] = done["execution_count"]
    stamp_outputs(cells)


def _stamp(source: str, imported: dict[str, str]) -> dict[str, Any]:
    return {"source": _digest(source), "drawn": _drawn(source, imported)}


def _drawn(source: str, imported: dict[str, str]) -> dict[str, str]:
    """Function of `ROOM` that the cell calls → digest of its code, without comments."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        place = _place(node.func, imported)
        if place.startswith(ROOM):
            module, _, name = place.rpartition(".")
            function = getattr(importlib.import_module(module), name)
            code = textwrap.dedent(inspect.getsource(function))
            found[name] = _digest(ast.dump(_without_docstrings(ast.parse(code))))
    return dict(sorted(found.items()))


def _place(called: ast.expr, imported: dict[str, str]) -> str:
    """The full name of what is called, such as timanh.evaluation.plot_hits; "" if unknown."""
    if isinstance(called, ast.Name):
        return imported.get(called.id, "")
    if isinstance(called, ast.Attribute):
        above = _place(called.value, imported)
        return f"{above}.{called.attr}" if above else ""
    return ""


def _imported(cells: list[Any]) -> dict[str, str]:
    """Name in the notebook → full name."""
    found: dict[str, str] = {}
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        for node in ast.walk(ast.parse(_source(cell))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {
                    each.asname or each.name: f"{node.module}.{each.name}" for each in node.names
                }
    return found


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            body[0] = ast.Pass()  # type: ignore[index]
    return tree


def _source(cell: Any) -> str:
    return "".join(cell["source"])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def main() -> None:
    """Take the outputs over."""
    executed, file = (Path(name) for name in sys.argv[1:])
    notebook = json.loads(file.read_text("utf8"))
    take_outputs(json.loads(executed.read_text("utf8"))["cells"], notebook["cells"])
    text = json.dumps(notebook, indent=1, ensure_ascii=False)
    file.write_text(f"{text}\n", "utf8")


if __name__ == "__main__":
    main()
