"""The command `timanh`: what it prints where, and how every mistake ends in one line."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pixel_encoder import PixelEncoder

from timanh.cli import program, run
from timanh.cli.output import bar, shortened, table, width
from timanh.errors import DictionaryDamagedError
from timanh.models import load_encoder
from timanh.vectors import VectorDictionary

Printed = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, tiny_clip_folder: Path) -> Path:
    """A gallery and its dictionary, built by the command; tests only read them."""
    from conftest import make_gallery

    folder = tmp_path_factory.mktemp("cli")
    make_gallery(folder / "gallery")
    assert run(build_of(folder, tiny_clip_folder)) == 0
    return folder


def build_of(folder: Path, model: Path, *more: str) -> list[str]:
    return [
        *("index", "build", str(folder / "gallery"), "--model", str(model)),
        *("--out", str(folder / "out"), "--device", "cpu", *more),
    ]


def timanh(*args: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "timanh.cli", *args]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **{**pipes, **options})


def fails(printed: Printed, *args: str, words: str = "") -> None:
    """The command ends with 2, one line on stderr, nothing on stdout."""
    printed.readouterr()
    assert run(args) == 2
    out, err = printed.readouterr()
    # transformers draws a bar on stderr while it loads weights.
    lines = [line for line in err.splitlines() if line and "it/s]" not in line]
    assert out == ""
    assert len(lines) == 1 and lines[0].startswith("timanh: "), err
    assert words in lines[0]


# Mistakes


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
    shared: Path, args: list[str], words: str, capsys: Printed
) -> None:
    fails(capsys, "search", "--index", str(shared / "out"), *args, words=words)


def test_a_cut_picture_and_a_text_file_are_told(
    shared: Path, tmp_path: Path, capsys: Printed
) -> None:
    whole = (shared / "gallery" / "images" / "red_circle_0.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    for name in ("cut.jpg", "text.jpg"):
        picture = str(tmp_path / name)
        fails(capsys, "search", "--index", str(shared / "out"), "--image", picture, words=name)


def test_an_empty_folder_and_unknown_captions_are_told(
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


def test_another_encoder_is_told(
    shared: Path, tiny_clip_folder: Path, tmp_path: Path, capsys: Printed
) -> None:
    import torch

    from timanh.models import load_encoder

    other = load_encoder(tiny_clip_folder, device="cpu")
    with torch.no_grad():
        other.logit_scale.add_(1)
    other.forget_fingerprint()
    other.save_pretrained(tmp_path / "other")
    args = ["search", "--index", str(shared / "out"), "dog", "--model", str(tmp_path / "other")]
    fails(capsys, *args, words="was built with")


def test_what_nobody_expected_is_one_line_too(
    shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh\nno")

    monkeypatch.setattr(VectorDictionary, "open", broken)
    assert run(["index", "info", "--index", str(shared)]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "ZeroDivisionError: oh no" in err and "--debug" in err
    monkeypatch.setenv(program.DEBUG, "")
    assert run(["--debug", "index", "info", "--index", str(shared)]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_message_of_several_lines_becomes_one(
    monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    def damaged(*_: object) -> None:
        raise DictionaryDamagedError("first line\n  second line")

    monkeypatch.setattr(VectorDictionary, "open", damaged)
    fails(capsys, "index", "info", "--index", "x", words="first line second line")


# Results


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    script = (
        "import sys, time; start = time.process_time()\n"
        "from timanh.cli import run\n"
        "code = run(['--help'])\n"
        "heavy = {'torch', 'numpy', 'transformers', 'PIL', 'matplotlib'} & set(sys.modules)\n"
        "print(code, sorted(heavy), time.process_time() - start, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    code, heavy, seconds = done.stderr.rsplit(maxsplit=2)[-3:]
    assert (code.splitlines()[-1], heavy) == ("0", "[]")
    assert float(seconds) < 0.5
    for name in ("demo", "search", "index", "train", "evaluate", "serve", "doctor"):
        assert f"  {name} " in done.stdout


def commands() -> list[list[str]]:
    index = ("build", "add", "remove", "compact", "info", "check", "import", "export")
    single = ("demo", "search", "train", "evaluate", "serve", "doctor", "index")
    return [[name] for name in single] + [["index", name] for name in index]


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_help_fits_and_explains_every_option(command: list[str], capsys: Printed) -> None:
    assert run([*command, "--help"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    options = out.partition("Options:")[2].partition("Example:")[0].splitlines()
    for line, following in zip(options, [*options[1:], ""], strict=True):
        if line.startswith("  -"):
            assert "  " in line.strip() or following.startswith(" " * 20), f"no help for {line}"


def test_version_and_no_arguments(capsys: Printed) -> None:
    from timanh import __version__

    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__
    assert run([]) == 0
    assert "Begin with: timanh demo" in capsys.readouterr().out


def test_search_for_people_and_for_programs(shared: Path, tmp_path: Path, capsys: Printed) -> None:
    picture = str(shared / "gallery" / "images" / "red_circle_0.jpg")
    args = ["search", "--index", str(shared / "out"), "--image", picture, "-k", "3"]
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
    assert list(document) == ["query", "results", "took_ms"]
    assert document["query"]["images"] == 1
    assert [hit["rank"] for hit in document["results"]] == [1, 2, 3]
    first = document["results"][0]
    assert first["path"] == "red_circle_0.jpg" and first["score"] >= 0.99
    assert first["id"] == VectorDictionary.open(shared / "out").item(8).id


def test_vietnamese_without_a_translator_is_searched_as_written(
    shared: Path, capsys: Printed
) -> None:
    capsys.readouterr()
    args = ["search", "--index", str(shared / "out"), "hình tròn màu đỏ", "--no-translate"]
    assert run([*args, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["query"]["language"] == "vi"
    assert json.loads(out)["query"]["text"] == "hình tròn màu đỏ"
    assert "as written" in err


def test_the_life_of_an_index(tmp_path: Path, tiny_clip_folder: Path, capsys: Printed) -> None:
    from conftest import make_gallery

    make_gallery(tmp_path / "gallery", repeats=1)
    index = ["--index", str(tmp_path / "out")]

    def document(*args: str) -> Any:
        capsys.readouterr()
        assert run([*args, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert document(*build_of(tmp_path, tiny_clip_folder))["added"] == 6
    assert document(*build_of(tmp_path, tiny_clip_folder))["kept"] == 6
    told = document("index", "info", *index)
    assert (told["pictures"], told["dim"], told["complete"]) == (6, 16, True)
    assert told["source"] == str(tiny_clip_folder)
    Image.new("RGB", (60, 60), "red").save(tmp_path / "red.png")
    assert document("index", "add", *index, str(tmp_path / "red.png"), "--copy")["added"] == 1
    assert document("index", "remove", *index, "red.png") == {"removed": ["red.png"]}
    compacted = document("index", "compact", *index)
    assert (compacted["count"], compacted["damaged"]) == (6, {})
    assert document("index", "check", *index)["ok"]
    npy = str(tmp_path / "image_vectors.npy")
    assert run(["index", "export", *index, "--out", npy]) == 0
    assert len(np.load(npy, allow_pickle=True).item()) == 6
    imported = document(
        *("index", "import", npy, "--gallery", str(tmp_path / "gallery")),
        *("--model", str(tiny_clip_folder), "--out", str(tmp_path / "two")),
    )
    assert (imported["count"], imported["unmatched"]) == (6, [])
    two = VectorDictionary.open(tmp_path / "two")
    one = VectorDictionary.open(tmp_path / "out")
    assert two.vectors.tobytes() == one.vectors.tobytes()


def test_int8_says_what_it_costs(tmp_path: Path, tiny_clip_folder: Path, capsys: Printed) -> None:
    pytest.importorskip("onnxruntime")
    from conftest import make_gallery

    make_gallery(tmp_path / "gallery")
    model = shutil.copytree(tiny_clip_folder, tmp_path / "model")
    assert run([*build_of(tmp_path, model), "--runtime", "int8"]) == 0
    told = capsys.readouterr().err
    assert "pictures/s with int8" in told
    assert "12 captions among 12 of your pictures" in told and "with float32 for" in told


def test_check_says_what_is_damaged_and_fails(
    tmp_path: Path, tiny_clip_folder: Path, capsys: Printed
) -> None:
    from conftest import make_gallery

    make_gallery(tmp_path / "gallery", repeats=1)
    assert run(build_of(tmp_path, tiny_clip_folder)) == 0
    file = next((tmp_path / "out").glob("*.vectors.npy"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    capsys.readouterr()
    assert run(["index", "check", "--index", str(tmp_path / "out"), "--no-encode"]) == 2
    assert file.name in capsys.readouterr().out


def test_an_unsafe_pickle_is_refused(
    shared: Path, tiny_clip_folder: Path, tmp_path: Path, capsys: Printed
) -> None:
    np.save(tmp_path / "x.npy", np.array({"a.jpg": tmp_path}, dtype=object), allow_pickle=True)
    args = ["index", "import", str(tmp_path / "x.npy"), "--gallery", str(shared / "gallery")]
    args += ["--model", str(tiny_clip_folder), "--out", str(tmp_path / "out")]
    fails(capsys, *args, words="asks for pathlib")


def test_square_padding_is_remembered(
    tmp_path: Path, tiny_clip_folder: Path, capsys: Printed
) -> None:
    from conftest import make_gallery

    make_gallery(tmp_path / "gallery", repeats=1)
    assert run(build_of(tmp_path, tiny_clip_folder, "--square-padding")) == 0
    picture = str(tmp_path / "gallery" / "images" / "red_circle_0.jpg")
    capsys.readouterr()
    args = ["search", "--index", str(tmp_path / "out"), "--image", picture, "-k", "1", "--json"]
    assert run(args) == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["score"] > 0.999


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


def test_evaluate(shared: Path, tiny_clip_folder: Path, tmp_path: Path, capsys: Printed) -> None:
    capsys.readouterr()
    args = ["evaluate", "--model", str(tiny_clip_folder), "--data", str(shared / "gallery")]
    assert run([*args, "--split", "all", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["gallery"], document["captions"]) == (12, 24)
    assert {"R@1", "R@5", "R@10", "median_rank", "MRR", "ci95"} <= set(document["t2i"])
    names = tmp_path / "few.txt"
    names.write_text("red_circle_0.jpg\nblue_circle_0.jpg\n")
    assert run([*args, "--split", str(names)]) == 0
    assert "2 pictures · 4 captions" in capsys.readouterr().out
    assert run([*args, "--split", "all", "--by-kind", "--similar"]) == 0
    told = capsys.readouterr().out
    assert "by kind of caption" in told and "picture → picture" in told
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
    shared: Path, tiny_clip_folder: Path, tmp_path: Path, capsys: Printed
) -> None:
    args = ["train", "--data", str(shared / "gallery"), "--out", str(tmp_path / "model")]
    args += ["--model", str(tiny_clip_folder), "--epochs", "2", "--batch-size", "4"]
    capsys.readouterr()
    assert run([*args, "--device", "cpu"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split()[:2] == ["epoch", "loss"]
    assert [row.split()[0] for row in out[1:3]] == ["1", "2"]
    assert "share   dev recall   probe" in out and any("← chosen" in line for line in out)
    assert load_encoder(str(tmp_path / "model" / "between"), device="cpu").dim == 16
    page = (tmp_path / "model" / "report.md").read_text(encoding="utf8")
    figures = re.findall(r"\]\((\w+\.png)\)", page)
    assert figures == ["recall.png", "training.png", "between.png", "best.png", "worst.png"]
    assert all((tmp_path / "model" / name).stat().st_size > 5000 for name in figures)
    assert "Split dev, a gallery of 1 pictures, 2 captions" in page and "- epochs: 2" in page
    assert run([*args, "--device", "cpu", "--no-between"]) == 0
    assert "Went on from step" in capsys.readouterr().err
    fails(capsys, *args[:5], words="What is to be trained?")
    fails(capsys, *args[:5], "--vision", "x", words="both --vision and --text")
    fails(capsys, *args, "--vision", "x", "--text", "y", words="not both")


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


# As a process


def test_a_mistake_in_a_process_of_its_own(tmp_path: Path) -> None:
    with timanh("search", "--index", str(tmp_path), "dog") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("timanh: ")


def test_ctrl_c_ends_quietly(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from timanh.cli import doctor, main\n"
        "import timanh.cli.machine as machine\n"
        "def slow(*_, **__):\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        "machine.examine = slow\n"
        "sys.argv = ['timanh', 'doctor']\n"
        "main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert process.stderr.read() == ""


def test_a_reader_that_leaves_is_no_traceback() -> None:
    read, write = os.pipe()
    os.close(read)
    with timanh("--help", stdout=write) as process:
        os.close(write)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")


# Tables


def test_tables_align_whatever_the_letters() -> None:
    decomposed = "ô tô"
    lines = table([("1", "a", "x"), ("10", decomposed, "y"), ("3", "犬", "z" * 300)], right=(0,))
    assert [line[0:2] for line in lines] == [" 1", "10", " 3"]
    assert (
        len({width(line[: line.rindex(last)]) for line, last in zip(lines, "xy", strict=False)})
        == 1
    )
    assert all(width(line) <= 160 for line in lines) and lines[2].endswith("…")


@pytest.mark.parametrize(
    ("share", "wanted"), [(0, ""), (-1, ""), (1, "████"), (9, "████"), (0.5, "██"), (0.03, "▏")]
)
def test_bars(share: float, wanted: str) -> None:
    assert bar(share, 4) == wanted.ljust(4)


def test_shortened_keeps_what_fits() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd", 3) == "ab…"
