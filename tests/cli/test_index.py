"""`timanh index`: the life of a dictionary from the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from command_line import Printed, build_of, fails
from galleries import make_gallery
from PIL import Image

from timanh.cli import run
from timanh.vectors import VectorDictionary


def test_check_says_what_is_damaged_and_fails(
    tmp_path: Path, tiny_clip_folder: Path, capsys: Printed
) -> None:
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
    indexed_gallery: Path, tiny_clip_folder: Path, tmp_path: Path, capsys: Printed
) -> None:
    np.save(tmp_path / "x.npy", np.array({"a.jpg": tmp_path}, dtype=object), allow_pickle=True)
    args = [
        "index",
        "import",
        str(tmp_path / "x.npy"),
        "--gallery",
        str(indexed_gallery / "gallery"),
    ]
    args += ["--model", str(tiny_clip_folder), "--out", str(tmp_path / "out")]
    fails(capsys, *args, words="asks for pathlib")


def test_the_life_of_an_index(tmp_path: Path, tiny_clip_folder: Path, capsys: Printed) -> None:
    make_gallery(tmp_path / "gallery", repeats=1)
    index = ["--index", str(tmp_path / "out")]

    def document(*args: str) -> Any:
        capsys.readouterr()
        assert run([*args, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert document(*build_of(tmp_path, tiny_clip_folder))["added"] == 6
    assert document(*build_of(tmp_path, tiny_clip_folder))["kept"] == 6
    printed = document("index", "info", *index)
    assert (printed["pictures"], printed["dim"], printed["complete"]) == (6, 16, True)
    assert printed["source"] == str(tiny_clip_folder)
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


def test_square_padding_is_remembered(
    tmp_path: Path, tiny_clip_folder: Path, capsys: Printed
) -> None:
    make_gallery(tmp_path / "gallery", repeats=1)
    assert run(build_of(tmp_path, tiny_clip_folder, "--square-padding")) == 0
    picture = str(tmp_path / "gallery" / "images" / "red_circle_0.jpg")
    capsys.readouterr()
    args = ["search", "--index", str(tmp_path / "out"), "--image", picture, "-k", "1", "--json"]
    assert run(args) == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["score"] > 0.999
