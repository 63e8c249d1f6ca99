"""Damaged dictionaries: what is found, named and mended."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pixel_encoder import PixelEncoder
from small_dictionary import build, contents, flip_a_bit

from timanh.errors import (
    DictionaryDamagedError,
    DictionaryError,
)
from timanh.vectors import VectorDictionary, check_dictionary, compact_dictionary
from timanh.vectors.store import manifest, segments, writer


def states_of(out: Path) -> list[Path]:
    """The newest state: the highest number is the last."""
    return sorted((out / "manifests").iterdir())[-1:]


def file_of(out: Path, kind: str) -> Path:
    return next(out.glob(f"*.{kind}*"))


@pytest.mark.parametrize("kind", ["vectors", "items"])
def test_a_file_cut_short_is_named(dictionary_folder: Path, kind: str) -> None:
    file = file_of(dictionary_folder, kind)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DictionaryDamagedError, match=rf"{file.name} has \d+ bytes.*promises"):
        VectorDictionary.open(dictionary_folder)


@pytest.mark.parametrize("kind", ["vectors", "items"])
def test_a_missing_file_is_named(dictionary_folder: Path, kind: str) -> None:
    file_of(dictionary_folder, kind).unlink()
    with pytest.raises(DictionaryDamagedError, match=f"{kind}.* is missing"):
        VectorDictionary.open(dictionary_folder)


@pytest.mark.parametrize("kind", ["vectors", "items"])
def test_a_flipped_bit_is_found_by_check(dictionary_folder: Path, kind: str) -> None:
    file = file_of(dictionary_folder, kind)
    content = bytearray(file.read_bytes())
    content[-30] ^= 1
    file.write_bytes(content)
    report = check_dictionary(VectorDictionary.open(dictionary_folder))
    assert not report.ok
    assert any(file.name in problem and "checksum" in problem for problem in report.problems)


def test_an_array_of_another_shape_is_refused(dictionary_folder: Path) -> None:
    file = file_of(dictionary_folder, "vectors")
    array = np.load(file)
    np.save(file, array.reshape(24, 20))
    with pytest.raises(DictionaryDamagedError, match=r"\(24, 20\).*promises float32 \(20, 24\)"):
        VectorDictionary.open(dictionary_folder)


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        ("", DictionaryDamagedError, "cannot be read"),
        ('{"format": "timanh-vec', DictionaryDamagedError, "cannot be read"),
        ("[]", DictionaryDamagedError, "cannot be read"),
        ('{"format": "zip"}', DictionaryDamagedError, "not a vector dictionary"),
        ('{"format": "timanh-vectors", "version": 9}', DictionaryError, "format version 9"),
    ],
)
def test_a_manifest_that_cannot_be_read(
    dictionary_folder: Path, content: str, error: type[Exception], words: str
) -> None:
    for file in (dictionary_folder / "manifest.json", *states_of(dictionary_folder)):
        file.write_text(content)
    with pytest.raises(error, match=words):
        VectorDictionary.open(dictionary_folder)


@pytest.mark.parametrize("name", ["../../x.npy", "/etc/passwd", "a\\b.npy"])
def test_a_manifest_cannot_reach_out_of_its_folder(dictionary_folder: Path, name: str) -> None:
    stored = json.loads((dictionary_folder / "manifest.json").read_text())
    stored["segments"][0]["vectors"]["name"] = name
    for file in states_of(dictionary_folder):
        file.write_text(json.dumps(stored))
    with pytest.raises(DictionaryDamagedError, match="outside"):
        VectorDictionary.open(dictionary_folder)


def test_a_line_that_is_no_item_is_named(dictionary_folder: Path) -> None:
    file = file_of(dictionary_folder, "items")
    content = file.read_bytes()
    file.write_bytes(content.replace(b'"width":48', b'"width":""', 1))
    dictionary = VectorDictionary.open(dictionary_folder)
    with pytest.raises(DictionaryDamagedError, match="line 1 cannot be read"):
        dictionary.item(0)


# Mended


@pytest.mark.parametrize(("damaged", "rows"), [(0, 4), (1, 3)])
@pytest.mark.parametrize("kind", ["vectors", "items"])
def test_a_damaged_part_is_encoded_again_and_nothing_else(
    pictures: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damaged: int,
    rows: int,
    kind: str,
) -> None:
    monkeypatch.setattr(writer, "SMALL_ROWS", 0)
    monkeypatch.setattr(segments, "PART_ROWS", 4)
    out = tmp_path / "out"
    build(pictures, out)
    for number in range(3):
        Image.new("RGB", (30, 20), (number, 99, 0)).save(pictures / f"new{number}.png")
    build(pictures, out)
    whole = contents(out)
    stored = manifest.Manifest.load(out).segments
    assert [segment.count for segment in stored] == [10, 3]
    assert [part.rows for part in stored[0].parts] == [4, 4, 2]
    file = out / getattr(stored[damaged], kind).name
    flip_a_bit(file, 0.55 if damaged == 0 else 0.9)
    problems = check_dictionary(VectorDictionary.open(out)).problems
    assert file.name in problems[0] and "checksum" in problems[0]
    shutil.copytree(out, tmp_path / "apart")

    # Without pictures and encoder: the damaged part is left out, and all else is as it was.
    left = compact_dictionary(tmp_path / "apart")
    assert (left.damaged, left.count) == ({file.name: rows}, 13 - rows)
    assert set(contents(tmp_path / "apart")) < set(whole)
    assert check_dictionary(VectorDictionary.open(tmp_path / "apart"), PixelEncoder()).ok
    assert len(list((tmp_path / "apart").iterdir())) == 4

    encoder = PixelEncoder()
    report = build(pictures, out, encoder)
    assert (report.mended, report.added, encoder.encoded) == (rows, 0, rows)
    assert report.damaged == (file.name,)
    assert contents(out) == whole


def test_a_segment_cut_short_keeps_what_is_before_the_cut(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "PART_ROWS", 4)
    out = tmp_path / "out"
    build(pictures, out)
    (segment,) = manifest.Manifest.load(out).segments
    file = out / segment.vectors.name
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(DictionaryDamagedError, match="compact"):
        VectorDictionary.open(out)
    assert compact_dictionary(out).count == 8
    assert check_dictionary(VectorDictionary.open(out), PixelEncoder()).ok
