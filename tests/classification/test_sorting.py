"""Pictures into folders of their labels: nothing is lost, nothing is written over."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from timanh.classification import Answer, carry_out, moving, plan_folders, take_back
from timanh.errors import DataError, DiskFullError, SettingsError


def answer(path: str, label: str, probability: float = 0.9) -> Answer:
    return Answer(path, (label,), ((label, probability),))


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    folder = tmp_path / "gallery"
    for name in ("a.jpg", "b.jpg", "trip/a.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


ANSWERS = [answer("a.jpg", "cat"), answer("b.jpg", "dog", 0.4), answer("trip/a.jpg", "cat")]


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.jpg")}


@pytest.mark.parametrize("way", ["link", "move"])
def test_there_and_back(gallery: Path, tmp_path: Path, way: moving.Way) -> None:
    out, before = tmp_path / "out", files(gallery)
    plan = plan_folders(ANSWERS, gallery, out, way, unsure=0.5)
    assert plan.counts() == {"cat": 2, "unsure": 1}
    assert not out.exists()  # a plan does nothing
    done = carry_out(plan, progress=False)
    assert files(out) == {
        "cat/a.jpg": "a.jpg", "cat/a (2).jpg": "trip/a.jpg", "unsure/b.jpg": "b.jpg",
    }  # fmt: skip
    assert files(gallery) == (before if way == "link" else {})
    assert done.done == 3 and done.undo is not None
    assert take_back(done.undo, progress=False) == 3
    assert files(gallery) == before and files(out) == {}
    assert take_back(done.undo, progress=False) == 0  # a second time does nothing


def test_linking_again_does_nothing(gallery: Path, tmp_path: Path) -> None:
    carry_out(plan_folders(ANSWERS, gallery, tmp_path / "out", "link"), progress=False)
    again = plan_folders(ANSWERS, gallery, tmp_path / "out", "link")
    assert (again.steps, again.there) == ((), 3)
    assert carry_out(again).undo is None


@pytest.mark.parametrize("through", ["out", "linked"])
def test_a_picture_that_is_in_its_folder_stays_there(
    gallery: Path, tmp_path: Path, through: str
) -> None:
    """It was taken for the second name of a move that was killed, and deleted."""
    out = tmp_path / "out"
    carry_out(plan_folders(ANSWERS, gallery, out, "move", unsure=0.5), progress=False)
    (tmp_path / "linked").symlink_to(out)
    there = files(out)
    for place, label in ((out, "cat"), (out / "cat", "cat"), (out / "unsure", "dog")):
        names = sorted(path.relative_to(place).as_posix() for path in place.rglob("*.jpg"))
        chosen = [answer(name, label, 0.4 if label == "dog" else 0.9) for name in names
                  if place != out or name.startswith("cat/")]  # fmt: skip
        plan = plan_folders(chosen, place, tmp_path / through, "move", unsure=0.5)
        assert (plan.steps, plan.there) == ((), len(chosen))
        carry_out(plan, progress=False)
        assert files(out) == there


def test_one_name_through_a_linked_folder_is_no_second_one(gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(gallery)
    moving._move(gallery / "a.jpg", tmp_path / "linked" / "a.jpg")
    assert (gallery / "a.jpg").read_text() == "a.jpg"
    undo = tmp_path / "x.undo.jsonl"
    step = {"from": str(gallery / "a.jpg"), "to": str(tmp_path / "linked" / "a.jpg")}
    undo.write_text(json.dumps(step | {"how": "move"}))
    assert take_back(undo, progress=False) == 0
    assert (gallery / "a.jpg").read_text() == "a.jpg"


def test_a_file_in_the_place_of_a_labels_folder_is_said(gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cat").write_text("a file")
    with pytest.raises(SettingsError, match="cat is a file"):
        plan_folders(ANSWERS, gallery, tmp_path / "out", "move")


def test_pictures_that_are_gone_leave_no_undo_file(gallery: Path, tmp_path: Path) -> None:
    plan = plan_folders(ANSWERS, gallery, tmp_path / "out", "move")
    shutil.rmtree(gallery)
    done = carry_out(plan, progress=False)
    assert (done.done, done.gone, done.undo) == (0, 3, None)
    assert not list((tmp_path / "out").glob("*.undo.jsonl"))


@pytest.mark.parametrize("way", ["link", "move"])
def test_a_file_that_is_there_stays(gallery: Path, tmp_path: Path, way: moving.Way) -> None:
    out = tmp_path / "out"
    (out / "cat").mkdir(parents=True)
    (out / "cat" / "A.JPG").write_text("another")
    plan = plan_folders(ANSWERS, gallery, out, way)
    # Written by another program after the plan was made.
    (out / "dog").mkdir()
    (out / "dog" / "b.jpg").write_text("newer")
    with pytest.raises(DataError, match="run the same again"):
        carry_out(plan, progress=False)
    carry_out(plan_folders([*ANSWERS][1:], gallery, out, way), progress=False)
    found = files(out) | {"cat/A.JPG": (out / "cat" / "A.JPG").read_text()}
    assert found["cat/A.JPG"] == "another" and found["dog/b.jpg"] == "newer"
    assert sorted(found.values()) == ["a.jpg", "another", "b.jpg", "newer", "trip/a.jpg"]


def test_several_labels_are_linked_into_each_folder(gallery: Path, tmp_path: Path) -> None:
    both = Answer("a.jpg", ("cat", "red"), (("cat", 0.9), ("red", 0.8)))
    linked = plan_folders([both], gallery, tmp_path, "link")
    assert linked.counts() == {"cat": 1, "red": 1}
    assert plan_folders([both], gallery, tmp_path, "move").counts() == {"cat": 1}


@pytest.mark.parametrize(
    ("label", "folder"),
    [
        ("a/b", "a_b"), ("..", "label"), ("con", "con_"), ("nhà phố", "nhà phố"),
        ("word " * 500, None), ("?", "_"), ("ữ" * 300, "ữ" * 33), ("bacon. ", "bacon"),
    ],
)  # fmt: skip
def test_folders_that_every_system_takes(label: str, folder: str | None) -> None:
    made = moving.folder_name(label)
    assert folder is None or made == folder
    assert len(made.encode()) <= 100 and made == made.strip(" .")


def test_labels_that_differ_by_capitals_have_folders_of_their_own(
    gallery: Path, tmp_path: Path
) -> None:
    plan = plan_folders([answer("a.jpg", "Cat"), answer("b.jpg", "cat")], gallery, tmp_path, "link")
    assert len(plan.counts()) == 2
    plan = plan_folders(
        [answer("a.jpg", "Dr. No"), answer("b.jpg", "dr. no")], gallery, tmp_path, "link"
    )
    assert list(plan.counts()) == ["Dr. No", "dr. no (2)"]


@pytest.mark.parametrize("way", ["link", "move"])
def test_a_full_disk(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: moving.Way
) -> None:
    before, out = files(gallery), tmp_path / "out"

    def full(*names: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    plan = plan_folders(ANSWERS, gallery, out, way)
    carry_out(moving.Plan(way, out, plan.steps[:1]), progress=False)
    with monkeypatch.context() as patched:
        for name in ("link", "symlink"):
            patched.setattr(os, name, full)
        patched.setattr(shutil, "copyfileobj", full)
        with pytest.raises(DiskFullError, match="is full. 0 pictures are done"):
            carry_out(moving.Plan(way, out, plan.steps[1:]), progress=False)
    assert (
        sorted([*files(gallery).values(), *files(out).values()])
        == sorted(before.values()) + ([] if way == "move" else ["a.jpg"])
        or way == "link"
    )
    assert not list(out.rglob("*.timanh-copying"))
    carry_out(moving.Plan(way, out, plan.steps[1:]), progress=False)
    assert sorted(files(out).values()) == sorted(before.values())


def test_killed_between_the_halves_of_a_move(
    gallery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, out = files(gallery), tmp_path / "out"
    with monkeypatch.context() as patched:

        def killed(path: Path, missing_ok: bool = False) -> None:
            raise KeyboardInterrupt

        patched.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            carry_out(plan_folders(ANSWERS, gallery, out, "move"), progress=False)
    assert (gallery / "a.jpg").samefile(out / "cat" / "a.jpg")
    undo = next(out.glob("*.undo.jsonl"))
    assert take_back(undo, progress=False) == 1
    assert files(gallery) == before and files(out) == {}
    # And forward instead of back: one name is left, and no second copy.
    (out / "cat").mkdir()
    os.link(gallery / "a.jpg", out / "cat" / "a.jpg")
    carry_out(plan_folders(ANSWERS, gallery, out, "move"), progress=False)
    assert sorted(files(out)) == ["cat/a (2).jpg", "cat/a.jpg", "dog/b.jpg"]
    assert files(gallery) == {}


def test_a_link_is_moved_as_a_link_and_never_taken_for_the_picture(
    gallery: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    carry_out(plan_folders(ANSWERS[:1], gallery, out, "link"), progress=False)
    carry_out(plan_folders(ANSWERS[:1], gallery, out, "move"), progress=False)
    real = [path for path in out.rglob("*.jpg") if not path.is_symlink()]
    assert [path.read_text() for path in real] == ["a.jpg"]


def test_what_is_no_undo_file_and_no_folder(gallery: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not an undo file"):
        take_back(gallery / "a.jpg")
    with pytest.raises(DataError, match="cannot be read"):
        take_back(tmp_path / "nothing")
    with pytest.raises(SettingsError, match="is a file"):
        plan_folders(ANSWERS, gallery, gallery / "a.jpg", "link")
