"""`python run.py demo-models`: the models that come with the package, made again in order.

Each part is trained in a folder of its own under `workspace/demo-models/`, from where a run that
was stopped goes on, and is then copied into the package in float16. A later part is trained with
the earlier ones as they lie in the package.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runner.console import Console
from runner.environment import TEST, Environment
from runner.failures import SetupError, explain, last_lines
from runner.places import ROOT, make_folder
from runner.processes import Family


@dataclass(frozen=True)
class Part:
    """One model.

    Attributes:
        command: after `python run.py`, makes this part alone.
        train: the module that trains it: python -m TRAIN FOLDER leaves it in FOLDER/model.
        ship: the module that copies it into the package: python -m SHIP FOLDER/model.
    """

    command: str
    train: str
    ship: str


GENERATION = "timanh.generation.training"
PARTS = (
    Part("demo-model", "timanh.training.drawn", "timanh.models.shipping"),
    Part("demo-captioner", "timanh.captioning.drawn", "timanh.captioning.shipping"),
    Part("demo-vqgan", f"{GENERATION}.vqgan_loop", f"{GENERATION}.shipping"),
    Part("demo-writer", f"{GENERATION}.writer_loop", f"{GENERATION}.shipping"),
)
ALL = "demo-models"


def make_demo_models(
    command: str, arguments: Sequence[str], family: Family, console: Console
) -> int:
    """Make one part, or all of them in order when `command` is "demo-models"."""
    if arguments:
        raise SetupError(f"{command} takes no arguments; got {' '.join(arguments)}.")
    workspace = Path(os.environ.get("TIMANH_WORKSPACE") or ROOT / "workspace")
    folder = make_folder(workspace / ALL, "TIMANH_WORKSPACE")
    console.say("Tìm Ảnh · demo models")
    environment = Environment(family, console)
    environment.prepare(TEST)
    for part in PARTS:
        if command in (ALL, part.command):
            _make(part, folder / part.command, family, console, environment)
    return 0


def _make(
    part: Part, folder: Path, family: Family, console: Console, environment: Environment
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    steps = ((part.train, folder, "Training"), (part.ship, folder / "model", "Into the package"))
    for module, argument, title in steps:
        log = folder / f"{module}.log"
        with console.step(f"{part.command}: {title}"):
            command = family.python(environment.python, module, str(argument))
            if family.start(module, command, log=log).wait(partial(console.tick, log)):
                raise explain(log, f"{title.lower()} of {part.command}")
    console.say(f"\n  {last_lines(log)[-1]}")
