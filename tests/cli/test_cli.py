"""The command `timanh`: what search, demo, evaluate, train and doctor do and print."""

import json
import re
from pathlib import Path

import pytest
from command_line import Printed, fails
from galleries import make_gallery
from PIL import Image
from pixel_encoder import PixelEncoder

from timanh.cli import run
from timanh.models import load_encoder
from timanh.vectors import VectorDictionary


def test_search_for_people_and_for_programs(
    indexed_gallery: Path, tmp_path: Path, capsys: Printed
) -> None:
    picture = str(indexed_gallery / "gallery" / "images" / "red_circle_0.jpg")
    args = ["search", "--index", str(indexed_gallery / "out"), "--image", picture, "-k", "3"]
    capsys.readouterr()
    assert run([*args, "--figure", str(tmp_path / "hits.png")]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert len(lines) == 3
    assert lines[0].split()[:2] == ["1", "1.000"]
    assert "red_circle_0.jpg" in lines[0] and "a red circle" in lines[0]
    assert "hits.png" in err and Image.open(tmp_path / "hits.png").width > 300
    assert run([*args, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["query", "considered", "results", "took_ms"]
    assert document["query"]["images"] == 1
    assert [hit["rank"] for hit in document["results"]] == [1, 2, 3]
    first = document["results"][0]
    assert first["path"] == "red_circle_0.jpg" and first["score"] >= 0.99
    assert first["id"] == VectorDictionary.open(indexed_gallery / "out").item(8).id


def test_vietnamese_without_a_translator_is_searched_as_written(
    indexed_gallery: Path, capsys: Printed
) -> None:
    capsys.readouterr()
    args = ["search", "--index", str(indexed_gallery / "out"), "hình tròn màu đỏ", "--no-translate"]
    assert run([*args, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["query"]["language"] == "vi"
    assert json.loads(out)["query"]["text"] == "hình tròn màu đỏ"
    assert "as written" in err


def test_what_was_excluded_is_said_and_can_be_kept(indexed_gallery: Path, capsys: Printed) -> None:
    capsys.readouterr()
    args = ["search", "--index", str(indexed_gallery / "out"), "a red circle without a blue square"]
    assert run(args) == 0
    assert "Without: blue square (--as-written takes the whole text)" in capsys.readouterr().err
    assert run([*args, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["query"]["excluded"] == ["blue square"]
    assert run([*args, "--json", "--as-written"]) == 0
    assert json.loads(capsys.readouterr().out)["query"]["excluded"] == []


def test_demo_draws_builds_and_says_what_to_type(
    tmp_path: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The drawing is real; the encoder is a quick one in place of the shipped checkpoint.
    monkeypatch.setattr("timanh.models.load_encoder", lambda name: PixelEncoder(), raising=False)
    capsys.readouterr()
    args = ["demo", "--workspace", str(tmp_path / "space"), "--count", "6", "--seed", "3"]
    assert run(args) == 0
    out = capsys.readouterr().out.splitlines()
    index = tmp_path / "space" / "vectors" / "demo"
    dictionary = VectorDictionary.open(index)
    assert len(dictionary) == 6 and dictionary.encoder_source == "demo"
    assert dictionary.gallery == tmp_path / "space" / "data" / "demo" / "images"
    captions = dictionary.item(0).captions
    assert len(captions) == 10, "five in English, five in Vietnamese"
    assert all(line.startswith("timanh ") and str(index) in line for line in out)
    # An update brought another checkpoint: the vectors of the one before are of no use.
    other = PixelEncoder(seed=1)
    monkeypatch.setattr("timanh.models.load_encoder", lambda name: other, raising=False)
    assert run(args) == 0
    assert "another one than before" in capsys.readouterr().err
    assert VectorDictionary.open(index, other).encoder_source == "demo"


def test_evaluate(
    indexed_gallery: Path, tiny_clip_folder: Path, tmp_path: Path, capsys: Printed
) -> None:
    capsys.readouterr()
    args = [
        "evaluate",
        "--model",
        str(tiny_clip_folder),
        "--data",
        str(indexed_gallery / "gallery"),
    ]
    assert run([*args, "--split", "all", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["gallery"], document["captions"]) == (12, 24)
    assert {"R@1", "R@5", "R@10", "median_rank", "MRR", "ci95"} <= set(document["t2i"])
    names = tmp_path / "few.txt"
    names.write_text("red_circle_0.jpg\nblue_circle_0.jpg\n")
    assert run([*args, "--split", str(names)]) == 0
    assert "2 pictures · 4 captions" in capsys.readouterr().out
    assert run([*args, "--split", "all", "--by-kind", "--similar"]) == 0
    printed = capsys.readouterr().out
    assert "by kind of caption" in printed and "picture → picture" in printed
    assert run([*args, "--split", "all", "--combined", "10"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert "10 cases in a gallery of 20" in table[-13] and table[-1].startswith("    1.0")
    both = [*args, "--model", str(tiny_clip_folder), "--split", "all"]
    assert run(both) == 0
    assert capsys.readouterr().out.count("noise") == 6
    assert run([*both, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["models"]) == 2 and document["differences"][0]["t2i"]["R@1"]["noise"]


def test_train_then_evaluate_what_it_wrote(
    tiny_clip_folder: Path, tmp_path: Path, capsys: Printed
) -> None:
    gallery = make_gallery(tmp_path / "gallery")
    with (gallery / "captions.txt").open("a", encoding="utf8") as table:
        table.write("".join(f"red_circle_0.jpg;row {number}\n" for number in range(20)))
        table.write("".join(f"gone_{number}.jpg,a dog\n" for number in range(40)))
    (gallery / "Flickr_8k.testImages.txt").write_text("red_circle_0.jpg\n")
    args = ["train", "--data", str(gallery), "--out", str(tmp_path / "model")]
    args += ["--model", str(tiny_clip_folder), "--epochs", "2", "--batch-size", "4"]
    capsys.readouterr()
    assert run([*args, "--device", "cpu"]) == 0
    printed = capsys.readouterr()
    out = printed.out.splitlines()
    assert out[0].split()[:2] == ["epoch", "loss"]
    assert [row.split()[0] for row in out[1:3]] == ["1", "2"]
    assert "share   dev recall   probe" in out and any("← chosen" in line for line in out)
    assert load_encoder(str(tmp_path / "model" / "between"), device="cpu").dim == 16
    page = (tmp_path / "model" / "report.md").read_text(encoding="utf8")
    figures = re.findall(r"\]\((\w+\.png)\)", page)
    assert figures == ["recall.png", "training.png", "between.png", "best.png", "worst.png"]
    assert all((tmp_path / "model" / name).stat().st_size > 5000 for name in figures)
    assert "Split test, a gallery of 1 pictures, 2 captions" in page and "- epochs: 2" in page
    assert "chosen on 1 pictures of split dev, of which none is in this gallery" in page
    assert "| | before | after | between |" in page and "split test" in "\n".join(out)
    for note in (
        "12 of 12 pictures have captions, 24 in all (captions.txt)",
        "20 rows could not be read and were left out; the first: captions.txt, line 26: "
        "red_circle_0.jpg;row 0",
        "40 captions name no picture that is there; the first: gone_0.jpg",
    ):
        assert note in printed.err.splitlines() and f"- {note}\n" in page
    (splits,) = [line for line in printed.err.splitlines() if line.startswith("Splits: ")]
    assert f"test, 1 pictures (of {gallery / 'Flickr_8k.testImages.txt'})" in splits
    assert "dev, 1 pictures (drawn at random from the pictures that no list names)" in splits
    assert f"- {splits}\n" in page
    assert run([*args, "--device", "cpu", "--no-between"]) == 0
    assert "is finished; --fresh replaces it" in capsys.readouterr().err
    fails(capsys, *args[:5], words="No model to train was given")
    fails(capsys, *args[:5], "--vision", "x", words="both --vision and --text")
    fails(capsys, *args, "--vision", "x", "--text", "y", words="Give either --model, or --vision")


def test_doctor(capsys: Printed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["doctor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    findings = {finding["name"]: finding for finding in document["findings"]}
    assert document["ok"] and findings["Python"]["ok"] and findings["torch"]["found"]
    assert not any(name.startswith("Hub") for name in findings), "the network is left alone"
    monkeypatch.setattr("timanh.cli.machine.NEEDED", ("numpy", "no-such-package"))
    assert run(["doctor"]) == 2
    out = capsys.readouterr().out
    assert "✓ numpy" in out and "✗ no-such-package" in out and "pip install no-such-package" in out
    assert not list(tmp_path.iterdir()), "looking makes nothing"
