"""Where things live in Colab: on Drive, and where Drive is refused, on Colab's own disk."""

import logging
from pathlib import Path

import pytest

from timanh.workspace import Workspace, local_place, mount_drive


def test_the_workspace_lies_on_drive_and_what_is_worked_on_beside_it(colab: Path) -> None:
    assert mount_drive()
    workspace = Workspace.open()
    assert workspace.root == colab / "drive" / "MyDrive" / "timanh"
    assert not local_place(workspace.root).is_relative_to(colab / "drive")


def test_where_drive_is_refused_it_goes_on_on_colabs_disk_and_says_so(
    colab: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("STANDIN_DRIVE_REFUSED", "1")
    with caplog.at_level(logging.WARNING):
        assert not mount_drive()
    assert "mount failed" in caplog.text and "lost when the session ends" in caplog.text
    assert "hãy chạy lại ô này" in caplog.text
    workspace = Workspace.open()
    assert workspace.root == colab / "timanh" and workspace.root.is_dir()
    assert local_place(workspace.root) == workspace.root


def test_outside_colab_there_is_nothing_to_mount(tmp_path: Path) -> None:
    assert not mount_drive()
    workspace = Workspace.open(tmp_path)
    assert local_place(workspace.root) == workspace.root
