"""What run.py shows while it works: tests as they run, durations, bars; when a browser opens."""

import sys
from pathlib import Path

import pytest

from runner import checks, serving
from runner.console import percent, seconds


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
    ("took", "said"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (125, "2 min 05 s")]
)
def test_durations_are_said_as_people_do(took: float, said: str) -> None:
    assert seconds(took) == said


def test_a_progress_bar_in_a_log_is_lines(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_bytes("Vectors:  7%|▋    | 8/120\rVectors:  42%|████▏     | 50/120".encode())
    assert percent(log) == "(42 %) "
    log.write_text("nothing of that kind")
    assert percent(log) == percent(None) == ""


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
