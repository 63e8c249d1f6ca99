"""`python run.py notebooks`, and the demo checkpoint, which is a product of two of them."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from runner.console import Console
from runner.environment import TEST, Environment
from runner.failures import SetupError, explain, last_lines
from runner.places import ROOT, make_folder
from runner.processes import Family

FOLDER = ROOT / "notebooks"
EXECUTOR = Path(__file__).with_name("execute_notebook.py")


@dataclass(frozen=True)
class Run:
    """One notebook with the values of its parameters cell that differ from the usual."""

    notebook: str
    parameters: dict[str, str | int] = field(default_factory=dict)


# Draw pictures, then train a small two-tower model on them, from nothing.
NAME = "demo"
DEMO_MODEL = (
    Run("01_prepare_data", {"DATA": "demo", "COUNT": 16000, "SEED": 1}),
    Run("02_finetune_clip", {"DATA": "demo", "MODEL": "small", "RECIPE": "demo", "NAME": NAME}),
)


def run_notebooks(names: list[str], family: Family, console: Console) -> int:
    """Run all notebooks, or those whose names begin with one of `names`, with SMOKE=1."""
    found = sorted(FOLDER.glob("[0-9]*.ipynb"))
    wanted = [file for file in found if not names or file.name.startswith(tuple(names))]
    if not wanted:
        known = ", ".join(file.stem for file in found) or "none"
        raise SetupError(f"No notebook begins with {' or '.join(names)}; there are: {known}.")
    workspace = _workspace("notebooks")
    environment = _environment(family, console)
    for file in wanted:
        _execute(Run(file.stem), workspace, {"SMOKE": "1"}, family, console, environment)
    console.say(f"\nThe notebooks with their outputs are in {workspace / 'executed'}")
    return 0


def make_demo_model(arguments: list[str], family: Family, console: Console) -> int:
    """Make the checkpoint that comes with the package again."""
    if arguments:
        raise SetupError(f"demo-model takes no arguments; {' '.join(arguments)} came.")
    workspace = _workspace("demo-model")
    environment = _environment(family, console)
    for run in DEMO_MODEL:
        _execute(run, workspace, {"SMOKE": "0"}, family, console, environment)
    log = workspace / "logs" / "shipping.log"
    with console.step("Into the package"):
        model = str(workspace / "models" / NAME)
        command = family.python(environment.python, "timanh.models.shipping", model)
        if family.start("shipping", command, log=log).wait(console.tick) != 0:
            raise explain(log, "putting the checkpoint into the package")
    console.say(f"\n  {last_lines(log)[-1]}")
    return 0


def _workspace(name: str) -> Path:
    root = Path(os.environ.get("TIMANH_WORKSPACE") or ROOT / "workspace")
    return make_folder(root / name, "TIMANH_WORKSPACE")


def _environment(family: Family, console: Console) -> Environment:
    console.say("Tìm Ảnh · notebooks")
    environment = Environment(family, console)
    environment.prepare(TEST)
    return environment


def _execute(
    run: Run,
    workspace: Path,
    settings: dict[str, str],
    family: Family,
    console: Console,
    environment: Environment,
) -> None:
    out = workspace / "executed" / f"{run.notebook}.ipynb"
    out.parent.mkdir(parents=True, exist_ok=True)
    parameters = [f"{name}={value!r}" for name, value in run.parameters.items()]
    source = str(FOLDER / f"{run.notebook}.ipynb")
    command = family.python(environment.python, EXECUTOR, source, str(out), *parameters)
    env = {"TIMANH_WORKSPACE": str(workspace), **settings}
    log = workspace / "logs" / f"{run.notebook}.log"
    with console.step(run.notebook):
        child = family.start(run.notebook, command, log=log, env=env)
        if child.wait(lambda: console.tick(log)) != 0:
            raise explain(log, f"running {run.notebook}")
