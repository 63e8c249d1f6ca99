"""What run.py says when something fails: the cause, read from logs, in one line."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from runner import main
from runner.failures import explain


def test_pip_without_a_network_is_recognised(tmp_path: Path) -> None:
    log = tmp_path / "pip.log"
    arguments = ["--index-url", "http://127.0.0.1:1/simple", "--retries", "1", "-d", str(tmp_path)]
    command = [sys.executable, "-m", "pip", "download", "--isolated", *arguments, "no-such-thing"]
    with log.open("wb") as output:
        assert subprocess.run(command, stdout=output, stderr=output, timeout=60).returncode != 0
    failure = explain(log, "installing PyTorch")
    assert failure.cause == "network" and failure.code == 2 and failure.log is None
    assert str(log) in str(failure) and "\n" not in str(failure)


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
    failure = explain(log, "fetching")
    assert failure.cause == cause
    assert (failure.code, failure.log) == ((2, None) if cause else (1, log))


def test_a_full_disk_is_seen_where_the_log_itself_did_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.failures.free_bytes", lambda folder: 4096)
    (tmp_path / "venv.log").touch()
    assert explain(tmp_path / "venv.log", "making it").cause == "disk"


def test_a_full_disk_anywhere_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", "x.json")

    monkeypatch.setattr(main, "_run", full)
    monkeypatch.setattr(main, "end_on_signals", lambda: None)
    assert main.main([]) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1 and "x.json" in printed and "free some space" in printed
