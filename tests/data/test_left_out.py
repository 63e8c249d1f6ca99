"""What in a gallery is nobody's photo, hidden, excluded, or may not be read."""

import json
import os
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Printed
from pixel_encoder import PixelEncoder, make_pictures
from small_dictionary import build, contents

from timanh.cli import run
from timanh.data import (
    Selection,
    caption_notes,
    describe_left_out,
    find_pictures,
    open_data,
    open_picture,
)
from timanh.errors import DataError, DictionaryError, EmptyGalleryError, PictureError
from timanh.vectors import VectorDictionary, add_pictures

SYSTEM_FILES = {
    "@eaDir/0001.png/SYNOPHOTO_THUMB_XL.jpg": "@eaDir",
    "trip/@eaDir/b.jpg": "@eaDir",
    "#recycle/b.jpg": "#recycle",
    "$Recycle.Bin/S-1-5-21/b.jpg": "$RECYCLE.BIN",
    "System Volume Information/b.jpg": "System Volume Information",
    "lost+found/b.jpg": "lost+found",
    ".Trash-1000/files/b.jpg": ".Trash-*",
    ".thumbnails/b.jpg": ".thumbnails",
    "trip/._b.jpg": "._*",
    "__MACOSX/b.jpg": "__MACOSX",
    "@tmp/b.jpg": "@tmp",
    "RECYCLER/b.jpg": "RECYCLER",
    "~snapshot/b.jpg": "~snapshot",
    "Network Trash Folder/b.jpg": "Network Trash Folder",
    "Temporary Items/b.jpg": "Temporary Items",
    "Lightroom Previews.lrdata/b.jpg": "*.lrdata",
}
HIDDEN_FILES = (".b.jpg", ".private/b.jpg", "trip/.private/deep/b.jpg")


def put(folder: Path, *names: str) -> None:
    """The same picture under several names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "0000.png", folder / name)


@pytest.fixture
def photos(pictures: Path) -> Path:
    """Ten pictures beside what systems and people hide."""
    put(pictures, *SYSTEM_FILES, *HIDDEN_FILES, "trip/0010.png")
    (pictures / ".git" / "objects").mkdir(parents=True)
    return pictures


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Names of folders that may not be read, whoever asks: root may read what is closed."""
    names: set[str] = set()
    scandir = os.scandir

    def refuse(place: Any = ".") -> Any:
        if Path(place).name in names:
            raise PermissionError(13, "Permission denied", os.fspath(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    yield names


def test_what_systems_keep_beside_photos_is_nobodys(photos: Path) -> None:
    found = find_pictures(photos)
    assert found.names == (*(f"{number:04}.png" for number in range(10)), "trip/0010.png")
    for path, rule in SYSTEM_FILES.items():
        assert Selection().rule_for(path) == rule
    said = describe_left_out(found.left_out)
    assert said is not None and "\n" not in said
    assert "2 × @eaDir" in said and all(rule in said for rule in SYSTEM_FILES.values())
    assert "hidden (--include-hidden takes them): .b.jpg, .private, trip/.private" in said
    assert ".git" not in said, "a hidden folder without pictures is no loss"


def test_hidden_is_taken_on_request_and_nobodys_is_not(photos: Path) -> None:
    found = find_pictures(photos, Selection(include_hidden=True))
    assert {*HIDDEN_FILES} <= {*found.names}
    assert not {*SYSTEM_FILES} & {*found.names}
    assert len(found.names) == 11 + len(HIDDEN_FILES)


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        ("0001.png", {"0001.png"}),
        ("000[12].png", {"0001.png", "0002.png"}),
        ("trip", {"trip/0010.png", "trip/a/0011.png"}),
        ("trip/", {"trip/0010.png", "trip/a/0011.png"}),
        ("./trip/a", {"trip/a/0011.png"}),
        ("trip\\a", {"trip/a/0011.png"}),
        ("trip/*", {"trip/0010.png", "trip/a/0011.png"}),
        ("/0001.png", {"0001.png"}),
        ("a", {"trip/a/0011.png"}),
        ("b", set()),
        (unicodedata.normalize("NFD", "Đà Nẵng"), {"Đà Nẵng/0012.png"}),
    ],
)
def test_patterns_are_of_names_or_of_paths(pictures: Path, pattern: str, gone: set[str]) -> None:
    put(pictures, "trip/0010.png", "trip/a/0011.png", "Đà Nẵng/0012.png")
    everything = find_pictures(pictures).names
    left = find_pictures(pictures, Selection((pattern,)))
    assert {*everything} - {*left.names} == gone
    assert bool(left.left_out) == bool(gone)


