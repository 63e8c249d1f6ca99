"""All notebooks, headless, in order, in one workspace, as in Colab; and how they are written."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from runner.execute_notebook import set_parameter

ROOT = Path(__file__).resolve().parents[2]
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


def execute(
    file: Path, out: Path, content: Path, *parameters: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a notebook in Colab's stand-in, whose own disk is the folder `content`."""
    paths = os.pathsep.join([str(ROOT / "lib"), str(STANDINS / "colab")])
    settings = {
        **os.environ, "SMOKE": "1", "TIMANH_COLAB_CONTENT": str(content), "PYTHONPATH": paths,
        "OMP_NUM_THREADS": "1", **environment,
    }  # fmt: skip
    settings.pop("TIMANH_WORKSPACE", None)
    return subprocess.run(
        [sys.executable, str(EXECUTE), str(file), str(out), *parameters],
        env=settings, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip


def run(file: Path, out: Path, content: Path, *parameters: str, **environment: str) -> str:
    done = execute(file, out, content, *parameters, **environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return printed(out)


@pytest.mark.timeout(600)
def test_all_notebooks_run_in_order_and_end_in_a_public_search(tmp_path: Path) -> None:
    content, record = tmp_path / "content", tmp_path / "mounted"
    workspace = content / "drive" / "MyDrive" / "timanh"
    assert len(NOTEBOOKS) >= 6
    said = {}
    for file in NOTEBOOKS:
        # Each in a session of its own: only what lies on Drive is there.
        shutil.rmtree(content / "timanh-local", ignore_errors=True)
        said[file.stem[:2]] = run(
            file, tmp_path / file.name, content, STANDIN_DRIVE=str(record),
            STANDIN_NGROK_AUTHTOKEN="test-token", PYNGROK_NGROK_PATH=str(STANDINS / "ngrok"),
        )  # fmt: skip
        assert "Check: " in said[file.stem[:2]], file.name
    assert record.read_text() == str(content / "drive")
    assert "240 pictures, 240 with captions" in said["01"]
    assert len(list((workspace / "data" / "demo").iterdir())) == 5, "pictures are one file on Drive"
    assert said["02"].count("· split test") == 2 and not list(workspace.rglob("*.pt"))
    assert "ok: True" in said["03"] and "in the dictionary of smoke" in said["03"]
    assert "· split test" in said["04"] and "with smoke." in said["05"]
    assert "Public address: http://127.0.0.1:" in said["05"]
    assert "#key=" in said["05"] and "http://127.0.0.1:8000/#connect=" in said["05"]
    assert "Check: 5 results" in said["05"]
    assert (workspace / "figures" / "smoke-training.png").is_file()

    # Run-all again finds what is done; without a token the last one says so and goes on.
    began = time.monotonic()
    again = run(NOTEBOOKS[0], tmp_path / "again1.ipynb", content)
    again += run(NOTEBOOKS[2], tmp_path / "again3.ipynb", content)
    assert "0 of them new" in again
    assert time.monotonic() - began < 180
    no_answer = {"STANDIN_NGROK_AUTHTOKEN": "timeout"}
    local = run(NOTEBOOKS[4], tmp_path / "again5.ipynb", content, **no_answer)
    assert "No tunnel: nobody answered" in local and "Check: 5 results" in local
    assert "127.0.0.1" not in (tmp_path / "again5.ipynb").read_text("utf8")

    # Another model under the same name says which box to tick, and does what it says.
    other = ["DATA='demo'", "MODEL='demo'", "NAME='smoke'"]
    refused = execute(NOTEBOOKS[2], tmp_path / "other.ipynb", content, *other, SMOKE="0")
    assert refused.returncode and "was built with smoke" in refused.stderr
    assert "this encoder is demo" in refused.stderr and "tick REBUILD" in refused.stderr
    assert "--" not in refused.stderr.rpartition("EncoderMismatchError")[2]
    built = [*other, "REBUILD=True"]
    rebuilt = run(NOTEBOOKS[2], tmp_path / "other.ipynb", content, *built, SMOKE="0")
    assert "240 pictures in the dictionary of demo" in rebuilt


def test_where_drive_is_refused_the_notebook_goes_on_and_says_so(tmp_path: Path) -> None:
    small = ["DATA='demo'", "COUNT=10"]
    said = run(
        NOTEBOOKS[0], tmp_path / "out.ipynb", tmp_path, *small, SMOKE="0", STANDIN_DRIVE_REFUSED="1"
    )
    assert "Google Drive is not mounted (mount failed)" in said and "Check: 100%" in said
    assert (tmp_path / "timanh" / "data" / "demo" / "captions.txt").is_file()


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
