"""`python run.py notebooks`: all of them from top to bottom, small."""

import os
from pathlib import Path

from runner.console import Console
from runner.environment import TEST, Environment
from runner.failures import SetupError, explain
from runner.places import ROOT, make_folder
from runner.processes import Family

FOLDER = ROOT / "notebooks"
EXECUTOR = Path(__file__).with_name("execute_notebook.py")


def run_notebooks(names: list[str], family: Family, console: Console) -> int:
    """Run all notebooks, or those whose names begin with one of `names`, with SMOKE=1."""
    found = sorted(FOLDER.glob("[0-9]*.ipynb"))
    wanted = [file for file in found if not names or file.name.startswith(tuple(names))]
    if not wanted:
        known = ", ".join(file.stem for file in found) or "none"
        raise SetupError(f"No notebook begins with {' or '.join(names)}; there are: {known}.")
    root = Path(os.environ.get("TIMANH_WORKSPACE") or ROOT / "workspace")
    workspace = make_folder(root / "notebooks", "TIMANH_WORKSPACE")
    console.say("Tìm Ảnh · notebooks")
    environment = Environment(family, console)
    environment.prepare(TEST)
    for file in wanted:
        _execute(file, workspace, family, console, environment)
    console.say(f"\nThe notebooks with their outputs are in {workspace / 'executed'}")
    return 0


def _execute(
    file: Path, workspace: Path, family: Family, console: Console, environment: Environment
) -> None:
    out = workspace / "executed" / file.name
    out.parent.mkdir(parents=True, exist_ok=True)
    command = family.python(environment.python, EXECUTOR, str(file), str(out))
    env = {"TIMANH_WORKSPACE": str(workspace), "SMOKE": "1"}
    log = workspace / "logs" / f"{file.stem}.log"
    with console.step(file.stem):
        child = family.start(file.stem, command, log=log, env=env)
        if child.wait(lambda: console.tick(log)) != 0:
            raise explain(log, f"running {file.stem}")
