"""Several processes write one dictionary: nothing that was reported is lost, nothing is twice."""

import importlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pixel_encoder import PixelEncoder, make_pictures
from small_dictionary import (
    add_picture,
    build,
    build_in_segments,
    contents,
    draw_picture,
    paths_in,
)

from timanh.errors import DictionaryError, EncoderMismatchError
from timanh.vectors import (
    VectorDictionary,
    check_dictionary,
    compact_dictionary,
    remove_pictures,
)
from timanh.vectors.build import build as build_module
from timanh.vectors.build import edit, encoding
from timanh.vectors.store import generations, manifest, segments, writer
from timanh.vectors.store.items import Item, item_id
from timanh.vectors.store.manifest import Manifest


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return build_in_segments(tmp_path, monkeypatch)


def meanwhile(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Do `work` just before the next state gets its name, when all has been read and written."""
    publish = generations.publish
    begun = []

    def interrupted(folder: Path, generation: int, id: str, text: str) -> None:
        if not begun:
            begun.append(True)
            work()
        publish(folder, generation, id, text)

    monkeypatch.setattr(manifest, "publish", interrupted)


def work_on(out: Path, kind: str, letter: str) -> Callable[[], object]:
    """Adding, removing, building or compacting; each takes pictures of its own."""
    if kind == "build":
        draw_picture(out, f"{letter}-built.png")
    return {
        "add": lambda: add_picture(out, f"{letter}-added.png"),
        "add the same": lambda: add_picture(out, "same.png"),
        "remove": lambda: remove_pictures(out, ["0001.png" if letter == "a" else "x.png"]),
        "remove the same": lambda: edit.remove_pictures(out, ["0002.png"]),
        "build": lambda: build(out.parent / "pictures", out),
        "compact": lambda: compact_dictionary(out),
        "float16": lambda: compact_dictionary(out, "float16"),
    }[kind]


@pytest.mark.parametrize("second", ["add", "add the same", "remove", "build", "compact", "float16"])
@pytest.mark.parametrize(
    "first", ["add", "add the same", "remove", "remove the same", "build", "compact"]
)
def test_what_two_writers_do_at_once_is_all_there(
    out: Path, monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> None:
    encoder = PixelEncoder()
    mine, theirs = work_on(out, first, "a"), work_on(out, second, "b")
    before = paths_in(out)
    with monkeypatch.context() as patch:
        meanwhile(patch, theirs)
        mine()
    new = {
        "add": "{}-added.png", "add the same": "same.png", "build": "{}-built.png",
    }  # fmt: skip
    wanted = before | {
        new[kind].format(who) for kind, who in ((first, "a"), (second, "b")) if kind in new
    }
    if "build" in (first, second):
        wanted |= {path.name for path in (out.parent / "pictures").iterdir()} & paths_in(out)
    wanted -= {"0001.png"} if first == "remove" else set()
    wanted -= {"0002.png"} if first == "remove the same" else set()
    wanted -= {"x.png"} if second == "remove" else set()
    found = paths_in(out)
    assert found == wanted
    assert check_dictionary(VectorDictionary.open(out), encoder).ok
    left = {path.name for path in out.iterdir() if path.is_file()} - {"manifest.json"}
    assert left == Manifest.load(out).files(), "what nobody needs any more is gone"


def test_a_build_leaves_what_another_process_is_writing(out: Path) -> None:
    """As `index build` beside an API that has written a segment and not yet its manifest."""
    api = writer.DictionaryWriter(out, Manifest.load(out))
    other = segments.write_segment(out, VectorDictionary.open(out).vectors[:1], [new_item("z.png")])
    build(out.parent / "pictures", out)
    assert (out / other.vectors.name).exists() and (out / other.items.name).exists()
    api.append(VectorDictionary.open(out).vectors[:1], [new_item("z.png")])
    assert "z.png" in paths_in(out)
    # An hour later nobody is writing it any more.
    for name in (other.vectors.name, other.items.name):
        os.utime(out / name, (time.time() - 3700,) * 2)
    add_picture(out, "later.png")
    assert not (out / other.vectors.name).exists()


@pytest.mark.parametrize("kind", ["build", "compact"])
def test_a_process_that_slept_for_hours_removes_no_file_of_a_newer_state(
    out: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Neither command has anything to change, so it never learns of that state by saving."""
    known = writer.DictionaryWriter.drop_damaged

    def slept(self: writer.DictionaryWriter) -> dict[str, int]:
        damaged = known(self)
        monkeypatch.setattr(writer.DictionaryWriter, "drop_damaged", known)
        add_picture(out, "late.png")
        left = out / "000001-abcdef01.vectors.npy"
        left.write_bytes(b"of a process that was killed")
        for file in filter(Path.is_file, out.rglob("*")):
            os.utime(file, (time.time() - 7200,) * 2)
        return damaged

    compact_dictionary(out)
    before = paths_in(out)
    monkeypatch.setattr(writer.DictionaryWriter, "drop_damaged", slept)
    build(out.parent / "pictures", out) if kind == "build" else compact_dictionary(out)
    assert paths_in(out) == before | {"late.png"}
    assert not (out / "000001-abcdef01.vectors.npy").exists()


def new_item(path: str) -> Item:
    return Item(item_id(path), path, (), 3, 2, 1, 0.0, "")


def test_a_build_takes_no_picture_away_that_came_after_it_had_listed_them(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = build_module.open_data

    def open_data(*values: Any) -> Any:
        found = listed(*values)
        monkeypatch.setattr(build_module, "open_data", listed)
        add_picture(out, "late.png")
        return found

    monkeypatch.setattr(build_module, "open_data", open_data)
    assert build(out.parent / "pictures", out).removed == 0
    assert "late.png" in paths_in(out)


def test_two_writers_that_choose_the_same_number_choose_two_names(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "next_number", lambda folder: 77)
    with monkeypatch.context() as patch:
        meanwhile(patch, lambda: add_picture(out, "b.png"))
        add_picture(out, "a.png")
    assert {"a.png", "b.png"} <= paths_in(out)
    names = Manifest.load(out).files()
    assert len([name for name in names if name.startswith("000077-")]) == 4


def test_a_row_with_the_id_of_another_path_gets_another_id(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = writer.DictionaryWriter(out, Manifest.load(out))
    two = writer.DictionaryWriter(out, Manifest.load(out))
    vectors = VectorDictionary.open(out).vectors
    item = new_item("p.png")
    one.append(vectors[:1], [item])
    two.append(vectors[1:2], [Item(item.id, "q.png", (), 3, 2, 1, 0.0, "")])
    assert {"p.png", "q.png"} <= paths_in(out)


def test_a_dictionary_rebuilt_by_another_model_meanwhile_is_left_alone(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = PixelEncoder(dim=32, seed=1)
    gallery = out.parent / "pictures"
    with monkeypatch.context() as patch:
        meanwhile(patch, lambda: build(gallery, out, other, rebuild=True))
        with pytest.raises(DictionaryError, match="built again with pixels-1 by another process"):
            add_picture(out, "late.png")
    assert VectorDictionary.open(out, other).dim == 32
    with pytest.raises(EncoderMismatchError):
        add_picture(out, "late.png")


def test_two_first_builds_of_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = make_pictures(tmp_path / "pictures", 9)
    monkeypatch.setattr(encoding, "SEGMENT_ROWS", 4)
    with monkeypatch.context() as patch:
        meanwhile(patch, lambda: build(gallery, tmp_path / "out"))
        build(gallery, tmp_path / "out")
    assert len(paths_in(tmp_path / "out")) == 9
    build(gallery, tmp_path / "unbroken")
    assert contents(tmp_path / "out") == contents(tmp_path / "unbroken")


# Killed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked to be killed")
def test_four_writers_at_once_some_of_them_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    trial = importlib.import_module("kills_together")
    found = trial.together(tmp_path, 8, seed=3)
    assert not found.faults
    assert found.looks >= 8 and sum(found.kills.values()) == 8
