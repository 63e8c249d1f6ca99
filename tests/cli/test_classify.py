"""The command `timanh classify`."""

import csv
import json
from pathlib import Path

import pytest
from command_line import Printed, fails

from timanh.cli import run
from timanh.data.scenes import render, scene_of
from timanh.vectors import VectorDictionary, build_dictionary

LABELS = "car,tree,cat"


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn cars, trees and cats, in a folder for each, and their dictionary beside them."""
    from timanh.models import load_encoder

    folder = tmp_path_factory.mktemp("classify") / "photos"
    for number in range(300):
        scene = scene_of(number, seed=5)
        kind = scene.main.kind
        if len(scene.things) == 1 and kind in LABELS.split(","):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            render(scene).save(folder / kind / f"{number}.png")
    encoder = load_encoder("demo", device="cpu", runtime="torch")
    build_dictionary(folder, encoder, folder.parent / "index", source="demo", progress=False)
    return folder


def index_of(photos: Path) -> list[str]:
    return ["classify", "--index", str(photos.parent / "index")]


def test_labels_as_csv_with_their_probabilities(photos: Path, capsys: Printed) -> None:
    capsys.readouterr()
    assert run([*index_of(photos), "--labels", LABELS, "--truth", "folders"]) == 0
    out, err = capsys.readouterr()
    rows = list(csv.DictReader(out.splitlines()))
    assert list(rows[0]) == ["path", "label", "probability", *LABELS.split(","), "none of these"]
    right = [row["label"] == row["path"].split("/")[0] for row in rows]
    assert sum(right) >= 0.6 * len(right)
    assert f"{len(rows)} pictures with a label: " in err and "recall %" in err
    for row in rows:
        assert sum(float(row[each]) for each in list(row)[3:]) == pytest.approx(1, abs=1e-4)


def test_the_lesson_says_it_in_three_probabilities(photos: Path, capsys: Printed) -> None:
    picture = str(next((photos / "cat").iterdir()))
    lesson = "a photo of a cat,a photo of a dog,a photo of a person"
    capsys.readouterr()
    assert run(["classify", picture, "--model", "demo", "--labels", lesson, "--no-none"]) == 0
    row = next(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert sum(float(row[each]) for each in lesson.split(",")) == pytest.approx(1, abs=1e-4)


def test_a_report_for_programs_and_a_figure(photos: Path, tmp_path: Path, capsys: Printed) -> None:
    figure, out = tmp_path / "confusion.png", tmp_path / "answers.jsonl"
    capsys.readouterr()
    args = ["--truth", "folders", "--confusion", str(figure), "--out", str(out), "--json"]
    assert run([*index_of(photos), *args, "--choose-templates"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["labels"] == ["car", "cat", "tree"]
    assert document["measured"]["pictures"] == document["pictures"]
    assert document["templates"]["pictures"] > 5 and figure.stat().st_size > 5000
    rows = [json.loads(line) for line in out.read_text(encoding="utf8").splitlines()]
    assert set(rows[0]) == {"path", "label", "probability", "probabilities"}
    # Finished once, it is not written over.
    fails(
        capsys, *index_of(photos), "--labels", LABELS, "--out", str(out), words="is there already"
    )


def test_styles_and_several_labels_in_vietnamese(photos: Path, capsys: Printed) -> None:
    capsys.readouterr()
    args = [*index_of(photos), "--labels", "styles", "--language", "vi", "--multi", "--json"]
    assert run(args) == 0
    document = json.loads(capsys.readouterr().out)
    assert "ảnh đen trắng" in document["labels"]
    assert all(each["labels"] for each in document["answers"])


def test_examples_are_never_worse_than_none(photos: Path, capsys: Printed) -> None:
    capsys.readouterr()
    assert run([*index_of(photos), "--examples", str(photos), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["examples"]["errors"] <= document["examples"]["errors_without"]
    assert document["labels"] == ["car", "cat", "tree"]


def test_folders_of_links_with_a_trial_first_and_the_way_back(
    photos: Path, tmp_path: Path, capsys: Printed
) -> None:
    out = tmp_path / "sorted"
    args = [*index_of(photos), "--labels", LABELS, "--link", str(out), "--unsure", "0.4", "--json"]
    assert run([*args, "--dry-run"]) == 0
    assert "Nothing was done." in capsys.readouterr().err and not out.exists()
    assert run(args) == 0
    document = json.loads(capsys.readouterr().out)["sorted"]
    links = [path for path in out.rglob("*.png") if path.is_symlink()]
    assert document["done"] == len(links) == sum(document["folders"].values())
    assert run(["classify", "--undo", document["undo"]]) == 0
    assert f"{len(links)} pictures are back" in capsys.readouterr().out
    assert not list(out.rglob("*.png")) and list(photos.rglob("*.png"))


def test_mistakes(photos: Path, tmp_path: Path, capsys: Printed) -> None:
    index = index_of(photos)
    table = tmp_path / "truth.csv"
    table.write_text("path,label\nelsewhere.png,cat\n")
    for words, *args in (
        ("no labels were given",),
        ("There is no label", "--labels", ""),
        ("given twice", "--labels", "cat,cat"),
        ("no file", "--labels", "nothing.txt"),
        ("--confusion needs --truth", "--labels", "cat", "--confusion", "x.png"),
        ("cannot be combined", "--labels", "cat", "--link", "a", "--move", "b"),
        ("--dry-run is for", "--labels", "cat", "--dry-run"),
        ("No picture has a right label", "--labels", "cat", "--truth", str(table)),
        ("does not end in .csv or .jsonl", "--labels", "cat", "--out", str(tmp_path / "x.txt")),
        ("compared with “none of these”", "--labels", "cat", "--multi", "--no-none"),
    ):
        fails(capsys, *index, *args, words=words)
    fails(capsys, "classify", "--labels", "cat", words="No pictures were named")
    fails(capsys, *index, "--model", "nothing-here", "--labels", "cat", words="nothing-here")
    assert len(VectorDictionary.open(photos.parent / "index"))