def test_a_gallery_of_hidden_pictures_says_so(tmp_path: Path, pictures: Path) -> None:
    pictures.rename(tmp_path / ".photos")
    (tmp_path / ".photos").rename(tmp_path / "gallery")  # named itself, a folder is never hidden
    assert len(open_data(tmp_path / "gallery").names) == 10
    (tmp_path / "outer").mkdir()
    (tmp_path / "gallery").rename(tmp_path / "outer" / ".photos")
    with pytest.raises(EmptyGalleryError, match=r"Left out: hidden .*\.photos"):
        open_data(tmp_path / "outer")


# --- the dictionary


def paths(folder: Path) -> set[str]:
    return {item.path for item in VectorDictionary.open(folder).items}


def test_a_dictionary_does_not_change_its_mind(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = build(photos, out, exclude=["trip", "0001.png"], include_hidden=True)
    wanted = {*HIDDEN_FILES[:2], *(f"{number:04}.png" for number in (0, *range(2, 10)))}
    assert paths(out) == wanted
    (note,) = report.notes
    assert "excluded: 0001.png, trip" in note and "hidden" not in note
    assert build(photos, out).removed == 0
    assert build(photos, out, rebuild=True).count == len(wanted), "beyond a new beginning too"
    put(photos, "later/0020.png", "later/0001.png", "later/.x.png", "later/@eaDir/x.png")
    assert add_pictures(out, [photos / "later"], PixelEncoder(), progress=False).added == 2
    assert paths(out) == wanted | {"later/0020.png", "later/.x.png"}
    with pytest.raises(DictionaryError, match=r"0001\.png is left out by this dictionary"):
        add_pictures(out, [photos / "0001.png"], PixelEncoder(), progress=False)
    (_, typo) = build(photos, out, exclude=["Trip", "0001.png"]).notes
    assert typo == "Nothing here is excluded by Trip."
    assert build(photos, out, exclude=[""]).added == 2, "all of it again"
    report = add_pictures(
        out, [photos / "later"], PixelEncoder(), progress=False, include_hidden=False
    )
    assert build(photos, out).removed == 4
    assert not VectorDictionary.open(out).manifest.include_hidden


def test_pictures_of_before_leave_with_a_word(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(photos, out, include_hidden=True)
    report = build(photos, out, include_hidden=False)
    assert report.removed == len(HIDDEN_FILES)
    assert "3 of these were in the dictionary and have left it" in report.notes[0]
    assert "left it" not in build(photos, out).notes[0], "said once"


def test_a_folder_that_may_not_be_read_is_skipped_and_named(
    photos: Path, tmp_path: Path, closed: set[str]
) -> None:
    put(photos, "locked/a.png", "locked/deep/b.png")
    out = tmp_path / "out"
    assert build(photos, out).count == 13
    before = contents(out)
    closed.add("locked")
    report = build(photos, out)
    assert (report.count, report.removed) == (13, 0), "what cannot be seen is not gone"
    assert [(one.path, one.reason) for one in report.skipped] == [
        ("locked", f"{photos / 'locked'} cannot be read (Permission denied).")
    ]
    assert contents(out) == before
    closed.add(photos.name)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
        build(photos, out)


def test_links_to_nothing_and_pipes_are_named_and_not_waited_for(
    pictures: Path, tmp_path: Path
) -> None:
    target = tmp_path / "drive.png"
    shutil.copy(pictures / "0000.png", target)
    put(pictures, "trip/y.png")
    (pictures / "trip" / "x.png").symlink_to(target)
    out = tmp_path / "out"
    assert build(pictures, out).count == 12
    target.unlink()
    os.mkfifo(pictures / "pipe.png")
    (pictures / "notes").symlink_to(tmp_path / "nowhere")
    report = build(pictures, out)
    assert {one.path: one.reason for one in report.skipped} == {
        "notes": f"{pictures / 'notes'} is a link to {tmp_path / 'nowhere'}, which is not there.",
        "pipe.png": f"{pictures / 'pipe.png'} is a pipe and not a file.",
        "trip/x.png": f"{pictures / 'trip/x.png'} is a link to {target}, which is not there.",
    }
    assert (report.count, report.removed) == (12, 0), "the drive may be away"
    with pytest.raises(PictureError, match=r"pipe\.png is a pipe and not a file"):
        open_picture(pictures / "pipe.png")
    (pictures / "trip" / "x.png").unlink()
    assert build(pictures, out).removed == 1
    (tmp_path / "new").mkdir()
    os.mkfifo(tmp_path / "new" / "a.jpg")
    with pytest.raises(EmptyGalleryError, match=r"a\.jpg is a pipe"):
        open_data(tmp_path / "new")


def test_a_link_to_a_folder_on_a_drive_that_is_away_keeps_its_pictures(
    pictures: Path, tmp_path: Path
) -> None:
    make_pictures(tmp_path / "drive" / "trip", 3, seed=4)
    (pictures / "trip").symlink_to(tmp_path / "drive" / "trip")
    (pictures / "socket").symlink_to("/dev/null")
    out = tmp_path / "out"
    assert build(pictures, out).count == 13
    (tmp_path / "drive").rename(tmp_path / "away")
    report = build(pictures, out)
    assert [one.path for one in report.skipped] == ["trip"], "and the device is nobody's picture"
    assert (report.count, report.removed) == (13, 0)


def test_the_command_says_it_and_remembers_it(
    photos: Path, tmp_path: Path, tiny_clip_folder: Path, capsys: Printed
) -> None:
    out = str(tmp_path / "out")
    command = ["index", "build", str(photos), "--model", str(tiny_clip_folder), "--out", out]
    command += ["--device", "cpu"]
    assert run([*command, "--exclude", "trip", "--exclude", "*[5-9].png", "--include-hidden"]) == 0
    said = capsys.readouterr()
    assert "7 pictures in" in said.out
    (line,) = [line for line in said.err.splitlines() if line.startswith("Left out: ")]
    assert "system files: " in line and "excluded: 5 × *[5-9].png, trip" in line
    assert run([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["count"], document["removed"], document["notes"]) == (7, 0, [line])
    assert run(["index", "info", "--index", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["excluded"] == "trip, *[5-9].png"
    make_pictures(photos / "new", 7)
    assert run(["index", "add", "--index", out, str(photos / "new"), "--device", "cpu"]) == 0
    assert "5 added" in capsys.readouterr().out


def test_a_folder_called_images_does_not_hide_the_others(
    tmp_path_factory: pytest.TempPathFactory, pictures: Path
) -> None:
    """Of a person's pictures; where there are captions, it is a data folder's."""
    tmp_path = tmp_path_factory.mktemp("person")
    picture = pictures / "0000.png"
    for name in ("images/a.png", "2019/trip/b.png", ".hidden/c.png", "@eaDir/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, tmp_path / name)
    assert open_data(tmp_path).names == ("2019/trip/b.png", "images/a.png")
    (tmp_path / "captions.txt").write_text("image,caption\na.png,a dog\n")
    folder = open_data(tmp_path)
    assert (folder.names, folder.passed_over) == (("a.png",), ("2019",))
    (note,) = [line for line in caption_notes(folder) if "passed over" in line]
    assert "Only the pictures in images are taken" in note and "passed over: 2019." in note
    shutil.copy(picture, tmp_path / "b.png")
    assert open_data(tmp_path).passed_over == ("2019", "b.png")
    (tmp_path / "b.png").unlink()
    (tmp_path / "captions.txt").unlink()
    assert open_data(tmp_path).passed_over == ()
    shutil.rmtree(tmp_path / "2019")
    assert open_data(tmp_path).names == ("a.png",)
