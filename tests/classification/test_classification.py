"""Labels as people give them, answers in files, and how good they are."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pixel_encoder import PixelEncoder, Recorder, make_pictures

from timanh.classification import (
    Classifier,
    ResultFile,
    classify_pictures,
    for_encoder,
    make_labels,
    open_pictures,
    read_labels,
    read_templates,
    read_truth,
    to_csv,
    with_examples,
)
from timanh.classification.truth import matched, truth_of_folders
from timanh.errors import (
    DataError,
    DiskFullError,
    EmptyGalleryError,
    QueryError,
    SettingsError,
)
from timanh.evaluation import auroc, classification_report, format_classification, plot_confusion
from timanh.evaluation.classification_report import calibration_error, wilson
from timanh.models.zero_shot import NONE
from timanh.search import Translator
from timanh.vectors import VectorDictionary

# Labels


def test_labels_in_a_line_in_a_file_and_of_a_set(tmp_path: Path) -> None:
    assert read_labels("cat, red car,dog").names == ("cat", "red car", "dog")
    file = tmp_path / "labels.txt"
    file.write_text("\ufeff# mine\ncat\n\nbeach = a photo of a sandy beach\n", encoding="utf8")
    found = read_labels(str(file))
    assert found.names == ("cat", "beach") and found.words[1] == "a photo of a sandy beach"
    assert (found.language, found.templates) == ("en", None)
    assert read_labels("con mèo,con chó").language == "vi"
    styles = read_labels("styles", "vi")
    assert "tranh sơn dầu" in styles.names and styles.templates is not None
    assert read_labels("styles").names[0] == "photo"


def test_phrases_are_compared_as_they_stand() -> None:
    assert read_labels("a photo of a cat,a photo of a dog").templates == ("{}",)
    assert read_labels("một con mèo,một con chó").templates == ("{}",)
    assert read_labels("a photo of a cat,dog").templates is None


@pytest.mark.parametrize(
    ("given", "message"),
    [("labels.txt", "no file labels.txt"), ("./x", "no file"), ("EMPTY", "no label"),
     ("BINARY", "UTF-8")],
)  # fmt: skip
def test_files_of_labels_that_are_none(tmp_path: Path, given: str, message: str) -> None:
    (tmp_path / "EMPTY").write_text("\n# nothing\n")
    (tmp_path / "BINARY").write_bytes(b"\xff\xfe\x00")
    place = str(tmp_path / given) if given.isupper() else given
    with pytest.raises(SettingsError, match=message):
        read_labels(place)


def test_templates_from_a_file_and_of_a_set(tmp_path: Path) -> None:
    file = tmp_path / "templates.txt"
    file.write_text("a photo of {}\na drawing of {}\na photo of {}\n")
    assert read_templates(str(file), "en") == ("a photo of {}", "a drawing of {}")
    assert len(read_templates("clip-80", "en")) == 80
    with pytest.raises(SettingsError, match="Sets are usual, plain, clip"):
        read_templates("nothing", "en")


@pytest.mark.parametrize(
    ("given", "message"),
    [("", "no label"), ("cat,cat", "twice"), ("cat,,dog", "blank"), (["x"] * 2, "twice")],
)
def test_labels_that_make_no_sense(given: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        make_labels(PixelEncoder(), read_labels(given))


def test_a_label_of_500_words_is_read_as_far_as_the_model_reads() -> None:
    from timanh.models import load_encoder

    encoder = load_encoder("demo", device="cpu", runtime="torch")
    with pytest.warns(UserWarning, match=r"has 500 words; the model reads \d+ tokens"):
        made = make_labels(encoder, read_labels(["car " * 500, "cat"]), progress=False)
    assert np.isfinite(made.vectors).all()


def test_vietnamese_labels_for_an_encoder_without_vietnamese() -> None:
    with pytest.warns(UserWarning, match="not trained on Vietnamese"):
        assert for_encoder(read_labels("con mèo,con chó"), PixelEncoder()).language == "vi"


def test_translated_labels_stand_in_templates_of_their_new_language() -> None:
    """Chosen for the Vietnamese, they gave “một bức ảnh chụp cat”."""
    translator = Translator(lambda text: {"con mèo": "cat", "con chó": "dog"}[text])
    given = for_encoder(read_labels("con mèo,con chó"), PixelEncoder(), translator)
    assert (given.words, given.language) == (("cat", "dog"), "en")
    assert given.names == ("con mèo", "con chó")
    styles = for_encoder(read_labels("styles", "vi"), PixelEncoder(), translator)
    english = read_labels("styles", "en")
    assert (styles.words, styles.templates) == (english.words, english.templates)
    assert styles.names == read_labels("styles", "vi").names


def test_labels_that_were_typed_without_marks_keep_their_names() -> None:
    encoder = Recorder("en", "vi")
    given = for_encoder(read_labels("con meo,xe dap"), encoder)
    made = make_labels(encoder, given, templates=["{}"], none=False)
    assert encoder.texts == ["con mèo", "xe đạp"] and made.names == ("con meo", "xe dap")
    assert read_labels("con mefo,xe ddapj").language == "vi"
    given = for_encoder(read_labels("styles", "vi"), encoder)
    sets = make_labels(encoder, given, templates=["{}"], none=False)
    assert tuple(encoder.texts[2:]) == read_labels("styles", "vi").words != sets.names


# Answers


def classifier(encoder: PixelEncoder, *names: str, multi: bool = False) -> Classifier:
    return Classifier(make_labels(encoder, read_labels(list(names or "ab"))), multi=multi)


def test_a_dictionary_gives_the_answers_of_its_pictures(built_gallery: Path) -> None:
    encoder = PixelEncoder()
    dictionary = VectorDictionary.open(built_gallery / "out", encoder)
    stored = classify_pictures(
        open_pictures(None, dictionary), encoder, classifier(encoder), progress=False
    )
    assert encoder.encoded == 0
    now = classify_pictures(
        open_pictures(dictionary.gallery), encoder, classifier(encoder), progress=False
    )
    assert stored.answers == now.answers and len(now.answers) == len(dictionary)
    with pytest.raises(DataError, match="not in the gallery"):
        open_pictures(Path("/"), dictionary)


def test_places_without_pictures(built_gallery: Path, tmp_path: Path) -> None:
    with pytest.raises(EmptyGalleryError, match="Name a folder that has some"):
        open_pictures(tmp_path)
    with pytest.raises(EmptyGalleryError, match="is a vector dictionary"):
        open_pictures(built_gallery / "out")


def test_pictures_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    make_pictures(tmp_path / "gallery", 3)
    (tmp_path / "gallery" / "broken.png").write_bytes(b"no picture")
    encoder = PixelEncoder()
    found = classify_pictures(
        open_pictures(tmp_path / "gallery"), encoder, classifier(encoder), progress=False
    )
    assert len(found.answers) == 3 and list(found.skipped) == ["broken.png"]


def test_a_run_that_was_killed_goes_on(tmp_path: Path) -> None:
    make_pictures(tmp_path / "gallery", 40)
    out = tmp_path / "answers.jsonl"
    code = """
