"""Run one notebook from top to bottom; runs inside `.venv`, which has nbclient.

    python execute_notebook.py SOURCE.ipynb OUT.ipynb [NAME=VALUE …]

Each NAME=VALUE replaces the line of the parameters cell that assigns NAME; VALUE is Python.
"""

import re
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from runner.output_stamps import stamp_outputs

    source, out, *pairs = sys.argv[1:]
    notebook: Any = nbformat.read(source, as_version=4)
    for pair in pairs:
        name, _, value = pair.partition("=")
        set_parameter(notebook.cells, name, value)
    folder = {"metadata": {"path": str(Path(source).parent)}}
    client = NotebookClient(notebook, timeout=None, kernel_name="python3", resources=folder)
    try:
        client.execute()
    except CellExecutionError as error:
        sys.exit(str(error))
    finally:
        stamp_outputs(notebook.cells)
        nbformat.write(notebook, out)


def set_parameter(cells: list[Any], name: str, value: str) -> None:
    """Replace `NAME = …` in the first cell that has such a line; keep its `#@param` comment."""
    line = re.compile(rf"^{re.escape(name)}\s*=\s*(?P<old>.*?)(?P<form>\s*#\s*@param.*)?$", re.M)
    for cell in cells:
        if cell["cell_type"] == "code" and line.search(cell["source"]):
            replaced = line.sub(
                lambda found: f"{name} = {value}{found['form'] or ''}", cell["source"]
            )
            cell["source"] = replaced
            return
    sys.exit(f"No cell of the notebook sets {name}.")


if __name__ == "__main__":
    main()
