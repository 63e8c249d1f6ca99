"""Full disks, kills, two writers at once: the dictionary on the disk stays whole."""

import errno
import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pixel_encoder import make_pictures
from small_dictionary import build, contents

from timanh.errors import (
    DictionaryError,
)
from timanh.vectors import VectorDictionary, remove_pictures
from timanh.vectors.build import encoding
from timanh.vectors.store import manifest, segments, writer


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_takes_no_more_leaves_the_old_state(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    build(pictures, tmp_path / "out")
    before = contents(tmp_path / "out")
    make_pictures(pictures, 14, seed=0)

    def full(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", full)
        with pytest.raises(DictionaryError, match=os.strerror(code)) as caught:
            build(pictures, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert "10 pictures done so far are kept" in str(caught.value)
    assert contents(tmp_path / "out") == before
    assert build(pictures, tmp_path / "out").added == 4


def test_a_file_system_that_refuses_large_files(pictures: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    build(pictures, tmp_path / "out")
    before = contents(tmp_path / "out")
    make_pictures(pictures, 60)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))
    try:
        with pytest.raises(DictionaryError, match="cannot be written"):
            build(pictures, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert contents(tmp_path / "out") == before
    assert not list((tmp_path / "out").glob(".*.part"))


def test_two_writers_at_once_are_found_out(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(pictures, out)
    mine = manifest.Manifest.load(out)
    remove_pictures(out, ["0000.png"])
    with pytest.raises(DictionaryError, match="another process"):
        mine.save(out)
    assert len(VectorDictionary.open(out)) == 9


# Killed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is forked to be killed")
def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_there_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "benchmarks"))
    kills = importlib.import_module("kills")
    monkeypatch.setattr(encoding, "SEGMENT_ROWS", 8)
    monkeypatch.setattr(writer, "SMALL_ROWS", 0)
    monkeypatch.setattr(segments, "YOUNG_S", segments.YOUNG_S)
    tally = kills.run(tmp_path, 16, seed=7)
    assert not tally.faults
    assert sum(tally.in_the_middle.values()) >= 6, "half of them come while it writes"


def test_the_trial_of_kills_finds_a_writer_that_forgets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest that is saved before it is complete must not pass."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "benchmarks"))
    kills = importlib.import_module("kills")
    before, after = {"a": b"1", "b": b"2"}, {"a": b"1"}
    assert kills.faults("compact", before, after, [])
    assert kills.faults("build", before, after, [])
    assert kills.faults("add", after, before, ["c"])
    assert kills.faults("remove", before, after, ["a", "b"])
    assert not kills.faults("remove", before, after, ["b"])


@pytest.mark.parametrize("rebuild", [False, True])
def test_states_that_may_not_be_listed_are_said(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rebuild: bool
) -> None:
    build(pictures, tmp_path / "out")
    before, listed = contents(tmp_path / "out"), Path.iterdir

    def refused(place: Path) -> Iterator[Path]:
        if place.name == "manifests":
            raise PermissionError(errno.EACCES, "Permission denied", str(place))
        return listed(place)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", refused)
        with pytest.raises(DictionaryError, match=r"cannot be read now \(Permission denied\)"):
            build(pictures, tmp_path / "out", rebuild=rebuild)
    assert contents(tmp_path / "out") == before
