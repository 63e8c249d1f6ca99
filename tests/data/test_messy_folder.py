"""A person's folder with everything in it at once: it builds, and every skipped thing is named."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from command_line import Printed
from galleries import MessyFolder, make_messy_folder

from timanh.cli import run
from timanh.data import open_data, open_picture, split_note
from timanh.errors import DataError
from timanh.vectors import VectorDictionary


@pytest.fixture
def messy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MessyFolder:
    """Its locked folder is closed to root too, who may read it otherwise."""
    made = make_messy_folder(tmp_path)
    scandir = os.scandir

    def refuse(place: Any = ".") -> Any:
        if os.fspath(place) == str(made.locked):
            raise PermissionError(13, "Permission denied", os.fspath(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    return made


def test_a_messy_folder_builds_and_every_skipped_thing_is_named(
    messy: MessyFolder, tmp_path: Path, tiny_clip_folder: Path, capsys: Printed
) -> None:
    out = str(tmp_path / "out")
    command = ["index", "build", str(messy.gallery), "--model", str(tiny_clip_folder), "--out", out]
    assert run([*command, "--device", "cpu"]) == 0
    said = capsys.readouterr()
    assert f"{len(messy.taken)} pictures in" in said.out
    dictionary = VectorDictionary.open(tmp_path / "out")
    assert {item.path for item in dictionary.items} == messy.taken
    captioned = {item.path: item.captions for item in dictionary.items if item.captions}
    assert captioned.keys() == messy.captioned
    assert captioned["a.jpg"] == ("a circle on grey",)
    lines = said.err.splitlines()
    for name, words in messy.skipped.items():
        assert any(name in line and words in line for line in lines), name
    assert any("locked cannot be read (Permission denied)" in line for line in lines)
    (left_out,) = [line for line in lines if line.startswith("Left out: ")]
    assert all(rule in left_out for rule in messy.left_out)
    assert lines[lines.index(left_out) - 3 : lines.index(left_out)] == [
        f"4 of {len(messy.taken) + len(messy.skipped)} pictures have captions, 4 in all "
        "(captions.csv, captions_ktvic.json)",
        "6 rows could not be read and were left out; the first: captions.csv, line 6: a.jpg;nan",
        "3 captions name no picture that is there; the first: gone.jpg",
    ]
    # And as JSON for a program, in letters that any program can read.
    assert run([*command, "--device", "cpu", "--json"]) == 0
    document = json.loads(capsys.readouterr().out.encode())
    assert document["kept"] == len(messy.taken)
    assert len(document["skipped"]) == len(messy.skipped) + 1
    assert left_out in document["notes"]


def test_a_messy_folder_is_measured_with_a_word_on_its_captions(
    messy: MessyFolder, tiny_clip_folder: Path, capsys: Printed
) -> None:
    folder = open_data(messy.gallery)
    assert "b c.jpg" in folder.split("test") and "b c.jpg" not in folder.split("train")
    assert "test, 1 pictures (of " in split_note(folder)
    for name in ("share.tif", "deep.tif", "sensor.png"):
        assert open_picture(messy.gallery / name).getextrema()[0] == (0, 255), name
    command = ["evaluate", "--model", str(tiny_clip_folder), "--data", str(messy.gallery)]
    assert run([*command, "--split", "test", "--device", "cpu"]) == 0
    said = capsys.readouterr().err
    assert "6 rows could not be read" in said and "3 captions name no picture" in said
    assert "Flickr_8k.testImages.txt, 1 more names are not there" in said


@pytest.mark.parametrize("look", ["is_dir", "is_file"])
def test_a_folder_that_may_not_be_opened_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: str
) -> None:
    def refused(place: Path) -> bool:
        raise PermissionError(13, "Permission denied", os.fspath(place))

    monkeypatch.setattr(Path, look, refused)
    with pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
        open_data(tmp_path)
