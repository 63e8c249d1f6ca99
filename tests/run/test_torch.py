"""Which PyTorch run.py installs on which machine."""

from pathlib import Path

import pytest
from shell_scripts import POSIX, make_script

from runner.environment import has_torch
from runner.torch_choice import CPU_INDEX, TESTED, can_reach, choose_torch, has_nvidia


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