import sys; from pathlib import Path; from pixel_encoder import PixelEncoder
from timanh.classification import *
encoder = PixelEncoder(delay_s=float(sys.argv[3]))
chosen = Classifier(make_labels(encoder, read_labels("a,b")))
pictures = open_pictures(Path(sys.argv[1]))
results = ResultFile(Path(sys.argv[2]), chosen.digest(encoder, pictures.gallery))
found = classify_pictures(pictures, encoder, chosen, results=results, batch_size=4, progress=False)
results.finish(chosen.labels.answers); print(encoder.encoded, len(found.answers))
"""
    command = [sys.executable, "-c", code, str(tmp_path / "gallery"), str(out)]
    partial = tmp_path / "answers.jsonl.partial"
    support = str(Path(__file__).parent.parent / "support")
    environment = {"PYTHONPATH": ":".join([support, *sys.path])}
    first = subprocess.Popen([*command, "0.3"], env=environment)
    end = time.monotonic() + 60
    while time.monotonic() < end and (
        not partial.exists() or len(partial.read_bytes().splitlines()) < 9
    ):
        time.sleep(0.02)
    first.kill()
    first.wait()
    assert not out.exists()
    kept = len(partial.read_bytes().splitlines()) - 1
    with partial.open("ab") as stream:
        stream.write(b'{"path": "torn')
    second = subprocess.run(
        [*command, "0"], env=environment, capture_output=True, text=True, check=True
    )
    assert second.stdout.split() == [str(40 - kept), "40"]
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 40 and len({row["path"] for row in rows}) == 40
    assert not partial.exists()


def test_results_of_other_settings_and_finished_ones_are_not_written_over(tmp_path: Path) -> None:
    out = tmp_path / "answers.csv"
    ResultFile(out, "one")
    with pytest.raises(SettingsError, match="other labels"):
        ResultFile(out, "two")
    ResultFile(out, "two", fresh=True).finish(["a"])
    with pytest.raises(SettingsError, match="is there already"):
        ResultFile(out, "two")
    for wrong, message in (("x.txt", "does not end in .csv"), ("no/x.csv", "There is no folder")):
        with pytest.raises(SettingsError, match=message):
            ResultFile(tmp_path / wrong, "one")


def test_a_full_disk_keeps_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = ResultFile(tmp_path / "answers.csv", "one")

    def full(*names: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DiskFullError, match="answers are kept in .*partial; free some space"):
        results.add([], {"x.jpg": "why"})


def test_many_labels_have_the_likeliest_alone() -> None:
    names = [f"label {number}" for number in range(5000)]
    encoder = PixelEncoder()
    made = make_labels(encoder, read_labels(names), templates=["{}"], progress=False)
    chosen = Classifier(made, top=3)
    from timanh.classification.gallery import VectorBatch

    answers = chosen.answers(VectorBatch(("x.jpg",), made.vectors[1234:1235], {}))
    assert len(answers[0].ranked) == 3
    head, row = to_csv(answers, made.answers).splitlines()
    assert head == "path,label,probability,label_2,probability_2,label_3,probability_3"
    assert row.startswith("x.jpg,")


def test_several_labels_or_none_of_them() -> None:
    from timanh.classification import answer_for

    both = answer_for("x", np.array([0.9, 0.2, 0.7], np.float32), "abc", multi=True)
    assert both.labels == ("a", "c") and both.probability == pytest.approx(0.9)
    none = answer_for("x", np.array([0.1, 0.2, 0.3], np.float32), "abc", multi=True)
    assert none.labels == (NONE,) and none.probability == pytest.approx(0.7)
    assert "a | c" in to_csv([both], "abc", multi=True)


# Examples


def test_examples_in_folders(tmp_path: Path) -> None:
    encoder = PixelEncoder()
    labels = make_labels(encoder, read_labels(["red car", "b"]))
    for number, name in enumerate(("Red_Car", "b")):
        make_pictures(tmp_path / "examples" / name, 4, seed=number)
    with_labels, report = with_examples(labels, encoder, tmp_path / "examples")
    assert (report.examples, report.labels) == (8, 2)
    assert report.errors <= report.errors_without
    assert (with_labels.examples is None) == (report.way == "words alone")
    make_pictures(tmp_path / "examples" / "other", 1)
    with pytest.raises(DataError, match="has other, and the labels are red car, b"):
        with_examples(labels, encoder, tmp_path / "examples")


# Truth


def test_right_labels_of_folders_and_of_a_table(tmp_path: Path) -> None:
    found = truth_of_folders(["Red_car/1.jpg", "x/cat/2.jpg", "3.jpg"])
    assert found == {"Red_car/1.jpg": "Red car", "x/cat/2.jpg": "cat"}
    assert matched(found, ["red car"]) == {"Red_car/1.jpg": "red car", "x/cat/2.jpg": "cat"}
    file = tmp_path / "truth.csv"
    file.write_text("path,label\na\\b.jpg,cat\nc.jpg,\n", encoding="utf8")
    assert read_truth(file) == {"a/b.jpg": "cat", "c.jpg": ""}
    file.write_text("name,class\n")
    with pytest.raises(DataError, match="“path” and “label” are wanted"):
        read_truth(file)


def test_the_report(tmp_path: Path) -> None:
    truth = ["cat"] * 8 + ["dog"] * 2
    guesses = ["cat"] * 6 + ["dog", NONE] + ["dog"] * 2
    report = classification_report(truth, guesses, [0.8] * 10, none=NONE)
    assert report["accuracy"] == 80.0 and report["ECE"] == pytest.approx(0, abs=1e-9)
    assert report["labels"]["cat"]["recall"] == 75.0
    assert report["labels"]["dog"]["precision"] == pytest.approx(66.67)
    assert report["confusion"] == {
        "labels": ["cat", "dog", NONE], "counts": [[6, 1, 1], [0, 2, 0], [0, 0, 0]],
    }  # fmt: skip
    assert "80.0 % right [49.0, 94.3]" in format_classification(report)
    plot_confusion(report, tmp_path / "confusion.png")
    assert (tmp_path / "confusion.png").stat().st_size > 5000


def test_the_measures() -> None:
    # R: binom::binom.wilson(8, 10)
    assert wilson(8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert wilson(0, 0) == (0.0, 1.0)
    said = np.array([0.9, 0.9, 0.3, 0.3])
    assert calibration_error(said, np.array([True, True, False, False])) == pytest.approx(0.2)
    assert auroc(np.array([2.0, 3.0]), np.array([1.0, 2.0])) == 0.875
