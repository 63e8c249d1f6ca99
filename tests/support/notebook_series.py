"""Notebooks run headless as in Colab: a stand-in for its package, its disk in a folder, kills."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

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
    """What is read in it: lines and tables."""
    outputs = [output for cell in cells(file) for output in cell["outputs"]]
    parts = [out["text"] if "text" in out else out["data"].get("text/plain", "") for out in outputs]
    return "\n".join("".join(part) for part in parts)


def settings_for(content: Path, **environment: str) -> dict[str, str]:
    """Of a notebook in Colab's stand-in, whose own disk is the folder `content`."""
    paths = os.pathsep.join([str(ROOT / "lib"), str(STANDINS / "colab")])
    settings = {
        **os.environ, "SMOKE": "1", "TIMANH_COLAB_CONTENT": str(content), "PYTHONPATH": paths,
        "OMP_NUM_THREADS": "1", **environment,
    }  # fmt: skip
    settings.pop("TIMANH_WORKSPACE", None)
    return settings


def execute(
    file: Path,
    out: Path,
    content: Path,
    *parameters: str,
    within_s: float = 280,
    **environment: str,
) -> "subprocess.CompletedProcess[str]":
    """Run one notebook; those of `parameters` replace its own."""
    return subprocess.run(
        [sys.executable, str(EXECUTE), str(file), str(out), *parameters],
        env=settings_for(content, **environment), capture_output=True, text=True,
        timeout=within_s, check=False,
    )  # fmt: skip


def kill_in_training(
    file: Path, out: Path, content: Path, *, within_s: float = 200, **environment: str
) -> None:
    """Run it until an epoch's checkpoint is on Drive, then kill it and its kernel."""
    command = [sys.executable, str(EXECUTE), str(file), str(out)]
    process = subprocess.Popen(
        command, env=settings_for(content, **environment), start_new_session=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    drive = content / "drive" / "MyDrive" / "timanh" / "models"
    until = time.monotonic() + within_s
    while not list(drive.rglob("*.pt")) and process.poll() is None:
        assert time.monotonic() < until, "no checkpoint"
        time.sleep(0.02)
    assert process.poll() is None, "it ended before it could be killed"
    for each in [*psutil.Process(process.pid).children(recursive=True), process]:
        each.kill()
    process.wait(20)
