"""Drawn pictures that are there already are taken, unless another number of them is wanted."""

from pathlib import Path

from timanh.data import prepare_data, prepare_sources
from timanh.workspace import Workspace


def test_pictures_that_notebook_01_drew_are_not_drawn_again(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    drawn = prepare_data("demo", workspace, count=4, progress=False)
    changed = [(drawn.images / name).stat().st_mtime_ns for name in drawn.names]
    found, said = prepare_sources("demo", workspace, progress=False)
    assert found.names == drawn.names and "drawn pictures" in said
    assert [(found.images / name).stat().st_mtime_ns for name in found.names] == changed
    assert len(prepare_sources("demo", workspace, count=3, progress=False)[0].names) == 3
