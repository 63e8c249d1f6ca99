"""What run.py installs into its environment, and how it recovers."""

import subprocess
from pathlib import Path

import pytest
from shell_scripts import POSIX, make_script

from runner.console import Console
from runner.environment import APP, TEST, Environment, remove_half_installed
from runner.failures import SetupError
from runner.places import venv_python
from runner.processes import Family
from runner.stamps import Stamps, digest
from runner.torch_choice import CPU_INDEX, TESTED, TorchChoice, choose_torch


class Pip:
    """An environment whose interpreter is a shell script that answers as pip would."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
        self.root = root
        self.calls = root / "calls.txt"
        make_script(venv_python(root / ".venv"), f'echo "$@" >> {self.calls}\n{body}')
        choice = choose_torch("Linux", False, True)
        monkeypatch.setattr("runner.environment.torch_for_this_machine", lambda: choice)

    def prepare(self) -> None:
        with Family() as family:
            Environment(family, Console(), self.root, self.root / ".venv").prepare(APP)

    def installs(self) -> list[str]:
        """The arguments of each `pip install`, in order."""
        lines = self.calls.read_text().splitlines()
        return [line.partition(" pip install ")[2] for line in lines if " pip install " in line]


STARTS = 'case "$*" in *"import sys, pip"*) echo 3 12; exit 0;; esac\n'


@POSIX
def test_a_second_start_calls_no_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = Pip(tmp_path, monkeypatch, STARTS)
    pip.prepare()
    assert pip.installs()[0] == f"{TESTED} --index-url {CPU_INDEX}"
    assert pip.installs()[1].endswith("-e ./lib[generate]") and len(pip.installs()) == 2
    pip.calls.unlink()
    pip.prepare()
    assert not pip.calls.exists()
    (tmp_path / "requirements.txt").write_text("numpy\n")
    pip.prepare()
    assert pip.calls.exists()


@POSIX
def test_a_cpu_index_that_fails_is_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse = 'case "$*" in *--index-url*) echo "ConnectTimeoutError: timed out. (connect '
    refuse += 'timeout=15) NewConnectionError"; exit 1;; esac\n'
    pip = Pip(tmp_path, monkeypatch, STARTS + refuse)
    pip.prepare()
    assert [line.split(" -")[0] for line in pip.installs()[:3]] == [TESTED, "torch>=2.6", TESTED]


@POSIX
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("[Errno 13] Permission denied: '/x'", "folder of your own"),
    ],
)
def test_a_cause_that_no_other_index_mends_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, words: str
) -> None:
    fails = 'case "$*" in *torch*) echo "$SAID"; exit 1;; esac\n'
    monkeypatch.setenv("SAID", f"ERROR: Could not install packages: {said}")
    pip = Pip(tmp_path, monkeypatch, STARTS + fails)
    with pytest.raises(SetupError, match=words) as failure:
        pip.prepare()
    assert failure.value.code == 2 and len(pip.installs()) == 1


@POSIX
def test_a_disk_too_small_is_said_before_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = Pip(tmp_path, monkeypatch, STARTS)
    huge = TorchChoice("PyTorch", (("torch",),), 10**18)
    monkeypatch.setattr("runner.environment.torch_for_this_machine", lambda: huge)
    with pytest.raises(SetupError, match=r"GB are free .* needs 1000000000\.0 GB"):
        pip.prepare()
    assert pip.installs() == []


@POSIX
def test_an_environment_whose_python_does_not_start_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = Pip(tmp_path, monkeypatch, "exit 1")
    (tmp_path / ".venv" / "old").touch()
    with pytest.raises(SetupError):  # the new one is real, and lacks the requirements file
        monkeypatch.setattr("runner.environment.has_torch", lambda packages: True)
        pip.prepare()
    assert not (tmp_path / ".venv" / "old").exists()
    python = str(venv_python(tmp_path / ".venv"))
    assert subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0


def test_what_an_interrupted_pip_left_is_taken_away(tmp_path: Path) -> None:
    whole, half = tmp_path / "good-1.0.dist-info", tmp_path / "bad-1.0.dist-info"
    for info in (whole, half, tmp_path / "~umpy"):
        info.mkdir()
    (whole / "INSTALLER").write_text("pip\n")
    (half / "METADATA").write_text("Name: bad\n")
    remove_half_installed(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["good-1.0.dist-info"]


def test_the_test_layer_contains_the_app() -> None:
    assert set(APP.files) <= set(TEST.files)
    assert APP.arguments[:-1] == TEST.arguments[:-1]


# Stamps


def test_stamps_survive_a_half_written_file(tmp_path: Path) -> None:
    stamps = Stamps(tmp_path / "deep" / "stamps.json")
    assert not stamps.holds("app", "1")
    stamps.put("app", "1")
    stamps.put("page", "2")
    assert stamps.holds("app", "1") and not stamps.holds("app", "2") and stamps.knows("page")
    for damaged in ('{"app": ', "[]"):
        stamps.file.write_text(damaged)
        assert not stamps.holds("app", "1")
        stamps.put("app", "1")
        assert stamps.holds("app", "1")


def test_a_digest_changes_with_content_name_and_facts(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("x")
    second.write_text("x")
    kept = digest([first], 1)
    assert digest([first], 1) == kept
    others = {digest([second], 1), digest([first], 2), digest([first, second], 1)}
    first.write_text("y")
    others.add(digest([first], 1))
    assert kept not in others and len(others) == 4
