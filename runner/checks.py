"""`python run.py test`: style, types, layers, tests; then a table of what took how long."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.chromium import VARIABLE, prepare_chromium
from runner.console import Console, seconds
from runner.environment import TEST, Environment
from runner.failures import last_lines
from runner.page import prepare_page
from runner.places import script
from runner.processes import Family

STATIC: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Style", ("ruff", "check", "--output-format=concise", ".")),
    ("Form", ("ruff", "format", "--check", ".")),
    ("Types", ("mypy",)),
    ("Layers", ("lint-imports",)),
)
MOST_WORKERS = 4


@dataclass(frozen=True)
class Outcome:
    """One row of the table."""

    name: str
    code: int
    took_s: float


def check(arguments: list[str], family: Family, console: Console) -> int:
    """Set up, then run everything; with a test file named, only pytest. 0 when all is well."""
    console.say("Tìm Ảnh · checks")
    environment = Environment(family, console)
    environment.prepare(TEST)
    prepare_page(family, console, environment, for_tests=True)
    chromium = prepare_chromium(family, console, environment)
    outcomes = [] if names_a_file(arguments) else run_static(family, console, environment)
    began = time.perf_counter()
    code, closing = run_pytest(family, environment, chromium, arguments)
    outcomes.append(Outcome("Tests", code, time.perf_counter() - began))
    console.say()
    for outcome in outcomes:
        verdict = "passed" if outcome.code == 0 else "FAILED"
        console.say(f"  {outcome.name:<8} {verdict}  {seconds(outcome.took_s):>12}")
    console.say(f"\n{closing}")
    return next((outcome.code for outcome in reversed(outcomes) if outcome.code), 0)


def names_a_file(arguments: list[str]) -> bool:
    """Whether somebody works on one test file and wants its answer only."""
    return any(argument.split("::")[0].endswith(".py") for argument in arguments)


def run_static(family: Family, console: Console, environment: Environment) -> list[Outcome]:
    """Each tool in turn; what a failing one said is shown at once."""
    outcomes = []
    for name, (tool, *arguments) in STATIC:
        log = environment.logs / f"{name.lower()}.log"
        command = [str(script(tool, environment.venv)), *arguments]
        began = time.perf_counter()
        with console.step(f"{name}: {tool}"):
            child = family.start(name, command, log=log, env={"PYTHONPATH": "lib"})
            code = child.wait(console.tick)
        outcomes.append(Outcome(name, code, time.perf_counter() - began))
        if code != 0:
            for line in last_lines(log, 40):
                console.say(f"  | {line}")
    return outcomes


def run_pytest(
    family: Family, environment: Environment, chromium: Path | None, arguments: list[str]
) -> tuple[int, str]:
    """Show pytest's output as it comes; hold back its closing line, for after the table."""
    cores = os.cpu_count() or 1
    workers = 0 if names_a_file(arguments) else workers_for(cores)
    env = pytest_settings(cores, workers, chromium)
    given = arguments if names_a_file(arguments) else ["tests", *arguments]
    colour = "--color=yes" if sys.stdout.isatty() else "--color=no"
    command = family.python(environment.python, "pytest", *parallel(workers), colour, *given)
    child = family.start("pytest", command, log=environment.logs / "pytest.log", env=env)
    follower = Follower(child.log)
    code = child.wait(follower.show)
    return code, follower.close()


class Follower:
    """Shows a log as it grows and holds its last line back, for the end."""

    def __init__(self, log: Path) -> None:
        self.file = log.open("rb")
        self.held = b""

    def show(self) -> None:
        new = self.held + self.file.read()
        shown, newline, self.held = new.rstrip(b"\n").rpartition(b"\n")
        if new.endswith(b"\n"):
            self.held += b"\n"
        sys.stdout.write((shown + newline).decode("utf-8", errors="replace"))
        sys.stdout.flush()

    def close(self) -> str:
        """Show what is left but its last line, and return that."""
        self.show()
        self.file.close()
        return self.held.decode("utf-8", errors="replace").rstrip()


def workers_for(cores: int) -> int:
    """One core stays free for the servers and browsers that tests start, where there are some."""
    return min(MOST_WORKERS, cores - 1) if cores > 2 else cores


def parallel(workers: int) -> list[str]:
    """pytest-xdist where there is more than one core; a file's tests stay on one worker."""
    return ["-n", str(workers), "--dist", "loadscope"] if workers > 1 else ["-p", "no:xdist"]


def pytest_settings(cores: int, workers: int, chromium: Path | None) -> Mapping[str, str]:
    """Threads such that the workers together use each core once."""
    threads = max(1, cores // max(1, workers))
    settings = {"OMP_NUM_THREADS": str(threads)}
    return {**settings, VARIABLE: str(chromium)} if chromium else settings
