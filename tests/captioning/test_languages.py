"""Captions in two languages: which is which, and what is trained and measured in each."""

import json
from pathlib import Path

import pytest
from small_captioning import recipe, source, train

from timanh.captioning import CaptionRecipe, load_captioner
from timanh.captioning.examples import language_of, languages_in
from timanh.cli import run
from timanh.data import open_data
from timanh.errors import LanguageError, ResumeError

SMALL = ("min_count=1", "hidden=16", "embed=8", "mirror=false")


def add_vietnamese(gallery: Path, names: tuple[str, ...]) -> None:
    lines = ["image,caption", *(f"{name},một hình màu đỏ" for name in names)]
    (gallery / "captions.vi.txt").write_text("\n".join(lines) + "\n", encoding="utf8")


@pytest.mark.parametrize(
    ("text", "language"),
    [("A dog’s ball", "en"), ("in front of a café", "en"), ("hai con voi", "vi"),
     ("hai con mèo", "vi"), ("a man in a tan hat", "en")],
)  # fmt: skip
def test_a_language_is_known_by_its_words(text: str, language: str) -> None:
    assert language_of(text, ("en", "vi")) == language
    assert language_of(text, ("en",)) == "en"


def test_apostrophes_make_no_data_vietnamese() -> None:
    assert languages_in(["A dog’s ball", "the girl’s hat", "a red car"]) == ("en",)


def test_a_language_that_only_was_trained_is_not_measured(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The scores of the other one were lost, and every later run ended in the same error."""
    source(tmp_path / "tower")
    add_vietnamese(gallery, open_data(gallery).split("train"))
    out = tmp_path / "out"
    command = ["caption", "train", "--data", str(gallery), "--model", str(tmp_path / "tower")]
    command += ["--out", str(out), "--epochs", "1", "--batch-size", "4"]
    assert run([*command, *(part for one in SMALL for part in ("--set", one))]) == 0
    assert load_captioner(out, device="cpu").languages == ("en", "vi")
    said = capsys.readouterr()
    assert "has a caption in 'vi', so it is not measured" in said.err
    assert "BLEU-4" in said.out and (out / "report.md").is_file()


def test_a_report_shows_what_people_wrote_in_its_language(gallery: Path, tmp_path: Path) -> None:
    source(tmp_path / "tower")
    folder = open_data(gallery)
    add_vietnamese(gallery, folder.names)
    command = ["caption", "train", "--data", str(gallery), "--model", str(tmp_path / "tower")]
    command += ["--out", str(tmp_path / "out"), "--epochs", "1", "--batch-size", "4"]
    assert run([*command, *(part for one in SMALL for part in ("--set", one))]) == 0
    page = (tmp_path / "out" / "report.md").read_text(encoding="utf8")
    vietnamese = page.split("the best (vi)")[1]
    assert "a person: một hình màu đỏ" in vietnamese and "a person: a " not in vietnamese


def test_other_languages_are_refused_before_the_work(gallery: Path, tmp_path: Path) -> None:
    tower = source(tmp_path / "tower")
    with pytest.raises(LanguageError, match="Captions in 'fr' cannot be learned"):
        train(gallery, tower, tmp_path / "out", recipe(), languages=["fr"])
    assert not (tmp_path / "out").exists()
    add_vietnamese(gallery, open_data(gallery).names)
    train(gallery, tower, tmp_path / "out", recipe(epochs=1), languages=["en"])
    with pytest.raises(ResumeError):
        train(gallery, tower, tmp_path / "out", recipe(epochs=1), languages=["vi"])


def test_the_reports_words_warn_of_vietnamese(gallery: Path, tmp_path: Path) -> None:
    add_vietnamese(gallery, open_data(gallery).names)
    small = CaptionRecipe.named("report", embed=8, hidden=16, min_count=1, epochs=1)
    with pytest.warns(UserWarning, match="spoils Vietnamese words"):
        train(gallery, source(tmp_path / "tower"), tmp_path / "out", small)


def test_captioners_of_two_languages_are_not_compared(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tower = source(tmp_path / "tower")
    add_vietnamese(gallery, open_data(gallery).names)
    for language in ("en", "vi"):
        train(gallery, tower, tmp_path / language, recipe(epochs=1), languages=[language])
    both = [f"--captioner={tmp_path / language}" for language in ("en", "vi")]
    command = ["caption", "evaluate", "--data", str(gallery), "--split", "all"]
    assert run([*command, *both]) == 2
    assert "write en and vi where no language is named" in capsys.readouterr().err
    assert run([*command, both[0], "--captioner", str(tmp_path / "nowhere")]) != 0
    assert "caption:" not in capsys.readouterr().err, "nothing is written before all are loaded"
    assert run([*command, both[0], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["language"] == "en"
