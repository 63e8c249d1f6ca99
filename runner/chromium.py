"""A browser for the browser test: found, or fetched."""

import os
import shutil
from pathlib import Path

from runner.console import Console
from runner.environment import Environment
from runner.processes import Child, Family

VARIABLE = "TIMANH_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
WINDOWS = (r"Google\Chrome\Application\chrome.exe", r"Microsoft\Edge\Application\msedge.exe")


def prepare_chromium(family: Family, console: Console, environment: Environment) -> Path | None:
    """A Chromium on this machine, else from Debian's packages, else Playwright's own.

    Returns:
        Its path, or None where Playwright finds its own, or where there is none: the browser
        test then says so itself.
    """
    found = find_chromium()
    if found is not None:
        return found
    with console.step("Chromium"):
        if can_apt_get(Path("/etc/os-release")):
            for command in (("apt-get", "update"), ("apt-get", "install", "-y", "chromium")):
                _run(family, console, environment, command)
            found = find_chromium()
            if found is not None:
                return found
        arguments = ("install", "chromium")
        _run(family, console, environment, (environment.python, "-m", "playwright", *arguments))
    return None


def find_chromium(path: str | None = None) -> Path | None:
    """What `TIMANH_CHROMIUM` names, else the first Chromium on the path or in a usual place."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    for name in NAMES:
        command = shutil.which(name, path=path)
        if command:
            return Path(command)
    folders = (os.environ.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)"))
    usual = [
        *map(Path, MAC),
        *(Path(folder) / end for folder in folders if folder for end in WINDOWS),
    ]
    return next((place for place in usual if place.is_file()), None)


def can_apt_get(os_release: Path) -> bool:
    """Root on Debian. On Ubuntu the package is an empty shell around a snap."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not root or not os_release.is_file() or shutil.which("apt-get") is None:
        return False
    return "ID=debian" in os_release.read_text(encoding="utf-8").splitlines()


def _run(
    family: Family, console: Console, environment: Environment, command: tuple[str | Path, ...]
) -> None:
    log = environment.logs / "chromium.log"
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    child: Child = family.start("chromium", command, log=log, env=env)
    child.wait(console.tick)
