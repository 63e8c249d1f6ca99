"""Every mistake on the command line ends in one line and leaves nothing behind."""

from pathlib import Path

import pytest
from command_line import Printed, build_of, fails
from PIL import Image

from timanh.cli import program, run
from timanh.errors import DictionaryDamagedError
from timanh.models import load_encoder
from timanh.vectors import VectorDictionary


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["serch"], "'serch'"),
        (["search"], "--index"),
        (["search", "--index", "nowhere", "dog"], "nowhere holds no vector dictionary"),
        (["search", "--index", "nowhere", "dog", "--alpha", "much"], "--alpha"),
        (["search", "--index", "nowhere", "--image", "nothing.jpg"], "nothing.jpg"),
        (["search", "--index"], "--index"),
        (["search", "--nothing"], "--nothing"),
        (["index", "bild"], "'bild'"),
        (["index", "build", "nowhere", "--model", "./no/model", "--out", "x"], "./no/model"),
        (["index", "info", "--index", "nowhere"], "timanh index build"),
        (["index", "remove", "--index", "nowhere", "a.jpg"], "nowhere"),
        (["index", "export", "--index", "nowhere", "--out", "x.npy"], "nowhere"),
        (["demo", "--count", "0"], "--count"),
        (["evaluate", "--model", "demo", "--data", "nowhere"], "nowhere"),
        (["train", "--data", "nowhere", "--out", "x", "--model", "demo"], "nowhere"),
        (["train", "--data", "x", "--out", "x", "--recipe", "sweet"], "report, strong, demo"),
        (["train", "--data", "x", "--out", "x", "--set", "seed=1"], "Give --seed 1 in place of"),
        (["train", "--data", "x", "--out", "x", "--set", "name=a"], "with --recipe"),
        (
            ["train", "--data", "x", "--out", "x", "--batch-size", "4", "--set", "batch_size=8"],
            "Give --batch-size 8 in place of",
        ),
        (["classify", ".", "--labels", "a", "--undo", "x", "--dry-run"], "--dry-run is for"),
        (
            ["classify", ".", "--truth", "folders", "--choose-templates", "--templates", "clip"],
            "cannot be combined",
        ),
        (["generate"], "nothing to paint"),
        (["generate", "a cat", "A  cat:-1"], "cancel each other"),
        (["generate", "fog:-1"], "only words for what the picture is not to show"),
        (["generate", "a cat", "--way", "sung"], "known are guided, written"),
        (["generate", "a cat", "--way", "written", "--start", "x.png"], "Take --way guided"),
        (["generate", "a cat", "--vqgan", "nowhere"], "There is no nowhere"),
        (["generate", "a cat", "--vqgan", "demo", "--width", "5000"], "from 32 to 1024 pixels"),
        (["generate", "a cat", "--way", "guided", "--steps", "0"], "from 1 to 10,000; got 0"),
        (["generate", "--picture", "nothing.png"], "nothing.png"),
        (["generate", "a cat", "--way", "written", "--steps", "9"], "Take --way guided"),
        (["generate", "a cat", "--steps", "9", "--candidates", "2"], "is for --way written"),
        (["generate", "a cat", "--out", "cat.jpg"], "ends in .png was wanted"),
        (["generate", "a cat", "--out", "no/cat.png"], "There is no folder no"),
        (["generate", "a cat", "--film", "cat.mp4"], "ends in .gif, .webp, .png was wanted"),
        (["generate", "a cat", "--out", "c.png", "--film", "c.png"], "picture and for the film"),
        (["generate", "a cat", "--seed", "99999999999999999999"], "The seed is 9999"),
        (["generate", "a cat", "--seed", "-1"], "The seed is -1"),
        (["generate", "a cat", "--candidates", "0"], "from 1 to 64; got 0"),
        (["classify", ".", "--labels", "a", "--link", "x", "--unsure", "2"], "from 0 to 1; got 2"),
        (["generate", "猫"], "knows no word of “猫”"),
        (["serve", "--index", "nowhere", "--port", "70000"], "--port"),
        (["serve", "--index", "nowhere", "--tunnel", "none"], "nowhere"),
    ],
)
def test_a_mistake_is_one_line(
    args: list[str], words: str, capsys: Printed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fails(capsys, *args, words=words)
    assert not list(tmp_path.iterdir()), "a mistake leaves nothing behind"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "Write a few words"),
        (["  "], "Write a few words"),
        (["dog", "--alpha", "2"], "alpha is 2.0"),
        (["dog", "-k", "0"], "k is 0"),
    ],
)
def test_a_query_that_makes_no_sense_needs_no_model(
    indexed_gallery: Path, args: list[str], words: str, capsys: Printed
) -> None:
    fails(capsys, "search", "--index", str(indexed_gallery / "out"), *args, words=words)


def test_a_cut_picture_and_a_text_file_are_reported(
    indexed_gallery: Path, tmp_path: Path, capsys: Printed
) -> None:
    whole = (indexed_gallery / "gallery" / "images" / "red_circle_0.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    for name in ("cut.jpg", "text.jpg"):
        picture = str(tmp_path / name)
        fails(
            capsys,
            "search",
            "--index",
            str(indexed_gallery / "out"),
            "--image",
            picture,
            words=name,
        )


def test_an_empty_folder_and_unknown_captions_are_reported(
    tmp_path: Path, tiny_clip_folder: Path, capsys: Printed
) -> None:
    (tmp_path / "gallery").mkdir()
    fails(capsys, *build_of(tmp_path, tiny_clip_folder), words="no picture")
    Image.new("RGB", (9, 9)).save(tmp_path / "gallery" / "a.png")
    (tmp_path / "odd.txt").write_text("once upon a time")
    captions = str(tmp_path / "odd.txt")
    fails(
        capsys, *build_of(tmp_path, tiny_clip_folder, "--captions", captions), words="no known form"
    )


def test_another_encoder_is_reported(
    indexed_gallery: Path, tiny_clip_folder: Path, tmp_path: Path, capsys: Printed
) -> None:
    import torch

    other = load_encoder(tiny_clip_folder, device="cpu")
    with torch.no_grad():
        other.logit_scale.add_(1)
    other.forget_fingerprint()
    other.save_pretrained(tmp_path / "other")
    args = [
        "search",
        "--index",
        str(indexed_gallery / "out"),
        "dog",
        "--model",
        str(tmp_path / "other"),
    ]
    fails(capsys, *args, words="was built with")


def test_what_nobody_expected_is_one_line_too(
    indexed_gallery: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh\nno")

    monkeypatch.setattr(VectorDictionary, "open", broken)
    assert run(["index", "info", "--index", str(indexed_gallery)]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "ZeroDivisionError: oh no" in err and "--debug" in err
    monkeypatch.setenv(program.DEBUG, "")
    assert run(["--debug", "index", "info", "--index", str(indexed_gallery)]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_message_of_several_lines_becomes_one(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    def damaged(*_: object) -> None:
        raise DictionaryDamagedError("first line\n  second line")

    monkeypatch.setattr(VectorDictionary, "open", damaged)
    fails(capsys, "index", "info", "--index", "x", words="first line second line")
