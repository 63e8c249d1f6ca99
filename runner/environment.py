"""The virtual environment: made once, filled in layers, repaired after an interruption."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from runner.console import Console
from runner.failures import SetupError, explain
from runner.places import INSTALL_LOGS, ROOT, VENV, site_packages, venv_python
from runner.processes import Family
from runner.stamps import Stamps, digest
from runner.torch_choice import TorchChoice, torch_for_this_machine

PIP_SETTINGS = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_RETRIES": "3",
    "PIP_USER": "0",
    "PIP_REQUIRE_VIRTUALENV": "0",
}
MAKING = "being-made"
PROBE = "import sys, pip; print(*sys.version_info[:2])"


@dataclass(frozen=True)
class Layer:
    """Something to install; `files` decide whether it has to be installed again."""

    name: str
    label: str
    arguments: tuple[str, ...]
    files: tuple[str, ...]
    torch: bool = True


_APP_FILES = ("requirements.txt", "backend/requirements.txt", "lib/pyproject.toml")
_APP_ARGUMENTS = ("-r", "requirements.txt", "-r", "backend/requirements.txt")
BACKEND = Layer(
    "backend", "The backend's libraries", _APP_ARGUMENTS[2:], _APP_FILES[1:2], torch=False
)
APP = Layer("app", "Libraries", (*_APP_ARGUMENTS, "-e", "./lib[generate]"), _APP_FILES)
TEST = Layer("test", "Libraries and test tools", (*_APP_ARGUMENTS, "-e", "./lib[test]"), _APP_FILES)


class Environment:
    """`.venv` of this project."""

    def __init__(self, family: Family, console: Console, root: Path = ROOT, venv: Path = VENV):
        self.family, self.console, self.root, self.venv = family, console, root, venv
        self.stamps = Stamps(venv / "installed.json")

    @property
    def python(self) -> Path:
        return venv_python(self.venv)

    def prepare(self, layer: Layer) -> None:
        """Make the environment and install the layer, unless that was done before."""
        if self.python.exists() and self.stamps.holds(layer.name, self.digest(layer)):
            return
        if not self._usable():
            self._make()
        remove_half_installed(site_packages(self.venv))
        if layer.torch and not has_torch(site_packages(self.venv)):
            self._install_torch(torch_for_this_machine())
        with self.console.step(layer.label):
            self.pip(f"{layer.name}.log", "installing libraries", *layer.arguments)
        self.stamps.put(layer.name, self.digest(layer))
        if layer is TEST:
            self.stamps.put(APP.name, self.digest(APP))

    def pip(self, log: str, doing: str, *arguments: str) -> None:
        """`pip install …`, its output in a log."""
        file = self.logs / log
        if self._pip(file, *arguments) != 0:
            raise explain(file, doing)

    @property
    def logs(self) -> Path:
        return self.venv / INSTALL_LOGS.name

    def _pip(self, log: Path, *arguments: str) -> int:
        command = self.family.python(self.python, "pip", "install", *arguments)
        child = self.family.start("pip", command, log=log, cwd=self.root, env=PIP_SETTINGS)
        return child.wait(self.console.tick)

    def digest(self, layer: Layer) -> str:
        """Changes when the layer has to be installed again."""
        files = [self.root / file for file in layer.files]
        return digest(files, layer.arguments, str(self.root))

    def _usable(self) -> bool:
        """Whether the interpreter starts, has pip and is new enough."""
        if not self.python.exists() or (self.venv / MAKING).exists():
            return False
        command = [str(self.python), "-c", PROBE]
        try:
            probe = subprocess.run(command, capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            return False
        if probe.returncode != 0:
            return False
        return tuple(map(int, probe.stdout.split())) >= (3, 11)

    def _make(self) -> None:
        require_venv_module()
        if Path(sys.prefix).resolve() == self.venv.resolve():
            raise SetupError(
                f"{self.venv} is damaged, and this Python is the one inside it. "
                "Type `deactivate`, then start again."
            )
        with self.console.step("Python environment in .venv"):
            self._clear()
            # The log cannot lie in the folder that is being made.
            aside = self.venv.with_name(".venv.log.part")
            command = self.family.python(sys.executable, "venv", str(self.venv))
            child = self.family.start("venv", command, log=aside, cwd=self.root)
            failed = child.wait(self.console.tick) != 0
            self.logs.mkdir(parents=True, exist_ok=True)
            log = aside.replace(self.logs / "venv.log")
            if failed:
                raise explain(log, "making the Python environment")
            (self.venv / MAKING).unlink()

    def _clear(self) -> None:
        try:
            if self.venv.is_dir():
                shutil.rmtree(self.venv)
            else:
                self.venv.unlink(missing_ok=True)
            self.venv.mkdir()
            (self.venv / MAKING).touch()
        except OSError as error:
            raise SetupError(
                f"{self.venv} cannot be written to ({error.strerror or error}). "
                "Put the project into a folder of your own and start again."
            ) from error

    def _install_torch(self, choice: TorchChoice) -> None:
        self._require_disk(choice.needed_bytes)
        with self.console.step(choice.label):
            log = self.logs / "torch.log"
            for attempt in choice.attempts:
                if self._pip(log, *attempt) == 0:
                    return
                failure = explain(log, "installing PyTorch")
                if failure.cause not in ("network", "no build"):
                    break
            raise failure

    def _require_disk(self, needed: int) -> None:
        free = shutil.disk_usage(self.venv).free
        if free < needed:
            raise SetupError(
                f"{free / 1e9:.1f} GB are free where {self.venv} lies and the installation "
                f"needs {needed / 1e9:.1f} GB. Free some space and start again."
            )


def require_venv_module() -> None:
    """Debian and Ubuntu split venv off; say which package brings it."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return
    name = f"python3.{sys.version_info[1]}-venv"
    sudo = "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "sudo "
    raise SetupError(
        f"This Python has no venv module. On Debian or Ubuntu: {sudo}apt install {name}. "
        "Elsewhere install Python from https://www.python.org/downloads/. Then start again."
    )


def remove_half_installed(packages: Path) -> None:
    """Take away what an interrupted pip left, so that it is installed again.

    pip writes INSTALLER after a package's files; a package without it is not complete.
    Folders that begin with `~` are ones that pip was about to replace.
    """
    for info in packages.glob("*.dist-info"):
        if not (info / "INSTALLER").is_file():
            shutil.rmtree(info, ignore_errors=True)
    for leftover in packages.glob("~*"):
        shutil.rmtree(leftover, ignore_errors=True)


def has_torch(packages: Path) -> bool:
    """Whether a PyTorch that is new enough is installed."""
    versions = (
        re.match(r"torch-(\d+)\.(\d+)", info.name) for info in packages.glob("torch-*.dist-info")
    )
    return any((int(found[1]), int(found[2])) >= (2, 6) for found in versions if found)
