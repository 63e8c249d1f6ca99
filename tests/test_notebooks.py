"""All notebooks, headless, in order, in one workspace, as in Colab; and how they are written."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from runner.execute_notebook import set_parameter

ROOT = Path(__file__).resolve().parent.parent
STANDINS = ROOT / "tests" / "standins"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
EXECUTE = ROOT / "runner" / "execute_notebook.py"


def cells(file: Path, kind: str = "code") -> list[dict[str, Any]]:
    notebook = json.loads(file.read_text("utf8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def printed(file: Path) -> str:
    outputs = [output for cell in cells(file) for output in cell["outputs"]]
    return "".join("".join(out["text"]) for out in outputs if out["output_type"] == "stream")


def run(file: Path, out: Path, workspace: Path, **environment: str) -> str:
    paths = os.pathsep.join([str(ROOT / "lib"), str(STANDINS / "colab")])
    settings = {
        **os.environ, "SMOKE": "1", "TIMANH_WORKSPACE": str(workspace), "PYTHONPATH": paths,
        "OMP_NUM_THREADS": "1", **environment,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(EXECUTE), str(file), str(out)],
        env=settings, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return printed(out)


@pytest.mark.timeout(600)
def test_all_notebooks_run_in_order_and_end_in_a_public_search(tmp_path: Path) -> None:
    workspace, record = tmp_path / "workspace", tmp_path / "mounted"
    assert len(NOTEBOOKS) == 5
    said = {}
    for file in NOTEBOOKS:
        said[file.stem[:2]] = run(
            file, tmp_path / file.name, workspace, STANDIN_DRIVE=str(record),
            STANDIN_NGROK_AUTHTOKEN="test-token", PYNGROK_NGROK_PATH=str(STANDINS / "ngrok"),
        )  # fmt: skip
        assert "Check: " in said[file.stem[:2]], file.name
    assert record.read_text() == "/content/drive"
    assert "240 pictures, 240 with captions" in said["01"]
    assert "ok: True" in said["03"]
    assert "Public address: http://127.0.0.1:" in said["05"]
    assert "#key=" in said["05"] and "http://127.0.0.1:8000/#connect=" in said["05"]
    assert "Check: 5 results" in said["05"]
    assert (workspace / "figures" / "smoke-training.png").is_file()

    # Run-all again finds what is done; without a token the last one says so and goes on.
    began = time.monotonic()
    again = run(NOTEBOOKS[0], tmp_path / "again1.ipynb", workspace)
    again += run(NOTEBOOKS[2], tmp_path / "again3.ipynb", workspace)
    assert "0 of them new" in again
    assert time.monotonic() - began < 60
    no_answer = {"STANDIN_NGROK_AUTHTOKEN": "timeout"}
    local = run(NOTEBOOKS[4], tmp_path / "again5.ipynb", workspace, **no_answer)
    assert "No tunnel: there is no NGROK_AUTHTOKEN" in local and "Check: 5 results" in local


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_they_are_thin_and_open_alike(file: Path) -> None:
    opening = source(cells(file, "markdown")[0])
    for wanted in ("## ", "colab.research.google.com", "**Needs**", "**Makes**", "**Costs**"):
        assert wanted in opening
    codes = [source(cell) for cell in cells(file)]
    assert codes[0] == source(cells(NOTEBOOKS[0])[0])
    assert sum("@param" in code for code in codes) == 1 and "@param" in codes[1]
    for code in codes:
        assert code.count("\n") < 15
        assert not re.search(r"^\s*(def|class) ", code, re.M)
    imports = re.findall(r"^\s*(?:from|import) (\w+)", "\n".join(codes[1:]), re.M)
    assert set(imports) == {"timanh"}


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_their_outputs_are_of_a_real_run_and_clean(file: Path) -> None:
    text = file.read_text("utf8")
    assert len(text.encode()) <= 300_000
    assert "Check: " in printed(file)
    assert all(cell["execution_count"] for cell in cells(file))
    kinds = {output["output_type"] for cell in cells(file) for output in cell["outputs"]}
    assert "error" not in kinds
    assert not re.search(r"(?<![\w.:/])/(home|tmp|root|Users|work)/", printed(file))
    assert "#key=" not in printed(file)


def test_a_notebook_parameter_is_replaced_where_it_is_set() -> None:
    source = 'PICTURES = 1200  #@param {type:"integer"}\nPICTURES_SEEN = 3\nSEED = 0\n'
    cells = [
        {"cell_type": "markdown", "source": "SEED = 5"},
        {"cell_type": "code", "source": source},
    ]
    set_parameter(cells, "PICTURES", "60")
    set_parameter(cells, "SEED", "7")
    assert cells[1]["source"] == (
        'PICTURES = 60  #@param {type:"integer"}\nPICTURES_SEEN = 3\nSEED = 7\n'
    )
    assert cells[0]["source"] == "SEED = 5"
    with pytest.raises(SystemExit, match="LOSS"):
        set_parameter(cells, "LOSS", "1")
